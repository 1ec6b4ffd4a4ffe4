//! Values that a replay can hand out again: results of transactions and system calls.

use zerocopy::{FromZeros, IntoBytes};

use crate::{Class, Error, Nvm, Offset, Persist, RawOffset};

/// A value that can be recorded when a transaction commits and handed out again when, after a power
/// loss, the transaction is bypassed: plain values and handles, no borrows.
///
/// Implemented for the integers, floats, `bool`, `char`, `()`, [`Offset`], arrays of plain data, tuples,
/// [`Option`] and [`Result`] of such, and for every struct defined with [`persist!`](crate::persist!). A record takes
/// just the bytes that its value needs: `()` takes none, `None` one.
///
/// An implementation must decode what it encoded, read just as many bytes as it wrote, and write at
/// most [`MAX_BYTES`](Record::MAX_BYTES).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be recorded, so it cannot be the result of a transaction or a sample",
    label = "its result is a `{Self}`",
    note = "results are plain values and handles: no reference, and no transaction, survives a power loss"
)]
pub trait Record: Sized {
    /// The most bytes that a value takes in a replay table.
    const MAX_BYTES: RawOffset;

    /// Appends the value to the record.
    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), Error>;

    /// Takes the value from the record; `None` where the bytes are no value of the type.
    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, Error>;
}

/// Appends bytes to a record in NVM (class [`Class::Replay`]).
pub struct RecordWriter<'a, N> {
    nvm: &'a N,
    at: RawOffset,
    /// Never before `at`.
    end: RawOffset,
}

impl<'a, N: Nvm> RecordWriter<'a, N> {
    /// A writer of the bytes from `at` up to `end`. For replay tables.
    #[doc(hidden)]
    #[inline]
    pub fn new(nvm: &'a N, at: RawOffset, end: RawOffset) -> Self {
        Self {
            nvm,
            at,
            end: end.max(at),
        }
    }

    /// Appends `bytes`.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let len = bytes.len() as RawOffset;
        if self.end - self.at < len {
            return Err(Error::OutOfRange { offset: self.at });
        }
        match bytes {
            [byte] => self.nvm.write_u8(Class::Replay, self.at, *byte)?,
            _ => self.nvm.write(Class::Replay, self.at, bytes)?,
        }
        self.at += len;
        Ok(())
    }

    /// Appends a value's bytes.
    #[doc(hidden)]
    #[inline]
    pub fn put_value<T: Persist>(&mut self, value: &T) -> Result<(), Error> {
        let len = size_of::<T>() as RawOffset;
        if self.end - self.at < len {
            return self.put(value.as_bytes());
        }
        self.nvm.store(Class::Replay, Offset::new(self.at), value)?;
        self.at += len;
        Ok(())
    }

    /// Where the next byte goes.
    #[doc(hidden)]
    #[inline]
    pub fn position(&self) -> RawOffset {
        self.at
    }
}

/// Takes bytes from a record in NVM.
pub struct RecordReader<'a, N> {
    nvm: &'a N,
    at: RawOffset,
    /// Never before `at`.
    end: RawOffset,
}

impl<'a, N: Nvm> RecordReader<'a, N> {
    /// A reader of the bytes from `at` up to `end`. For replay tables: only they may make a second
    /// handle from a record, since the first one went with the power.
    #[doc(hidden)]
    #[inline]
    pub fn new(nvm: &'a N, at: RawOffset, end: RawOffset) -> Self {
        Self {
            nvm,
            at,
            end: end.max(at),
        }
    }

    /// Fills `bytes` with the next bytes.
    #[inline]
    pub fn take(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        let len = bytes.len() as RawOffset;
        if self.end - self.at < len {
            return Err(Error::OutOfRange { offset: self.at });
        }
        self.nvm.read(self.at, bytes)?;
        self.at += len;
        Ok(())
    }

    /// Takes one byte.
    #[doc(hidden)]
    #[inline]
    pub fn take_value<T: Persist>(&mut self) -> Result<T, Error> {
        let len = size_of::<T>() as RawOffset;
        if self.end - self.at < len {
            let mut value = T::new_zeroed();
            self.take(value.as_mut_bytes())?;
            return Ok(value);
        }
        let value = self.nvm.load(Offset::new(self.at))?;
        self.at += len;
        Ok(value)
    }

    /// Takes a byte.
    #[inline]
    pub fn take_u8(&mut self) -> Result<u8, Error> {
        self.take_value()
    }

    /// Where the next byte comes from.
    #[doc(hidden)]
    #[inline]
    pub fn position(&self) -> RawOffset {
        self.at
    }
}

