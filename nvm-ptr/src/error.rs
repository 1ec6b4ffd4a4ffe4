//! What can go wrong with persistent objects.

use core::fmt;

use nvm_alloc::AllocError;
use nvm_core::Count;
use nvm_tx::{Fault, FaultKind};

/// Why an access to a persistent object was refused.
///
/// After a [`fault`](Error::fault) the transaction does not commit. All others leave what the object held
/// as it was, and the transaction may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The transaction failed ([`AllocError::Transaction`], with or without a heap), or the heap refused.
    Alloc(AllocError),
    /// Two handles of one transaction lie over each other: an offset was made up, a layout was built
    /// twice, or the image is damaged. The transaction has not begun.
    Overlap {
        /// Where the object of the later handle begins.
        offset: u32,
    },
    /// There is no such element.
    OutOfBounds {
        /// The index asked for.
        index: Count,
        /// Elements there are.
        len: Count,
    },
    /// A vector would get more elements than it can count
    /// ([`PVec::MAX_LEN`](crate::PVec::MAX_LEN)).
    TooLong {
        /// Elements that it would get.
        len: Count,
    },
    /// A vector's header contradicts itself: the image is damaged, or the vector was never formatted.
    Damaged {
        /// Where the header lies.
        offset: u32,
    },
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Alloc(AllocError::Transaction(fault))
    }
}

impl From<AllocError> for Error {
    fn from(error: AllocError) -> Self {
        Self::Alloc(error)
    }
}

impl Error {
    pub(crate) const fn out_of_bounds(index: usize, len: usize) -> Self {
        Self::OutOfBounds {
            index: Count::of(index),
            len: Count::of(len),
        }
    }

    pub(crate) const fn too_long(len: usize) -> Self {
        Self::TooLong {
            len: Count::of(len),
        }
    }

    /// The transaction's fault, if it was one.
    pub const fn fault(self) -> Option<FaultKind> {
        match self {
            Self::Alloc(error) => error.fault(),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alloc(error) => error.fmt(f),
            Self::Overlap { offset } => write!(
                f,
                "the object at {offset:#x} overlaps that of another handle: one transaction cannot open both"
            ),
            Self::OutOfBounds { index, len } => {
                write!(f, "there is no element {index}, only {len} of them")
            }
            Self::TooLong { len } => write!(f, "a vector cannot hold {len} elements"),
            Self::Damaged { offset } => write!(
                f,
                "the vector's header at {offset:#x} is damaged, or was never formatted"
            ),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Alloc(AllocError::Transaction(fault)) => Some(fault),
            Self::Alloc(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Error>() == 8 && size_of::<Result<u32, Error>>() == 8);
