//! The persistent vector.

use core::fmt;
use core::marker::PhantomData;

use nvm_alloc::Heap;
use nvm_core::zerocopy::IntoBytes;
use nvm_core::{
    Class, Error as NvmError, Layout, Nvm, Offset, Persist, RawOffset, Record, RecordReader,
    RecordWriter, narrowed,
};
use nvm_tx::{Fault, Tx};

use crate::error::Error;
use crate::vector_header::Header;

/// The handle of a vector: elements in a block of a [`Heap`], and a header of 8 bytes that the
/// [`Layout`] placed or that is allocated too.
///
/// All changes are part of the caller's transaction, and undone with it. They take a shared borrow, as all
/// logged access does. The handle is unique and **dropping it frees nothing**: see
/// [`PBox`](crate::PBox).
///
/// # What is logged
///
/// * The length, once in a transaction: 6 bytes.
/// * An element that existed before the transaction, when it is overwritten; also when it was popped in
///   this transaction, and a push reuses its slot.
/// * Not: an element that is pushed into a slot behind those that existed before the transaction; and
///   nothing of what growth copies into a new block.
///
/// # Costs
///
/// NVM bytes for elements of 4 bytes, with the commit of a transaction of its own (4 bytes);
/// `cargo test -p nvm-ptr costs -- --nocapture` measures them.
///
/// | operation | bytes |
/// | --- | --- |
/// | [`push`](PVec::push) into a slot that is there | 16 |
/// | each further push in the same transaction | 6 |
/// | [`pop`](PVec::pop), [`truncate`](PVec::truncate), [`clear`](PVec::clear) | 12 |
/// | [`set`](PVec::set) | 16 |
/// | a push that grows | 24 and 4 for each element; allocator: 7 or 14 for each block, and 2 |
///
/// ```
/// use nvm_alloc::Heap;
/// use nvm_core::{sim::SimNvm, Layout};
/// use nvm_ptr::{Error, PVec};
/// use nvm_tx::UndoLog;
///
/// let mut layout = Layout::new("logger", 1);
/// let log_area = layout.area("undo log", UndoLog::<&SimNvm<4>>::area_bytes(128));
/// let heap_area = layout.area("heap", Heap::area_bytes(256));
/// let readings = PVec::<u32>::place(&mut layout, "readings");
///
/// let nvm = SimNvm::<4>::new(layout.size());
/// UndoLog::format(&nvm, log_area)?; // on the first boot
/// Heap::format(&nvm, heap_area)?;
/// readings.format(&nvm)?;
///
/// let mut log = UndoLog::open(&nvm, log_area)?;
/// let heap = Heap::open(&nvm, heap_area)?;
/// log.transaction(|tx| {
///     readings.extend_from_slice(tx, heap, &[3, 5, 8])?;
///     readings.pop(tx)?;
///     readings.push(tx, heap, 13)
/// })?;
/// let all = log.transaction(|tx| {
///     readings.iter(tx)?.collect::<Result<Vec<u32>, _>>().map_err(Error::from)
/// })?;
/// assert_eq!(all, [3, 5, 13]);
/// # Ok::<(), Error>(())
/// ```
#[must_use = "dropping the handle does not free the vector, it loses the way to it"]
pub struct PVec<T> {
    header: Offset<Header>,
    elements: PhantomData<fn() -> T>,
}

impl<T: Persist> PVec<T> {
    /// The most elements that a vector can count.
    pub const MAX_LEN: usize = u16::MAX as usize;

    const ELEMENT_BYTES: RawOffset = {
        assert!(size_of::<T>() > 0, "elements have no bytes");
        assert!(
            size_of::<T>() <= RawOffset::MAX as usize,
            "elements are too large"
        );
        size_of::<T>() as RawOffset
    };

    /// Places the header of a vector; it is no vector before [`format`](PVec::format).
    pub fn place(layout: &mut Layout, name: &str) -> Self {
        Self::at(layout.object(name))
    }

    /// Makes it an empty vector without a block, without a transaction: part of the region's first boot.
    pub fn format<N: Nvm>(&self, nvm: &N) -> Result<(), Error> {
        nvm.store(Class::Data, self.header, &Header::EMPTY)
            .map_err(|error| Fault::from(error).into())
    }

    /// Allocates an empty vector without a block: 8 bytes, and 7 or 14 for the allocation.
    pub fn new<N: Nvm>(tx: &mut Tx<'_, N>, heap: Heap) -> Result<Self, Error> {
        Ok(Self::at(heap.allocate_for(tx, Header::EMPTY)?))
    }

