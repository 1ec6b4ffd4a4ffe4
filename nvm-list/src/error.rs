//! What can go wrong with a list.

use core::fmt;

use nvm_core::{Cause, Error, RawOffset, UpTo12Bits};

/// An operation that was not carried out, or a list that is not sound. What it says is in
/// [`kind`](ListError::kind).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ListError(Cause);

/// The reasons for a [`ListError`].
///
/// The errors of the first group come before anything is stored; so do those of the second group where
/// an operation stands alone. All places are byte offsets in the region; one of 16 MiB or more is told as
/// `0xFF_FFFF`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListErrorKind {
    /// A head or node lies at an offset that is no multiple of 4.
    Misaligned {
        /// Where it lies.
        offset: RawOffset,
    },
    /// A head or node does not lie within the first 256 KiB of the region, or lies at its very start.
    OutOfReach {
        /// Where it lies.
        offset: RawOffset,
    },
    /// The area of the operation log is too small.
    LogTooSmall {
        /// Bytes that it needs at least.
        needed: u16,
        /// Bytes that it has.
        len: u16,
    },
    /// The batch has more operations than the log's area can hold.
    TooManyOperations {
        /// Operations in the batch. 4,095 stands for that or more.
        operations: u16,
        /// Operations that fit.
        capacity: u16,
    },
    /// The log holds an operation that has not been completed: complete, discard or recover first.
    Busy,
    /// The node to be inserted is in a list.
    AlreadyLinked {
        /// The node.
        node: RawOffset,
    },
    /// The node to be removed or moved is in no list.
    NotLinked {
        /// The node.
        node: RawOffset,
    },
    /// There is no formatted head.
    NotAList {
        /// Where it should be.
        list: RawOffset,
    },
    /// There is the head of a list where a node should be.
    NotANode {
        /// Where it should be.
        node: RawOffset,
    },

    /// Neighbours do not link to each other: the image is damaged.
    BrokenLink {
        /// Where the `next` field of the node or head lies whose neighbours disagree with it.
        at: RawOffset,
    },
    /// A node reached through one list says that it is in another, or in none: the image is damaged.
    WrongOwner {
        /// The node.
        node: RawOffset,
    },
    /// The list has more nodes than it can have: the image is damaged.
    TooLong {
        /// The head of the list.
        list: RawOffset,
    },
    /// A node's key is less than its predecessor's in a list that should be sorted.
    Unsorted {
        /// The node.
        node: RawOffset,
    },
    /// The operation log holds no valid record: the image is damaged, or the log was never formatted.
    CorruptLog {
        /// Where the byte lies that is not valid.
        at: RawOffset,
    },
    /// The NVM did not answer. After an error of the device, recover before going on.
    Nvm(Error),
}

impl ListError {
    /// The reason.
    pub fn kind(self) -> ListErrorKind {
        ListErrorKind::of(self.0)
    }

    /// For the errors that this one is passed on as.
    #[doc(hidden)]
    #[inline]
    pub const fn cause(self) -> Cause {
        self.0
    }
}

const OUT_OF_RANGE: u8 = 1;
const DEVICE: u8 = 2;
const MISALIGNED: u8 = 32;
const OUT_OF_REACH: u8 = 33;
const LOG_TOO_SMALL: u8 = 34;
const TOO_MANY_OPERATIONS: u8 = 35;
const BUSY: u8 = 36;
const ALREADY_LINKED: u8 = 37;
const NOT_LINKED: u8 = 38;
const NOT_A_LIST: u8 = 39;
const NOT_A_NODE: u8 = 40;
const BROKEN_LINK: u8 = 41;
const WRONG_OWNER: u8 = 42;
const TOO_LONG: u8 = 43;
const UNSORTED: u8 = 44;
const CORRUPT_LOG: u8 = 45;

/// Causes 32 to 45; 1 and 2 are those of a transaction whose NVM did not answer.
impl ListErrorKind {
    #[doc(hidden)]
    #[inline(always)]
    #[allow(clippy::inline_always)] // the reason is known where it is made: no code but two constants
    pub const fn error(self) -> ListError {
        ListError(self.cause())
    }

