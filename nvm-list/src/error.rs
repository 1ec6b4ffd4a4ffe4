//! What can go wrong with a list.

use core::fmt;

use nvm_core::Error;

/// An operation that was not carried out, or a list that is not sound.
///
/// The errors of the first group come before anything is stored; so do those of the second group where
/// an operation stands alone. All places are byte offsets in the region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListError {
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
        needed: u32,
        /// Bytes that it has.
        len: u32,
    },
    /// The batch has more operations than the log's area can hold.
    TooManyOperations {
        /// Operations in the batch.
        operations: usize,
        /// Operations that fit.
        capacity: usize,
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
        /// Its key.
        key: u32,
        /// The key before it.
        previous: u32,
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

impl From<Error> for ListError {
    fn from(error: Error) -> Self {
        Self::Nvm(error)
    }
}

impl fmt::Display for ListError {
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
                "a batch of {operations} list operations; the operation log holds {capacity}"
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
            Self::Unsorted {
                node,
                key,
                previous,
            } => write!(
                f,
                "the node at {node:#x} with key {key} comes after one with key {previous}"
            ),
            Self::CorruptLog { at, found } => write!(
                f,
                "damaged or unformatted operation log: {found:#04x} at {at:#x}"
            ),
            Self::Nvm(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ListError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Nvm(error) => Some(error),
            _ => None,
        }
    }
}
