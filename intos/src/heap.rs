//! A heap that tasks share.

use intos_sched::{Error, Outcome};
use nvm_alloc::{AllocError, Statistics};
use nvm_core::{Nvm, Offset, Persist, RawOffset};

/// A heap for persistent objects, shared by all tasks: what a transaction allocates is there if it commits, and
/// what it frees is gone when it has. See [`nvm_alloc::Heap`]; each call is made in a critical section, and so
/// is the commit of a transaction that made one.
///
/// A handle of two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heap(nvm_alloc::Heap);

/// A running transaction that allocates and frees: [`Tx`](crate::Tx) and [`WriteFirstTx`](crate::WriteFirstTx).
pub trait HeapTransaction {
    /// The kernel's NVM.
    type Nvm: Nvm + Copy;

    /// Runs `section` on the engine's transaction without preemption.
    fn undisturbed<R>(&mut self, section: impl FnOnce(&mut nvm_tx::Tx<'_, Self::Nvm>) -> R) -> R;
}

impl Heap {
    pub(crate) const fn new(heap: nvm_alloc::Heap) -> Self {
        Self(heap)
    }

    /// Allocates a block of at least so many bytes, whose contents are undefined. Costs 7 or 14 bytes of NVM.
    ///
    /// # Errors
    ///
    /// [`Outcome::OutOfMemory`].
    pub fn allocate(
        self,
        tx: &mut impl HeapTransaction,
        bytes: RawOffset,
    ) -> Result<RawOffset, Error> {
        tx.undisturbed(|tx| self.0.allocate(tx, bytes))
            .map_err(from_alloc)
    }

    /// Allocates a block for an object, and stores the object there, which is not logged.
    ///
    /// # Errors
    ///
    /// [`Outcome::OutOfMemory`].
    pub fn allocate_for<T: Persist>(
        self,
        tx: &mut impl HeapTransaction,
        object: T,
    ) -> Result<Offset<T>, Error> {
        tx.undisturbed(|tx| self.0.allocate_for(tx, object))
            .map_err(from_alloc)
    }

    /// Frees the block at an offset when the transaction commits. Needs no free memory. Costs 7 or 14 bytes of
    /// NVM, and 2 for all of a transaction.
    ///
    /// # Errors
    ///
    /// [`Outcome::Invalid`] where no block begins there.
    pub fn free(self, tx: &mut impl HeapTransaction, offset: RawOffset) -> Result<(), Error> {
        tx.undisturbed(|tx| self.0.free(tx, offset))
            .map_err(from_alloc)
    }

    /// How full the heap is, as seen from outside of any task.
    pub fn statistics<N: Nvm>(self, nvm: &N) -> Result<Statistics, Error> {
        self.0.statistics(nvm).map_err(from_alloc)
    }

    /// The allocator's own handle, for the tools of [`nvm_alloc`].
    pub const fn raw(self) -> nvm_alloc::Heap {
        self.0
    }
}

impl From<Heap> for nvm_alloc::Heap {
    fn from(heap: Heap) -> Self {
        heap.0
    }
}

pub(crate) fn from_alloc(error: AllocError) -> Error {
    match error {
        AllocError::OutOfMemory { .. } => Outcome::OutOfMemory.into(),
        AllocError::Transaction(fault) => fault.into(),
        _ => Outcome::Invalid.into(),
    }
}
