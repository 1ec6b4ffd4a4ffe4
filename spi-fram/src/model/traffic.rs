//! What went over the bus.

use core::ops::Sub;

/// What went over the bus since the chip was made, over all power losses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Times that the chip was selected.
    pub transactions: u64,
    /// Bytes clocked, in either direction: opcodes, addresses and data.
    pub bytes: u64,
    /// Bytes stored in the memory.
    pub stored: u64,
}

impl Sub for Traffic {
    type Output = Self;

    /// What was counted since `earlier`.
    fn sub(self, earlier: Self) -> Self {
        Self {
            transactions: self.transactions - earlier.transactions,
            bytes: self.bytes - earlier.bytes,
            stored: self.stored - earlier.stored,
        }
    }
}
