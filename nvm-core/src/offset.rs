//! Typed offset pointers: where an object lies in its region.

use core::fmt;
use core::marker::PhantomData;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::Persist;

/// The place of a `T` in its region, as a byte offset: 4 bytes of NVM where it is stored.
///
/// An offset means the same on the host and on the device and wherever the region is mapped. It is
/// plain data: it may be stored, copied and corrupted, and using a wrong one gives a wrong value or
/// [`Error::OutOfRange`](crate::Error::OutOfRange), never undefined behaviour. It owns no `T` and borrows none, so it is
/// `Send` and `Sync` whatever `T` is.
///
/// ```
/// use nvm_core::{field, persist, Offset};
/// persist! {
///     struct Day { minimum: i16, maximum: i16 }
/// }
/// let day: Offset<Day> = Offset::new(64);
/// assert_eq!(field!(day, Day.maximum).get(), 66); // an Offset<i16>
/// let days: Offset<[Day; 7]> = Offset::new(64);
/// assert_eq!(days.element(2).unwrap().get(), 72); // an Offset<Day>
/// ```
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Offset<T: ?Sized> {
    raw: u32,
    /// What a load gives: `Send`, `Sync` and covariant, as a number without a `T` may be.
    object: PhantomData<fn() -> T>,
}

impl<T> Offset<T> {
    /// The object at `raw` bytes from the start of the region.
    #[inline]
    pub const fn new(raw: u32) -> Self {
        Self {
            raw,
            object: PhantomData,
        }
    }

    /// Bytes from the start of the region.
    #[inline]
    pub const fn get(self) -> u32 {
        self.raw
    }

    /// The same place, as an object of another type.
    #[inline]
    pub const fn cast<U>(self) -> Offset<U> {
        Offset::new(self.raw)
    }

    /// What [`field!`](crate::field!) expands to: `bytes` from the start, typed by `which`.
    #[doc(hidden)]
    #[inline]
    pub fn project<F>(self, bytes: usize, _which: impl Fn(&T) -> &F) -> Offset<F> {
        Offset::new(self.raw.wrapping_add(bytes as u32))
    }
}

impl<T: Persist, const LEN: usize> Offset<[T; LEN]> {
    /// The element at `index`, or nothing where the array has none.
    #[inline]
    pub const fn element(self, index: usize) -> Option<Offset<T>> {
        if index < LEN {
            Some(Offset::new(
                self.raw.wrapping_add((index * size_of::<T>()) as u32),
            ))
        } else {
            None
        }
    }

    /// All elements, in order: to load one after the other, without an array in volatile memory.
    ///
    /// ```
    /// # use nvm_core::Offset;
    /// let days: Offset<[u16; 3]> = Offset::new(64);
    /// assert_eq!(days.elements().map(Offset::get).collect::<Vec<_>>(), [64, 66, 68]);
    /// ```
    #[inline]
    pub fn elements(
        self,
    ) -> impl ExactSizeIterator<Item = Offset<T>> + DoubleEndedIterator + Clone + use<T, LEN> {
        let first = self.cast::<T>();
        (0..LEN)
            .map(move |index| Offset::new(first.raw.wrapping_add((index * size_of::<T>()) as u32)))
    }
}

/// The [`Offset`] of one field of an object, so that the field alone is read, logged and written.
///
/// `field!(day, Day.maximum)`, or `field!(log, Log.head.position)` for a field of a field. A field
/// that the type does not have is a compile error.
#[macro_export]
macro_rules! field {
    ($object:expr, $ty:ty as $field:ident) => {
        $object.project(::core::mem::offset_of!($ty, $field), |object: &$ty| &object.$field)
    };
    ($object:expr, $ty:ident . $($field:ident).+) => {
        $object.project(::core::mem::offset_of!($ty, $($field).+), |object: &$ty| &object.$($field).+)
    };
}

impl<T: ?Sized> Clone for Offset<T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Offset<T> {}

impl<T: ?Sized> PartialEq for Offset<T> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl<T: ?Sized> Eq for Offset<T> {}

impl<T: ?Sized> fmt::Debug for Offset<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Offset({:#x})", self.raw)
    }
}