    #[doc(hidden)]
    #[inline(always)]
    #[allow(clippy::inline_always)] // the reason is known where it is made: no code but two constants
    pub const fn cause(self) -> Cause {
        match self {
            Self::Nvm(Error::OutOfRange { offset }) => Cause::new(OUT_OF_RANGE, offset),
            // Whatever else it says, there is nothing but to start anew.
            Self::Nvm(_) => Cause::small(DEVICE, 0),
            Self::Misaligned { offset } => Cause::new(MISALIGNED, offset),
            Self::OutOfReach { offset } => Cause::new(OUT_OF_REACH, offset),
            Self::LogTooSmall { needed, len } => Cause::pair(LOG_TOO_SMALL, needed, len),
            Self::TooManyOperations {
                operations,
                capacity,
            } => Cause::pair(TOO_MANY_OPERATIONS, operations, capacity),
            Self::Busy => Cause::small(BUSY, 0),
            Self::AlreadyLinked { node } => Cause::new(ALREADY_LINKED, node),
            Self::NotLinked { node } => Cause::new(NOT_LINKED, node),
            Self::NotAList { list } => Cause::new(NOT_A_LIST, list),
            Self::NotANode { node } => Cause::new(NOT_A_NODE, node),
            Self::BrokenLink { at } => Cause::new(BROKEN_LINK, at),
            Self::WrongOwner { node } => Cause::new(WRONG_OWNER, node),
            Self::TooLong { list } => Cause::new(TOO_LONG, list),
            Self::Unsorted { node } => Cause::new(UNSORTED, node),
            Self::CorruptLog { at } => Cause::new(CORRUPT_LOG, at),
        }
    }

    /// What the cause of a list's error says.
    #[doc(hidden)]
    pub fn of(cause: Cause) -> Self {
        let (number, (first, second)) = (cause.number(), cause.numbers());
        match cause.code() {
            OUT_OF_RANGE => Self::Nvm(Error::OutOfRange { offset: number }),
            MISALIGNED => Self::Misaligned { offset: number },
            OUT_OF_REACH => Self::OutOfReach { offset: number },
            LOG_TOO_SMALL => Self::LogTooSmall {
                needed: first,
                len: second,
            },
            TOO_MANY_OPERATIONS => Self::TooManyOperations {
                operations: first,
                capacity: second,
            },
            BUSY => Self::Busy,
            ALREADY_LINKED => Self::AlreadyLinked { node: number },
            NOT_LINKED => Self::NotLinked { node: number },
            NOT_A_LIST => Self::NotAList { list: number },
            NOT_A_NODE => Self::NotANode { node: number },
            BROKEN_LINK => Self::BrokenLink { at: number },
            WRONG_OWNER => Self::WrongOwner { node: number },
            TOO_LONG => Self::TooLong { list: number },
            UNSORTED => Self::Unsorted { node: number },
            CORRUPT_LOG => Self::CorruptLog { at: number },
            _ => Self::Nvm(Error::Device),
        }
    }
}

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<ListError>() == 8 && size_of::<Result<(), ListError>>() == 8);

impl From<Error> for ListError {
    #[inline]
    fn from(error: Error) -> Self {
        ListErrorKind::Nvm(error).error()
    }
}

impl fmt::Debug for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ListError").field(&self.kind()).finish()
    }
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

impl fmt::Display for ListErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misaligned { offset } => write!(
                f,
                "a list head or node must lie at a multiple of 4 bytes, not at {offset:#x}"
            ),
            Self::OutOfReach { offset } => write!(
                f,
                "a list head or node must lie within the first 256 KiB of the region \
                 and not at its start: {offset:#x}"
            ),
            Self::LogTooSmall { needed, len } => write!(
                f,
                "the operation log needs {needed} bytes at least and has {len}"
            ),
            Self::TooManyOperations {
                operations,
                capacity,
            } => write!(
                f,
                "a batch of {} list operations; the operation log holds {capacity}",
                UpTo12Bits(*operations)
            ),
            Self::Busy => {
                f.write_str("the operation log holds an operation that has not been completed")
            }
            Self::AlreadyLinked { node } => {
                write!(f, "the node at {node:#x} is already in a list")
            }
            Self::NotLinked { node } => write!(f, "the node at {node:#x} is in no list"),
            Self::NotAList { list } => write!(f, "there is no list head at {list:#x}"),
            Self::NotANode { node } => {
                write!(f, "there is a list head and no node at {node:#x}")
            }
            Self::BrokenLink { at } => write!(
                f,
                "damaged list: the links at {at:#x} and its neighbours' disagree"
            ),
            Self::WrongOwner { node } => write!(
                f,
                "damaged list: the node at {node:#x} was reached through one list and says that it is in \
                 another or in none"
            ),
            Self::TooLong { list } => write!(
                f,
                "damaged list: the list at {list:#x} has more nodes than it can have"
            ),
            Self::Unsorted { node } => write!(
                f,
                "the node at {node:#x} comes after one with a greater key"
            ),
            Self::CorruptLog { at } => write!(
                f,
                "damaged or unformatted operation log: the byte at {at:#x} is not valid"
            ),
            Self::Nvm(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ListError {}