    /// Frees a vector that was allocated by [`new`](PVec::new), with its block, when the transaction
    /// commits.
    ///
    /// # Errors
    ///
    /// [`Foreign`](nvm_alloc::AllocError::Foreign) for a vector that the layout placed: [`release`](PVec::release) its
    /// block.
    pub fn free<N: Nvm>(self, tx: &mut Tx<'_, N>, heap: Heap) -> Result<(), Error> {
        self.free_borrowed(tx, heap)
    }

    /// The same for a layer that repeats a transaction with a handle from outside of it: it drops the handle when the
    /// transaction has committed.
    #[doc(hidden)]
    pub fn free_borrowed<N: Nvm>(&self, tx: &mut Tx<'_, N>, heap: Heap) -> Result<(), Error> {
        let header = self.load(tx)?;
        heap.free(tx, self.header.get())?;
        if header.capacity > 0 {
            heap.free(tx, narrowed(header.elements))?;
        }
        Ok(())
    }

    /// Empties the vector and frees its block when the transaction commits.
    pub fn release<N: Nvm>(&self, tx: &mut Tx<'_, N>, heap: Heap) -> Result<(), Error> {
        let header = self.load(tx)?;
        if header.capacity > 0 {
            heap.free(tx, narrowed(header.elements))?;
            tx.set(self.header, Header::EMPTY)?;
        }
        Ok(())
    }

    /// Elements.
    pub fn len<N: Nvm>(&self, tx: &Tx<'_, N>) -> Result<usize, Error> {
        Ok(usize::from(self.load(tx)?.len))
    }

    /// There are no elements.
    pub fn is_empty<N: Nvm>(&self, tx: &Tx<'_, N>) -> Result<bool, Error> {
        Ok(self.load(tx)?.len == 0)
    }

    /// Elements for which the block has slots.
    pub fn capacity<N: Nvm>(&self, tx: &Tx<'_, N>) -> Result<usize, Error> {
        Ok(usize::from(self.load(tx)?.capacity))
    }

    /// Reads one element; `None` where there is none at `index`.
    pub fn get<N: Nvm>(&self, tx: &Tx<'_, N>, index: usize) -> Result<Option<T>, Error> {
        let header = self.load(tx)?;
        if index >= usize::from(header.len) {
            return Ok(None);
        }
        Ok(Some(tx.get(slot(header, index))?))
    }

    /// Reads the last element, if there is one.
    pub fn last<N: Nvm>(&self, tx: &Tx<'_, N>) -> Result<Option<T>, Error> {
        let header = self.load(tx)?;
        let Some(index) = header.len.checked_sub(1) else {
            return Ok(None);
        };
        Ok(Some(tx.get(slot(header, usize::from(index)))?))
    }

    /// Overwrites one element. Costs its bytes, and where it existed before this transaction and has not
    /// been logged in it 4 bytes and its old bytes.
    pub fn set<N: Nvm>(&self, tx: &mut Tx<'_, N>, index: usize, value: T) -> Result<(), Error> {
        let header = self.load(tx)?;
        let len = usize::from(header.len);
        if index >= len {
            return Err(Error::OutOfBounds { index, len });
        }
        Ok(tx.set(slot(header, index), value)?)
    }

    /// Overwrites one element by what `change` makes of it.
    pub fn update<N: Nvm>(
        &self,
        tx: &mut Tx<'_, N>,
        index: usize,
        change: impl FnOnce(T) -> T,
    ) -> Result<(), Error> {
        let header = self.load(tx)?;
        let len = usize::from(header.len);
        if index >= len {
            return Err(Error::OutOfBounds { index, len });
        }
        Ok(tx.update(slot(header, index), change)?)
    }

    /// Appends an element. Where the block is full, the elements move to a new one of twice the
    /// capacity.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](nvm_alloc::AllocError::OutOfMemory) where the heap has no block that is large enough while the
    /// old one is still in use.
    pub fn push<N: Nvm>(&self, tx: &mut Tx<'_, N>, heap: Heap, value: T) -> Result<(), Error> {
        self.append(tx, heap, value.as_bytes(), 1)
    }

    /// Appends all `values`, with one change of the length.
    pub fn extend_from_slice<N: Nvm>(
        &self,
        tx: &mut Tx<'_, N>,
        heap: Heap,
        values: &[T],
    ) -> Result<(), Error> {
        self.append(tx, heap, values.as_bytes(), values.len())
    }

