//! What an allocator can answer but yes.

use core::fmt;

use nvm_core::{Count, Error};
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
        needed: Count,
        /// Bytes of the largest free block.
        largest: Count,
    },
    /// The offset lies outside of the heap's blocks.
    Foreign {
        /// The offset.
        offset: u32,
    },
    /// No block begins at such an offset: blocks begin at multiples of 8 bytes from the heap's first.
    Misaligned {
        /// The offset.
        offset: u32,
    },
    /// The offset lies inside of a block, not at its beginning.
    Interior {
        /// The offset.
        offset: u32,
    },
    /// Nothing is allocated there: freed before, or never allocated.
    NotAllocated {
        /// The offset.
        offset: u32,
    },
    /// The running transaction has freed the block already.
    AlreadyFreed {
        /// The offset.
        offset: u32,
    },
    /// The area is too small for a heap of even one block.
    AreaTooSmall {
        /// Bytes that the smallest heap needs.
        needed: Count,
        /// Bytes of the area.
        actual: Count,
    },
    /// No heap of this size was formatted in the area.
    NotAHeap {
        /// Where the area begins.
        offset: u32,
    },
    /// The bitmap contradicts itself: the image is damaged.
    Damaged {
        /// Which byte of the bitmap.
        offset: u32,
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
    pub const fn fault(self) -> Option<FaultKind> {
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
            Self::Foreign { offset } => {
                write!(f, "{offset:#x} lies outside of the heap's blocks")
            }
            Self::Misaligned { offset } => write!(
                f,
                "no block begins at {offset:#x}: it is no multiple of 8 bytes from the heap's first"
            ),
            Self::Interior { offset } => write!(
                f,
                "no block begins at {offset:#x}: it lies inside of one that begins before it"
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

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<AllocError>() == 8 && size_of::<Result<u32, AllocError>>() == 8);
