//! What can go wrong with persistent objects.

use core::fmt;
use nvm_core::RawOffset;

use nvm_alloc::AllocError;
use nvm_tx::Fault;

/// Why an access to a persistent object was refused.
///
/// After [`Fault`](Error::Fault) the transaction does not commit. All others leave what the object held
/// as it was, and the transaction may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The transaction failed.
    Fault(Fault),
    /// The heap refused.
    Alloc(AllocError),
    /// Two handles of one transaction lie over each other: an offset was made up, a layout was built
    /// twice, or the image is damaged. The transaction has not begun.
    Overlap {
        /// Where the object of one handle begins.
        first: RawOffset,
        /// Where the other's begins.
        second: RawOffset,
    },
    /// There is no such element.
    OutOfBounds {
        /// The index asked for.
        index: usize,
        /// Elements there are.
        len: usize,
    },
    /// A vector would get more elements than it can count
    /// ([`PVec::MAX_LEN`](crate::PVec::MAX_LEN)).
    TooLong {
        /// Elements that it would get.
        len: usize,
    },
    /// A vector's header contradicts itself: the image is damaged, or the vector was never formatted.
    Damaged {
        /// Where the header lies.
        offset: RawOffset,
    },
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<AllocError> for Error {
    fn from(error: AllocError) -> Self {
        match error {
            AllocError::Transaction(fault) => Self::Fault(fault),
            other => Self::Alloc(other),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::Alloc(error) => error.fmt(f),
            Self::Overlap { first, second } => write!(
                f,
                "the objects at {first:#x} and {second:#x} overlap: one transaction cannot open both"
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
            Self::Fault(fault) => Some(fault),
            Self::Alloc(error) => Some(error),
            _ => None,
        }
    }
}