/// Implements [`Record`] for types that are [`Persist`](crate::Persist): the record is the value's bytes.
#[macro_export]
macro_rules! record_as_bytes {
    ($($ty:ty),+ $(,)?) => {$(
        impl $crate::Record for $ty {
            const MAX_BYTES: $crate::RawOffset = ::core::mem::size_of::<$ty>() as $crate::RawOffset;

            #[inline]
            fn encode<N: $crate::Nvm>(
                &self,
                to: &mut $crate::RecordWriter<'_, N>,
            ) -> ::core::result::Result<(), $crate::Error> {
                to.put_value(self)
            }

            #[inline]
            fn decode<N: $crate::Nvm>(
                from: &mut $crate::RecordReader<'_, N>,
            ) -> ::core::result::Result<::core::option::Option<Self>, $crate::Error> {
                from.take_value().map(::core::option::Option::Some)
            }
        }
    )+};
}

record_as_bytes!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128, f32, f64);

impl<T: 'static> Record for Offset<T> {
    const MAX_BYTES: RawOffset = 4;

    #[inline]
    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), Error> {
        self.stored().encode(to)
    }

    #[inline]
    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, Error> {
        Ok(u32::decode(from)?.map(Offset::from_stored))
    }
}

impl Record for bool {
    const MAX_BYTES: RawOffset = 1;

    #[inline]
    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), Error> {
        to.put(&[u8::from(*self)])
    }

    #[inline]
    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, Error> {
        Ok(match from.take_u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        })
    }
}

impl Record for char {
    const MAX_BYTES: RawOffset = 4;

    #[inline]
    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), Error> {
        u32::from(*self).encode(to)
    }

    #[inline]
    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, Error> {
        Ok(u32::decode(from)?.and_then(char::from_u32))
    }
}

impl<T: Record> Record for Option<T> {
    const MAX_BYTES: RawOffset = 1 + T::MAX_BYTES;

    #[inline]
    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), Error> {
        match self {
            None => to.put(&[0]),
            Some(value) => {
                to.put(&[1])?;
                value.encode(to)
            }
        }
    }

    #[inline]
    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, Error> {
        Ok(match from.take_u8()? {
            0 => Some(None),
            1 => T::decode(from)?.map(Some),
            _ => None,
        })
    }
}

impl<T: Record, E: Record> Record for Result<T, E> {
    const MAX_BYTES: RawOffset = 1 + if T::MAX_BYTES > E::MAX_BYTES {
        T::MAX_BYTES
    } else {
        E::MAX_BYTES
    };

    #[inline]
    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), Error> {
        match self {
            Ok(value) => {
                to.put(&[0])?;
                value.encode(to)
            }
            Err(error) => {
                to.put(&[1])?;
                error.encode(to)
            }
        }
    }

    #[inline]
    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, Error> {
        Ok(match from.take_u8()? {
            0 => T::decode(from)?.map(Ok),
            1 => E::decode(from)?.map(Err),
            _ => None,
        })
    }
}

impl<T: Persist, const LEN: usize> Record for [T; LEN] {
    const MAX_BYTES: RawOffset = size_of::<[T; LEN]>() as RawOffset;

    #[inline]
    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), Error> {
        to.put(self.as_bytes())
    }

    #[inline]
    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, Error> {
        let mut values = <[T; LEN]>::new_zeroed();
        from.take(values.as_mut_bytes())?;
        Ok(Some(values))
    }
}

macro_rules! record_tuple {
    ($($name:ident $value:ident),*) => {
        impl<$($name: Record),*> Record for ($($name,)*) {
            const MAX_BYTES: RawOffset = 0 $(+ $name::MAX_BYTES)*;

            #[inline]
            fn encode<W: Nvm>(&self, to: &mut RecordWriter<'_, W>) -> Result<(), Error> {
                let ($($value,)*) = self;
                $($value.encode(to)?;)*
                let _ = to;
                Ok(())
            }

            #[inline]
            fn decode<W: Nvm>(from: &mut RecordReader<'_, W>) -> Result<Option<Self>, Error> {
                let _ = &from;
                $(let Some($value) = $name::decode(from)? else { return Ok(None) };)*
                Ok(Some(($($value,)*)))
            }
        }
    };
}

record_tuple!();
record_tuple!(A a);
record_tuple!(A a, B b);
record_tuple!(A a, B b, C c);
record_tuple!(A a, B b, C c, D d);
record_tuple!(A a, B b, C c, D d, E e);
record_tuple!(A a, B b, C c, D d, E e, F f);
