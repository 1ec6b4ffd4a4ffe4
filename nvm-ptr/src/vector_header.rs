//! What a vector stores besides its elements:
//!
//! | bytes of the header | field |
//! | --- | --- |
//! | 0..4 | offset of the block with the elements; 0 where the capacity is 0 |
//! | 4..6 | capacity: elements for which the block has slots |
//! | 6..8 | length: how many slots hold an element, the first ones |
//!
//! A slot is as long as an element; the slots follow each other without gaps.

use nvm_core::{Nvm, Offset, RawOffset, field, narrowed};
use nvm_tx::{Fault, Tx};

use crate::broken::{self, Variant};
use crate::error::Error;

nvm_core::persist! {
    /// A vector's header.
    #[derive(Eq)]
    pub(crate) struct Header {
        pub(crate) elements: u32,
        pub(crate) capacity: u16,
        pub(crate) len: u16,
    }
}

const _: () = assert!(size_of::<Header>() == 8);

impl Header {
    /// The header of a vector without slots.
    pub(crate) const EMPTY: Self = Self {
        elements: 0,
        capacity: 0,
        len: 0,
    };

    /// Loads a header, checked: its slots lie in the NVM, and the elements in its slots.
    #[inline]
    pub(crate) fn load<N: Nvm>(
        tx: &Tx<'_, N>,
        at: Offset<Self>,
        element_bytes: RawOffset,
    ) -> Result<Self, Error> {
        let header = tx.get(at)?;
        let bytes = RawOffset::from(header.capacity).saturating_mul(element_bytes);
        if header.len > header.capacity
            || tx
                .nvm()
                .check_range(narrowed(header.elements), bytes)
                .is_err()
        {
            return Err(Error::Damaged { offset: at.get() });
        }
        Ok(header)
    }

    /// Where the slot at `index` lies.
    #[inline]
    pub(crate) const fn slot(self, index: RawOffset, element_bytes: RawOffset) -> RawOffset {
        narrowed(self.elements).wrapping_add(index.wrapping_mul(element_bytes))
    }

    /// Stores a new length, and from the first time in a transaction on leaves the slots that hold no
    /// **committed** element unlogged: a roll back restores the length, and with it only the slots below.
    ///
    /// Which slots these are is known just once in a transaction: when its first change of the length logs
    /// the old one, that is the committed length. From then on the length tells nothing: after a pop the
    /// slots behind it hold elements that a roll back needs. So the slots behind the committed length are
    /// declared fresh at that moment, and the transaction keeps account of them.
    pub(crate) fn store_len<N: Nvm>(
        self,
        tx: &mut Tx<'_, N>,
        at: Offset<Self>,
        element_bytes: RawOffset,
        len: u16,
    ) -> Result<(), Fault> {
        let free = tx.free_log_bytes();
        tx.set(field!(at, Header.len), len)?;
        let logged_now = tx.free_log_bytes() != free;
        if logged_now || broken::is(Variant::ForgetsPopped) {
            let committed = RawOffset::from(self.len);
            tx.declare_fresh(
                self.slot(committed, element_bytes),
                (RawOffset::from(self.capacity) - committed).saturating_mul(element_bytes),
            );
        }
        Ok(())
    }
}
