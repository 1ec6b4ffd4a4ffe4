//! Typed offset pointers: where an object lies in its region.

use core::fmt;
use core::marker::PhantomData;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::{Nvm, Persist};

/// An offset or a length within a region, as a program holds it in *volatile* memory: 16 bits where a `usize` has 16,
/// so that it takes one register, else 32. A region has at most [`MAX_REGION_BYTES`].
///
/// What NVM holds is the same everywhere: an [`Offset`] is 4 bytes of it.
#[cfg(not(target_pointer_width = "16"))]
pub type RawOffset = u32;
/// An offset or a length within a region, as a program holds it in *volatile* memory: 16 bits where a `usize` has 16,
/// so that it takes one register, else 32. A region has at most [`MAX_REGION_BYTES`].
///
/// What NVM holds is the same everywhere: an [`Offset`] is 4 bytes of it.
#[cfg(target_pointer_width = "16")]
pub type RawOffset = u16;

/// The largest region: all that 32 bits can count, or 65,280 bytes where a `usize` has 16.
///
/// A stored offset that 16 bits do not hold is taken for this one, at which no region has a byte. Some remain above it, so
/// that what lies a few bytes behind does not come round to the region's beginning.
#[cfg(not(target_pointer_width = "16"))]
pub const MAX_REGION_BYTES: RawOffset = RawOffset::MAX;
/// The largest region: all that 32 bits can count, or 65,280 bytes where a `usize` has 16.
///
/// A stored offset that 16 bits do not hold is taken for this one, at which no region has a byte. Some remain above it, so
/// that what lies a few bytes behind does not come round to the region's beginning.
#[cfg(target_pointer_width = "16")]
pub const MAX_REGION_BYTES: RawOffset = 0xFF00;

/// An offset or a length in the 32 bits in which it is stored.
#[doc(hidden)]
#[inline]
#[must_use]
#[allow(clippy::unnecessary_cast)] // where it has 16 bits it is necessary
pub const fn widened(raw: RawOffset) -> u32 {
    raw as u32
}

/// An offset or a length of 32 bits, which was stored, say. Nothing is cut off: one that has more bits than a [`RawOffset`]
/// becomes [`MAX_REGION_BYTES`], which lies outside of every region as well.
#[doc(hidden)]
#[inline]
#[must_use]
#[allow(clippy::unnecessary_cast)] // where it has 16 bits it is necessary
pub const fn narrowed(wide: u32) -> RawOffset {
    if wide > RawOffset::MAX as u32 {
        MAX_REGION_BYTES
    } else {
        wide as RawOffset
    }
}

/// An offset that is stored in units of 4 bytes: as [`narrowed`].
#[doc(hidden)]
#[inline]
#[must_use]
pub const fn of_words(words: u16) -> RawOffset {
    const LARGEST: RawOffset = MAX_REGION_BYTES / 4;
    let words = words as RawOffset;
    if words > LARGEST {
        MAX_REGION_BYTES
    } else {
        words * 4
    }
}

/// The same where it is used at once to access an NVM: one that [takes offsets modulo its size](Nvm::WRAPS) does it itself.
#[doc(hidden)]
#[inline]
#[must_use]
pub const fn of_words_in<N: Nvm>(words: u16) -> RawOffset {
    if N::WRAPS {
        (words as RawOffset).wrapping_mul(4)
    } else {
        of_words(words)
    }
}

// Only a processor with 16 bits has anything to narrow: looked at when the crate is built for one.
#[cfg(target_pointer_width = "16")]
const _: () = assert!(
    narrowed(0xFFFF) == 0xFFFF
        && narrowed(0x0001_0020) == MAX_REGION_BYTES
        && narrowed(u32::MAX) == MAX_REGION_BYTES
        && of_words(0x3FBF) == 0xFEFC
        && of_words(0x4008) == MAX_REGION_BYTES
        && of_words(u16::MAX) == MAX_REGION_BYTES
);

/// The stored offset so many bytes behind one.
#[inline]
const fn behind(raw: u32, bytes: usize) -> u32 {
    // Of 32 bits where a `usize` has 16, too: it is less code than to find out whether one of 16 would come round.
    raw.wrapping_add(bytes as u32)
}

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
    /// 32 bits wherever it is: what is stored is an `Offset`.
    raw: u32,
    /// What a load gives: `Send`, `Sync` and covariant, as a number without a `T` may be.
    object: PhantomData<fn() -> T>,
}

impl<T> Offset<T> {
    /// The object at `raw` bytes from the start of the region.
    #[inline]
    pub const fn new(raw: RawOffset) -> Self {
        Self::from_stored(widened(raw))
    }

    /// Bytes from the start of the region; of an offset that has more bits than a [`RawOffset`], [`MAX_REGION_BYTES`].
    #[inline]
    pub const fn get(self) -> RawOffset {
        narrowed(self.raw)
    }

    /// The same place where that is a multiple of 4, as it is for an object with a list head in it; else one before it. An
    /// access need not find that out then.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub const fn at_word(self) -> Self {
        Self::from_stored(self.raw & !3)
    }

    /// The offset whose bytes in NVM are these.
    #[inline]
    pub(crate) const fn from_stored(raw: u32) -> Self {
        Self {
            raw,
            object: PhantomData,
        }
    }

    /// Its bytes in NVM.
    #[inline]
    pub(crate) const fn stored(self) -> u32 {
        self.raw
    }

    /// The same place, as an object of another type.
    #[inline]
    pub const fn cast<U>(self) -> Offset<U> {
        Offset::from_stored(self.raw)
    }

    /// What [`field!`](crate::field!) expands to: `bytes` from the start, typed by `which`.
    #[doc(hidden)]
    #[inline]
    pub fn project<F>(self, bytes: usize, _which: impl Fn(&T) -> &F) -> Offset<F> {
        Offset::from_stored(behind(self.raw, bytes))
    }
}

impl<T: Persist, const LEN: usize> Offset<[T; LEN]> {
    /// The element at `index`, or nothing where the array has none.
    #[inline]
    pub const fn element(self, index: usize) -> Option<Offset<T>> {
        if index < LEN {
            Some(Offset::from_stored(behind(
                self.raw,
                index * size_of::<T>(),
            )))
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
        (0..LEN).map(move |index| Offset::from_stored(behind(first.raw, index * size_of::<T>())))
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
