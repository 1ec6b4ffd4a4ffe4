//! The persistent box: an allocated object with one owner.

use core::fmt;
use core::ops::Deref;

use nvm_alloc::Heap;
use nvm_core::{
    Error as NvmError, Nvm, Offset, Persist, RawOffset, Record, RecordReader, RecordWriter,
};
use nvm_tx::Tx;

use crate::error::Error;
use crate::root::Root;

/// The handle of an object in a [`Heap`]: allocated by [`new`](PBox::new), freed by
/// [`free`](PBox::free).
///
/// It derefs to [`Root`], which reads and writes the object; like that it is unique and can be opened
/// by a transaction for unlogged first writes.
///
/// **Dropping it frees nothing**, as a power loss frees nothing: the object stays allocated. Either free it,
/// or keep the way to it: [`into_offset`](Root::into_offset) gives a plain value to store in another object,
/// and a replay table (crate `replay`) records a box that a transaction returns (4 bytes), and hands it out
/// again after a power loss. Decoding a [`Record`] is for replay tables only: they make the second handle
/// when the first one has gone with the power.
///
/// ```
/// use nvm_alloc::Heap;
/// use nvm_core::{sim::SimNvm, Layout};
/// use nvm_ptr::{Error, PBox};
/// use nvm_tx::UndoLog;
///
/// let mut layout = Layout::new("box", 1);
/// let log_area = layout.area("undo log", UndoLog::<&SimNvm<4>>::area_bytes(64));
/// let heap_area = layout.area("heap", Heap::area_bytes(64));
/// let nvm = SimNvm::<4>::new(layout.size());
/// UndoLog::format(&nvm, log_area)?;
/// Heap::format(&nvm, heap_area)?;
///
/// let mut log = UndoLog::open(&nvm, log_area)?;
/// let heap = Heap::open(&nvm, heap_area)?;
/// let mut level = log.transaction(|tx| PBox::new(tx, heap, 21_u32))?;
/// log.transaction(|tx| level.update(tx, |value| value * 2))?;
/// assert_eq!(log.transaction(|tx| level.get(tx))?, 42);
/// nvm_ptr::write_first(&mut log, 0, &mut level, |tx, level| {
///     level.write(tx, 7)?; // 4 bytes of NVM in all
///     Ok(())
/// })?;
/// log.transaction(|tx| level.free(tx, heap))?;
/// assert_eq!(heap.statistics(&nvm)?.used, 0);
/// # Ok::<(), Error>(())
/// ```
#[must_use = "dropping the handle does not free the object, it loses the way to it"]
pub struct PBox<T> {
    object: Root<T>,
}

impl<T: Persist> PBox<T> {
    /// Allocates an object. Where the transaction does not commit, it is free again, and the handle must
    /// not be used any more. Costs its bytes, unlogged, and the allocation (7 or 14 bytes).
    pub fn new<N: Nvm>(tx: &mut Tx<'_, N>, heap: Heap, value: T) -> Result<Self, Error> {
        let object = heap.allocate_for(tx, value)?;
        Ok(Self {
            object: Root::at(object),
        })
    }

    /// Frees the object when the transaction commits; where it does not, a repetition has the handle
    /// again. Costs 7 or 14 bytes, and 2 more for all frees of a transaction together.
    pub fn free<N: Nvm>(self, tx: &mut Tx<'_, N>, heap: Heap) -> Result<(), Error> {
        Ok(heap.free(tx, self.object.offset())?)
    }

    /// Gives the handle up for the offset: see [`Root::into_offset`]. The object stays allocated; free it
    /// by [`Heap::free`].
    pub fn into_offset(self) -> Offset<T> {
        self.object.into_offset()
    }
}

impl<T> Deref for PBox<T> {
    type Target = Root<T>;

    #[inline]
    fn deref(&self) -> &Root<T> {
        &self.object
    }
}

impl<T: Persist> Record for PBox<T> {
    const MAX_BYTES: RawOffset = 4;

    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), NvmError> {
        Offset::<T>::new(self.object.offset()).encode(to)
    }

    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, NvmError> {
        Ok(Offset::decode(from)?.map(|object| Self {
            object: Root::at(object),
        }))
    }
}

impl<T> fmt::Debug for PBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PBox({:#x})", self.object.offset())
    }
}