    /// Removes the last element, and returns it.
    pub fn pop<N: Nvm>(&self, tx: &mut Tx<'_, N>) -> Result<Option<T>, Error> {
        let header = self.load(tx)?;
        let Some(len) = header.len.checked_sub(1) else {
            return Ok(None);
        };
        let value = tx.get(slot(header, usize::from(len)))?;
        header.store_len(tx, self.header, Self::ELEMENT_BYTES, len)?;
        Ok(Some(value))
    }

    /// Removes the elements from `len` on; the block stays. Does nothing where there are no more.
    pub fn truncate<N: Nvm>(&self, tx: &mut Tx<'_, N>, len: usize) -> Result<(), Error> {
        let header = self.load(tx)?;
        match u16::try_from(len) {
            Ok(len) if len < header.len => {
                Ok(header.store_len(tx, self.header, Self::ELEMENT_BYTES, len)?)
            }
            _ => Ok(()),
        }
    }

    /// Removes all elements; the block stays.
    pub fn clear<N: Nvm>(&self, tx: &mut Tx<'_, N>) -> Result<(), Error> {
        self.truncate(tx, 0)
    }

    /// Makes sure that `additional` elements can be pushed without growth.
    pub fn reserve<N: Nvm>(
        &self,
        tx: &mut Tx<'_, N>,
        heap: Heap,
        additional: usize,
    ) -> Result<(), Error> {
        let header = self.load(tx)?;
        let needed = checked_len(header.len, additional)?;
        if needed <= header.capacity {
            return Ok(());
        }
        let grown = header.grow(tx, heap, Self::ELEMENT_BYTES, needed)?;
        header.replace_by(grown, tx, heap, self.header)
    }

    /// The elements by value, as this transaction sees them.
    #[allow(clippy::iter_not_returning_iterator)] // the header may be damaged
    pub fn iter<'a, N: Nvm>(
        &'a self,
        tx: &'a Tx<'_, N>,
    ) -> Result<impl ExactSizeIterator<Item = Result<T, Fault>> + DoubleEndedIterator + 'a, Error>
    {
        let header = self.load(tx)?;
        Ok((0..usize::from(header.len)).map(move |index| tx.get(slot(header, index))))
    }

    fn append<N: Nvm>(
        &self,
        tx: &mut Tx<'_, N>,
        heap: Heap,
        bytes: &[u8],
        count: usize,
    ) -> Result<(), Error> {
        let header = self.load(tx)?;
        let len = checked_len(header.len, count)?;
        let slots = |header: Header| header.slot(RawOffset::from(header.len), Self::ELEMENT_BYTES);
        if count == 0 {
            return Ok(());
        }
        if len <= header.capacity {
            // The length first: it finds out which slots need no logging.
            header.store_len(tx, self.header, Self::ELEMENT_BYTES, len)?;
            return Ok(tx.write(slots(header), bytes)?);
        }
        let mut grown = header.grow(tx, heap, Self::ELEMENT_BYTES, len)?;
        tx.write_fresh(slots(grown), bytes)?;
        grown.len = len;
        header.replace_by(grown, tx, heap, self.header)
    }

    #[inline]
    fn load<N: Nvm>(&self, tx: &Tx<'_, N>) -> Result<Header, Error> {
        Header::load(tx, self.header, Self::ELEMENT_BYTES)
    }

    const fn at(header: Offset<Header>) -> Self {
        Self {
            header,
            elements: PhantomData,
        }
    }
}

/// The slot at an index that the caller has checked.
#[inline]
fn slot<T: Persist>(header: Header, index: usize) -> Offset<T> {
    Offset::new(header.slot(index as RawOffset, PVec::<T>::ELEMENT_BYTES))
}

/// The length after `additional` elements more.
fn checked_len(len: u16, additional: usize) -> Result<u16, Error> {
    let sum = usize::from(len).saturating_add(additional);
    u16::try_from(sum).map_err(|_| Error::TooLong { len: sum })
}

/// 4 bytes: where the header lies. Decoding is for replay tables only.
impl<T: Persist> Record for PVec<T> {
    const MAX_BYTES: RawOffset = 4;

    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), NvmError> {
        self.header.encode(to)
    }

    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, NvmError> {
        Ok(Offset::decode(from)?.map(Self::at))
    }
}

impl<T> fmt::Debug for PVec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PVec({:#x})", self.header.get())
    }
}
