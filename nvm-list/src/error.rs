//! What can go wrong with a list.

use core::fmt;

use nvm_core::{Count, Error};

use crate::{List, NodeRef};

/// An operation that was not carried out, or a list that is not sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListError {
    /// The NVM did not answer. After an error of the device, recover before going on.
    Nvm(Error),
    /// The list, the node or the log is not as the operation needs it.
    List(ListFault),
}

/// What is not as it should be.
///
/// The faults of the first group come before anything is stored; so do those of the second group where an
/// operation stands alone.
// At most 6 bytes that may begin at any even one, so that whoever has 8 bytes for an error can keep one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListFault {
    /// A head or node lies at an offset that is no multiple of 4.
    Misaligned {
        /// Where it lies.
        offset: At,
    },
    /// A head or node does not lie within the first 256 KiB of the region, or lies at its very start.
    OutOfReach {
        /// Where it lies.
        offset: At,
    },
    /// The area of the operation log is too small.
    LogTooSmall {
        /// Bytes that it needs at least.
        needed: Count,
        /// Bytes that it has.
        len: Count,
    },
    /// The batch has more operations than the log's area can hold.
    TooManyOperations {
        /// Operations in the batch.
        operations: Count,
        /// Operations that fit.
        capacity: Count,
    },
    /// The log holds an operation that has not been completed: complete, discard or recover first.
    Busy,
    /// The node to be inserted is in a list.
    AlreadyLinked {
        /// The node.
        node: NodeRef,
        /// Its list.
        list: List,
    },
    /// The node to be removed or moved is in no list.
    NotLinked {
        /// The node.
        node: NodeRef,
    },
    /// There is no formatted head.
    NotAList {
        /// Where it should be.
        list: List,
    },
    /// There is the head of a list where a node should be.
    NotANode {
        /// Where it should be.
        node: NodeRef,
    },

    /// Neighbours do not link to each other: the image is damaged.
    BrokenLink {
        /// Where the `next` field of the node or head lies whose neighbours disagree with it.
        at: At,
    },
    /// A node reached through one list says that it is in another, or in none: the image is damaged.
    WrongOwner {
        /// The node.
        node: NodeRef,
        /// The list that leads to it.
        list: List,
    },
    /// The list has more nodes than it can have: the image is damaged.
    TooLong {
        /// The list.
        list: List,
        /// Nodes that it can have.
        limit: Count,
    },
    /// A node's key is less than its predecessor's in a list that should be sorted.
    Unsorted {
        /// The node.
        node: NodeRef,
    },
    /// The operation log holds no valid record: the image is damaged, or the log was never formatted.
    CorruptLog {
        /// What the byte holds that is not valid.
        found: u8,
        /// Where it lies.
        at: At,
    },
}

/// A byte offset in the region. Shown as a hexadecimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At([u16; 2]);

impl At {
    /// An offset.
    #[inline]
    pub const fn new(offset: u32) -> Self {
        Self([offset as u16, (offset >> 16) as u16])
    }

    /// The offset.
    #[inline]
    pub const fn get(self) -> u32 {
        let [low, high] = self.0;
        low as u32 | (high as u32) << 16
    }
}

impl From<Error> for ListError {
    #[inline]
    fn from(error: Error) -> Self {
        Self::Nvm(error)
    }
}

impl From<ListFault> for ListError {
    #[inline]
    fn from(fault: ListFault) -> Self {
        Self::List(fault)
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.get())
    }
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nvm(error) => error.fmt(f),
            Self::List(fault) => fault.fmt(f),
        }
    }
}

impl fmt::Display for ListFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misaligned { offset } => write!(
                f,
                "a list head or node must lie at a multiple of 4 bytes, not at {offset}"
            ),
            Self::OutOfReach { offset } => write!(
                f,
                "a list head or node must lie within the first 256 KiB of the region \
                 and not at its start: {offset}"
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
                    "the node at {:#x} is already in the list at {:#x}",
                    node.offset().get(),
                    list.head().get(),
                )
            }
            Self::NotLinked { node } => {
                write!(f, "the node at {:#x} is in no list", node.offset().get())
            }
            Self::NotAList { list } => {
                write!(f, "there is no list head at {:#x}", list.head().get())
            }
            Self::NotANode { node } => write!(
                f,
                "there is a list head and no node at {:#x}",
                node.offset().get()
            ),
            Self::BrokenLink { at } => write!(
                f,
                "damaged list: the links at {at} and its neighbours' disagree"
            ),
            Self::WrongOwner { node, list } => write!(
                f,
                "damaged list: the list at {:#x} leads to the node at {:#x}, which says that it is in another or in \
                 none",
                list.head().get(),
                node.offset().get(),
            ),
            Self::TooLong { list, limit } => write!(
                f,
                "damaged list: the list at {:#x} has more than {limit} nodes",
                list.head().get(),
            ),
            Self::Unsorted { node } => write!(
                f,
                "the node at {:#x} comes after one with a greater key",
                node.offset().get()
            ),
            Self::CorruptLog { found, at } => write!(
                f,
                "damaged or unformatted operation log: {found:#04x} at {at}"
            ),
        }
    }
}

impl core::error::Error for ListError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Nvm(error) => Some(error),
            Self::List(fault) => Some(fault),
        }
    }
}

impl core::error::Error for ListFault {}

const _: () = assert!(size_of::<ListFault>() == 6 && align_of::<ListFault>() == 2);
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<ListError>() == 8 && size_of::<Result<u32, ListError>>() == 8);
