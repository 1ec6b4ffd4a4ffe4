//! How a vector gets more slots: a new block, the elements copied into it without logging, the header
//! replaced whole.
//!
//! | store | power lost after it: the log's recovery |
//! | --- | --- |
//! | allocation of the new block, logged | frees it |
//! | copies of the elements, not logged | the same; the block is nobody's |
//! | header: its old 8 bytes in the log, then the new ones | puts the old header back, and frees the new block |
//! | deferred free of the old block | the same |
//! | the transaction's commit word | frees the old block |
//!
//! The old block is not written to any more once its elements were copied, and not allocated anew before
//! the commit.

use nvm_alloc::{AllocError, Heap};
use nvm_core::{Nvm, Offset, RawOffset, narrowed, widened};
use nvm_tx::Tx;

use crate::broken::{self, Variant};
use crate::error::Error;
use crate::vector_header::Header;

/// Slots of the first block, unless more are needed at once.
const FIRST_CAPACITY: u16 = 4;

/// Bytes that are copied at a time.
const COPY_BYTES: usize = 32;

impl Header {
    /// Allocates a block of twice the capacity, or where the heap has none of just `needed` slots, and
    /// copies the elements into it. Answers the header with the new block.
    pub(crate) fn grow<N: Nvm>(
        self,
        tx: &mut Tx<'_, N>,
        heap: Heap,
        element_bytes: RawOffset,
        needed: u16,
    ) -> Result<Self, Error> {
        let generous = self
            .capacity
            .saturating_mul(2)
            .max(FIRST_CAPACITY)
            .max(needed);
        let allocate = |tx: &mut Tx<'_, N>, capacity: u16| {
            let bytes = RawOffset::from(capacity).saturating_mul(element_bytes);
            heap.allocate(tx, bytes).map(|elements| Self {
                elements: widened(elements),
                capacity,
                len: self.len,
            })
        };
        let grown = match allocate(tx, generous) {
            Err(AllocError::OutOfMemory { .. }) if needed < generous => allocate(tx, needed)?,
            other => other?,
        };
        let mut left = RawOffset::from(self.len).saturating_mul(element_bytes);
        if broken::is(Variant::CopiesTooFew) {
            left = left.saturating_sub(element_bytes);
        }
        let (mut from, mut to) = (narrowed(self.elements), narrowed(grown.elements));
        let mut buffer = [0; COPY_BYTES];
        while left > 0 {
            let len = left.min(COPY_BYTES as RawOffset);
            let Some(bytes) = buffer.get_mut(..len as usize) else {
                break;
            };
            tx.read(from, bytes)?;
            tx.write_fresh(to, bytes)?;
            (from, to, left) = (from.wrapping_add(len), to.wrapping_add(len), left - len);
        }
        Ok(grown)
    }

    /// Replaces the header at `at`, whole, and frees the old block when the transaction commits.
    pub(crate) fn replace_by<N: Nvm>(
        self,
        grown: Self,
        tx: &mut Tx<'_, N>,
        heap: Heap,
        at: Offset<Self>,
    ) -> Result<(), Error> {
        if self.capacity > 0 {
            heap.free(tx, narrowed(self.elements))?;
        }
        Ok(tx.set(at, grown)?)
    }
}
