//! What an allocator can answer but yes.

use core::fmt;

use nvm_core::{Error, RawOffset};
use nvm_tx::{Fault, FaultKind};

/// Why nothing was allocated or freed. The heap is as it was.
///
/// All but [`Transaction`](AllocError::Transaction) leave the running transaction usable: it may go on
/// and commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AllocError {
    /// No free block is large enough.
    OutOfMemory {
        /// Bytes asked for.
        needed: RawOffset,
        /// Bytes of the largest free block.
        largest: RawOffset,
    },
    /// The offset lies outside of the heap's blocks.
    Foreign {
        /// The offset.
        offset: RawOffset,
        /// Where the first block may begin.
        start: RawOffset,
        /// Where the last block ends at the latest.
        end: RawOffset,
    },
    /// No block begins at such an offset: blocks begin at multiples of 8 bytes from the heap's first.
    Misaligned {
        /// The offset.
        offset: RawOffset,
    },
    /// The offset lies inside of a block, not at its beginning.
    Interior {
        /// The offset.
        offset: RawOffset,
        /// Where the block begins.
        block: RawOffset,
    },
    /// Nothing is allocated there: freed before, or never allocated.
    NotAllocated {
        /// The offset.
        offset: RawOffset,
    },
    /// The running transaction has freed the block already.
    AlreadyFreed {
        /// The offset.
        offset: RawOffset,
    },
    /// The area is too small for a heap of even one block.
    AreaTooSmall {
        /// Bytes that the smallest heap needs.
        needed: RawOffset,
        /// Bytes of the area.
        actual: RawOffset,
    },
    /// No heap of this size was formatted in the area.
    NotAHeap {
        /// Where the area begins.
        offset: RawOffset,
    },
    /// The bitmap contradicts itself: the image is damaged.
    Damaged {
        /// Which byte of the bitmap.
        offset: RawOffset,
    },
    /// The transaction cannot go on: its log is full, or the NVM did not answer. It rolls back.
    Transaction(Fault),
}

impl From<Fault> for AllocError {
    fn from(fault: Fault) -> Self {
        Self::Transaction(fault)
    }
}

impl From<Error> for AllocError {
    fn from(error: Error) -> Self {
        Self::Transaction(error.into())
    }
}

impl AllocError {
    /// The transaction's fault, if it was one.
    pub fn fault(self) -> Option<FaultKind> {
        match self {
            Self::Transaction(fault) => Some(fault.kind()),
            _ => None,
        }
    }
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfMemory { needed, largest } => write!(
                f,
                "the heap has no free block of {needed} bytes, the largest has {largest}"
            ),
            Self::Foreign { offset, start, end } => write!(
                f,
                "{offset:#x} lies outside of the heap's blocks, {start:#x} to {end:#x}"
            ),
            Self::Misaligned { offset } => write!(
                f,
                "no block begins at {offset:#x}: it is no multiple of 8 bytes from the heap's first"
            ),
            Self::Interior { offset, block } => write!(
                f,
                "{offset:#x} lies inside of the block that begins at {block:#x}"
            ),
            Self::NotAllocated { offset } => write!(
                f,
                "no block is allocated at {offset:#x}: it was freed before, or never allocated"
            ),
            Self::AlreadyFreed { offset } => {
                write!(
                    f,
                    "this transaction has freed the block at {offset:#x} already"
                )
            }
            Self::AreaTooSmall { needed, actual } => write!(
                f,
                "a heap needs at least {needed} bytes, its area has {actual}"
            ),
            Self::NotAHeap { offset } => write!(
                f,
                "no heap of this size was formatted in the area at {offset:#x}"
            ),
            Self::Damaged { offset } => {
                write!(f, "the heap's bitmap is damaged at {offset:#x}")
            }
            Self::Transaction(fault) => fault.fmt(f),
        }
    }
}

impl core::error::Error for AllocError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Transaction(fault) => Some(fault),
            _ => None,
        }
    }
}
