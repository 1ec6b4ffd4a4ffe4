//! What can go wrong with a list.

use core::fmt;

use nvm_core::{Cause, Error, UpTo16Bits};

/// An operation that was not carried out, or a list that is not sound. What it says is in
/// [`kind`](ListError::kind).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ListError(Cause);

/// The reasons for a [`ListError`].
///
/// The errors of the first group come before anything is stored; so do those of the second group where
/// an operation stands alone. All places are byte offsets in the region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListErrorKind {
    /// A head or node lies at an offset that is no multiple of 4.
    Misaligned {
        /// Where it lies.
        offset: u32,
    },
    /// A head or node does not lie within the first 256 KiB of the region, or lies at its very start.
    OutOfReach {
        /// Where it lies.
        offset: u32,
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
        /// Operations in the batch. 65,535 stands for that or more.
        operations: u16,
        /// Operations that fit.
        capacity: u16,
    },
    /// The log holds an operation that has not been completed: complete, discard or recover first.
    Busy,
    /// The node to be inserted is in a list.
    AlreadyLinked {
        /// The node.
        node: u32,
        /// The head of its list.
        list: u32,
    },
    /// The node to be removed or moved is in no list.
    NotLinked {
        /// The node.
        node: u32,
    },
    /// There is no formatted head.
    NotAList {
        /// Where it should be.
        list: u32,
    },
    /// There is the head of a list where a node should be.
    NotANode {
        /// Where it should be.
        node: u32,
    },

    /// Neighbours do not link to each other: the image is damaged.
    BrokenLink {
        /// Where the `next` field of the node or head lies whose neighbours disagree with it.
        at: u32,
    },
    /// A node reached through one list says that it is in another, or in none: the image is damaged.
    WrongOwner {
        /// The node.
        node: u32,
        /// The head of the list that it says it is in; 0: none.
        owner: u32,
        /// The head of the list that leads to it.
        list: u32,
    },
    /// The list has more nodes than it can have: the image is damaged.
    TooLong {
        /// The head of the list.
        list: u32,
        /// Nodes that it can have.
        limit: u32,
    },
    /// A node's key is less than its predecessor's in a list that should be sorted.
    Unsorted {
        /// The node.
        node: u32,
        /// Its key, which is less than the one before it.
        key: u32,
    },
    /// The operation log holds no valid record: the image is damaged, or the log was never formatted.
    CorruptLog {
        /// Where the byte lies that is not valid.
        at: u32,
        /// What it holds.
        found: u8,
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

/// Causes 32 to 45; 1 and 2 are those of a transaction whose NVM did not answer. The number of a cause holds the
/// place of a list or a node in words, as a link does.
impl ListErrorKind {
    #[doc(hidden)]
    #[inline]
    pub const fn error(self) -> ListError {
        ListError(self.cause())
    }

    #[doc(hidden)]
    #[inline]
    pub const fn cause(self) -> Cause {
        match self {
            Self::Nvm(Error::OutOfRange { offset }) => Cause::new(OUT_OF_RANGE, 0, offset),
            // Whatever else it says, there is nothing but to start anew.
            Self::Nvm(_) => Cause::new(DEVICE, 0, 0),
            Self::Misaligned { offset } => Cause::new(MISALIGNED, 0, offset),
            Self::OutOfReach { offset } => Cause::new(OUT_OF_REACH, 0, offset),
            Self::LogTooSmall { needed, len } => {
                Cause::new(LOG_TOO_SMALL, needed as u32, len as u32)
            }
            Self::TooManyOperations {
                operations,
                capacity,
            } => Cause::new(TOO_MANY_OPERATIONS, operations as u32, capacity as u32),
            Self::Busy => Cause::new(BUSY, 0, 0),
            Self::AlreadyLinked { node, list } => Cause::new(ALREADY_LINKED, list / 4, node),
            Self::NotLinked { node } => Cause::new(NOT_LINKED, 0, node),
            Self::NotAList { list } => Cause::new(NOT_A_LIST, 0, list),
            Self::NotANode { node } => Cause::new(NOT_A_NODE, 0, node),
            Self::BrokenLink { at } => Cause::new(BROKEN_LINK, 0, at),
            Self::WrongOwner { node, owner, list } => Cause::new(
                WRONG_OWNER,
                list / 4,
                (owner / 4) << 16 | ((node / 4) & 0xFFFF),
            ),
            Self::TooLong { list, limit } => Cause::new(TOO_LONG, list / 4, limit),
            Self::Unsorted { node, key } => Cause::new(UNSORTED, node / 4, key),
            Self::CorruptLog { at, found } => Cause::new(CORRUPT_LOG, found as u32, at),
        }
    }

    /// What the cause of a list's error says.
    #[doc(hidden)]
    pub fn of(cause: Cause) -> Self {
        let (number, detail) = (cause.number(), cause.detail());
        let place = number * 4;
        match cause.code() {
            OUT_OF_RANGE => Self::Nvm(Error::OutOfRange { offset: detail }),
            MISALIGNED => Self::Misaligned { offset: detail },
            OUT_OF_REACH => Self::OutOfReach { offset: detail },
            LOG_TOO_SMALL => Self::LogTooSmall {
                needed: number as u16,
                len: detail as u16,
            },
            TOO_MANY_OPERATIONS => Self::TooManyOperations {
                operations: number as u16,
                capacity: detail as u16,
            },
            BUSY => Self::Busy,
            ALREADY_LINKED => Self::AlreadyLinked {
                node: detail,
                list: place,
            },
            NOT_LINKED => Self::NotLinked { node: detail },
            NOT_A_LIST => Self::NotAList { list: detail },
            NOT_A_NODE => Self::NotANode { node: detail },
            BROKEN_LINK => Self::BrokenLink { at: detail },
            WRONG_OWNER => Self::WrongOwner {
                node: (detail & 0xFFFF) * 4,
                owner: (detail >> 16) * 4,
                list: place,
            },
            TOO_LONG => Self::TooLong {
                list: place,
                limit: detail,
            },
            UNSORTED => Self::Unsorted {
                node: place,
                key: detail,
            },
            CORRUPT_LOG => Self::CorruptLog {
                at: detail,
                found: number as u8,
            },
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
                UpTo16Bits(*operations)
            ),
            Self::Busy => {
                f.write_str("the operation log holds an operation that has not been completed")
            }
            Self::AlreadyLinked { node, list } => {
                write!(
                    f,
                    "the node at {node:#x} is already in the list at {list:#x}"
                )
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
            Self::WrongOwner { node, owner, list } => write!(
                f,
                "damaged list: the list at {list:#x} leads to the node at {node:#x}, \
                 whose owner is {owner:#x}"
            ),
            Self::TooLong { list, limit } => write!(
                f,
                "damaged list: the list at {list:#x} has more than {limit} nodes"
            ),
            Self::Unsorted { node, key } => write!(
                f,
                "the node at {node:#x} with key {key} comes after one with a greater key"
            ),
            Self::CorruptLog { at, found } => write!(
                f,
                "damaged or unformatted operation log: {found:#04x} at {at:#x}"
            ),
            Self::Nvm(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ListError {}
