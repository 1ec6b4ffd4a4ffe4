//! Allocating and freeing without a transaction of the caller's: each is one transaction on the heap's
//! own log, which [`Heap::open`] recovers.

use nvm_core::{Class, Nvm, Offset, Persist};
use nvm_tx::UndoLog;

use crate::broken::{self, Variant};
use crate::error::AllocError;
use crate::heap::Heap;

impl Heap {
    /// Allocates a block, stores an object in it and the block's offset in `slot`, atomically: after a power
    /// loss the slot holds what it held before and the block is free, or all is done. Costs 23 bytes of NVM
    /// and the object's, 30 where the block's ends lie in two bytes of the bitmap.
    ///
    /// What the slot held before is overwritten, not freed.
    ///
    /// The heap's own log serves one such call at a time: a kernel makes it in a critical section.
    pub fn allocate_into<T: Persist, N: Nvm>(
        self,
        nvm: &N,
        slot: Offset<Offset<T>>,
        value: T,
    ) -> Result<Offset<T>, AllocError> {
        UndoLog::open(nvm, self.log())?.transaction(|tx| {
            let block = self.allocate_for(tx, value)?;
            if broken::is(Variant::PublishesFirst) {
                nvm.store(Class::Data, slot, &block)?;
            } else {
                tx.set(slot, block)?;
            }
            Ok(block)
        })
    }

    /// Frees the block whose offset `slot` holds, and stores 0 in the slot, atomically. Where the slot holds
    /// 0 there is nothing to do, so that it can be repeated after a power loss.
    ///
    /// The heap's own log serves one such call at a time: a kernel makes it in a critical section.
    pub fn free_from<T: Persist, N: Nvm>(
        self,
        nvm: &N,
        slot: Offset<Offset<T>>,
    ) -> Result<(), AllocError> {
        UndoLog::open(nvm, self.log())?.transaction(|tx| {
            let block = tx.get(slot)?.get();
            if block == 0 {
                return Ok(());
            }
            self.free(tx, block)?;
            Ok(tx.set(slot, Offset::new(0))?)
        })
    }
}
