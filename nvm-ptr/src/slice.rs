//! Arrays whose length is known at run time.

use core::fmt;
use core::marker::PhantomData;

use nvm_alloc::Heap;
use nvm_core::{
    Class, Error as NvmError, Layout, Nvm, Offset, Persist, RawOffset, Record, RecordReader,
    RecordWriter, narrowed, widened,
};
use nvm_tx::{Fault, Tx};

use crate::error::Error;

/// The handle of an array whose length is chosen at run time and then stays: placed by the [`Layout`] or
/// allocated in a [`Heap`]. NVM holds the elements alone; the length is part of the handle.
///
/// It is unique like [`Root`](crate::Root), and can be opened by a transaction that writes elements first
/// ([`Elements`](crate::Elements)). **Dropping it frees nothing**: see [`PBox`](crate::PBox).
///
/// For a length that the program knows there is [`PArray`](crate::PArray), or `PBox<[T; N]>`.
#[must_use = "dropping the handle does not free the elements, it loses the way to them"]
pub struct PSlice<T> {
    offset: RawOffset,
    count: RawOffset,
    elements: PhantomData<fn() -> T>,
}

impl<T: Persist> PSlice<T> {
    /// Places `len` elements; they have no values before [`format`](PSlice::format).
    pub fn place(layout: &mut Layout, name: &str, len: RawOffset) -> Self {
        let area = layout.area(name, bytes_of::<T>(len).unwrap_or(RawOffset::MAX));
        Self::at(area.offset(), len)
    }

    /// Stores the elements' first values, without a transaction: part of the region's first boot.
    pub fn format<N: Nvm>(&self, nvm: &N, mut value: impl FnMut(usize) -> T) -> Result<(), Error> {
        for index in 0..self.count {
            nvm.store(Class::Data, self.element(index), &value(index as usize))
                .map_err(Fault::from)?;
        }
        Ok(())
    }

    /// Allocates `len` elements with the values that `value` gives for their indices. Where the
    /// transaction does not commit, they are free again. Costs their bytes, unlogged, and the allocation (7
    /// or 14 bytes).
    pub fn allocate<N: Nvm>(
        tx: &mut Tx<'_, N>,
        heap: Heap,
        len: usize,
        mut value: impl FnMut(usize) -> T,
    ) -> Result<Self, Error> {
        let count = RawOffset::try_from(len).map_err(|_| Error::TooLong { len })?;
        let bytes = bytes_of::<T>(count).ok_or(Error::TooLong { len })?;
        let slice = Self::at(heap.allocate(tx, bytes)?, count);
        for index in 0..count {
            tx.write_fresh(slice.element(index).get(), value(index as usize).as_bytes())?;
        }
        Ok(slice)
    }

    /// Frees the elements when the transaction commits. Costs 7 or 14 bytes, and 2 more for all frees of a
    /// transaction together.
    ///
    /// # Errors
    ///
    /// [`Foreign`](nvm_alloc::AllocError::Foreign) for elements that the layout placed.
    pub fn free<N: Nvm>(self, tx: &mut Tx<'_, N>, heap: Heap) -> Result<(), Error> {
        Ok(heap.free(tx, self.offset)?)
    }

    /// Elements.
    pub const fn len(&self) -> usize {
        self.count as usize
    }

    /// There are no elements.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Reads one element.
    #[inline]
    pub fn get<N: Nvm>(&self, tx: &Tx<'_, N>, index: usize) -> Result<T, Error> {
        Ok(tx.get(self.checked(index)?)?)
    }

    /// Writes one element. Costs its bytes, and where it has not been logged in this transaction 4 bytes
    /// and its old bytes.
    #[inline]
    pub fn set<N: Nvm>(&self, tx: &mut Tx<'_, N>, index: usize, value: T) -> Result<(), Error> {
        Ok(tx.set(self.checked(index)?, value)?)
    }

    /// Writes what `change` makes of one element.
    pub fn update<N: Nvm>(
        &self,
        tx: &mut Tx<'_, N>,
        index: usize,
        change: impl FnOnce(T) -> T,
    ) -> Result<(), Error> {
        Ok(tx.update(self.checked(index)?, change)?)
    }

    /// The elements by value, as this transaction sees them.
    pub fn iter<'a, N: Nvm>(
        &'a self,
        tx: &'a Tx<'_, N>,
    ) -> impl ExactSizeIterator<Item = Result<T, Fault>> + DoubleEndedIterator + 'a {
        (0..self.count as usize).map(move |index| tx.get(self.element(index as RawOffset)))
    }

    fn checked(&self, index: usize) -> Result<Offset<T>, Error> {
        RawOffset::try_from(index)
            .ok()
            .filter(|index| *index < self.count)
            .map(|index| self.element(index))
            .ok_or(Error::OutOfBounds {
                index,
                len: self.len(),
            })
    }
}

impl<T> PSlice<T> {
    const fn at(offset: RawOffset, count: RawOffset) -> Self {
        Self {
            offset,
            count,
            elements: PhantomData,
        }
    }

    #[inline]
    pub(crate) const fn offset(&self) -> RawOffset {
        self.offset
    }

    #[inline]
    pub(crate) const fn count(&self) -> RawOffset {
        self.count
    }

    const fn element(&self, index: RawOffset) -> Offset<T> {
        Offset::new(
            self.offset
                .wrapping_add(index.wrapping_mul(size_of::<T>() as RawOffset)),
        )
    }
}

const fn bytes_of<T>(len: RawOffset) -> Option<RawOffset> {
    // Nor more elements than an index of this processor's counts.
    if size_of::<T>() > RawOffset::MAX as usize || len as usize > usize::MAX / 2 {
        return None;
    }
    len.checked_mul(size_of::<T>() as RawOffset)
}

/// 8 bytes: offset and length. Decoding is for replay tables only.
impl<T: Persist> Record for PSlice<T> {
    const MAX_BYTES: RawOffset = 8;

    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), NvmError> {
        (widened(self.offset), widened(self.count)).encode(to)
    }

    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, NvmError> {
        Ok(<(u32, u32)>::decode(from)?.and_then(|(offset, count)| {
            let (offset, count) = (narrowed(offset), narrowed(count));
            // Elements that no offset could reach are not those of a slice.
            let end = offset.checked_add(bytes_of::<T>(count)?)?;
            let _ = end;
            Some(Self::at(offset, count))
        }))
    }
}

impl<T> fmt::Debug for PSlice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PSlice({:#x}, {})", self.offset, self.count)
    }
}
