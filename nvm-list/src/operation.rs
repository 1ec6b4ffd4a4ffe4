//! What can be done, and how the operation log records it.
//!
//! A record, whose length its code tells:
//!
//! | bytes from the record's end | field | in the records of |
//! | --- | --- | --- |
//! | -9..-5 | `key` | `InsertKeyed`, `MoveKeyed` |
//! | -5..-3 | `list` | all but `Remove` and `Link` |
//! | -3..-1 | `node` | all |
//! | -1 | `code` | all |
//!
//! A record that stands alone ends with the log's state byte instead, which contains the code: so the last
//! byte stored publishes it.

use nvm_core::{Nvm, RawOffset};

use crate::layout::Link;
use crate::walk::Place;
use crate::{List, ListError, NodeRef};

/// A change to lists that is carried out wholly or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)] // The node, and the list, lie at the same place in all of them: no comparison is needed to find them.
pub enum Operation {
    /// Takes a node out of the list that it is in.
    Remove {
        /// The node.
        node: NodeRef,
    },
    /// Puts a node that is in no list at the end of one.
    PushBack {
        /// The node.
        node: NodeRef,
        /// The list.
        list: List,
    },
    /// Puts a node that is in no list at the beginning of one.
    PushFront {
        /// The node.
        node: NodeRef,
        /// The list.
        list: List,
    },
    /// Puts a node that is in no list into one that is sorted by ascending keys, behind its equals.
    InsertSorted {
        /// The node.
        node: NodeRef,
        /// The list.
        list: List,
        /// The node's new key.
        key: u32,
    },
    /// Takes a node out of the list that it is in, and puts it at the end of another or of the same.
    MoveBack {
        /// The node.
        node: NodeRef,
        /// The list where it goes.
        list: List,
    },
    /// Takes a node out of the list that it is in, and puts it at the beginning of another or of the same.
    MoveFront {
        /// The node.
        node: NodeRef,
        /// The list where it goes.
        list: List,
    },
    /// Takes a node out of the list that it is in, and puts it into a sorted one, or back into the same,
    /// behind its equals.
    MoveSorted {
        /// The node.
        node: NodeRef,
        /// The list where it goes.
        list: List,
        /// The node's new key.
        key: u32,
    },
}

impl Operation {
    /// The node.
    #[inline]
    pub const fn node(&self) -> NodeRef {
        match *self {
            Self::Remove { node }
            | Self::PushBack { node, .. }
            | Self::PushFront { node, .. }
            | Self::InsertSorted { node, .. }
            | Self::MoveBack { node, .. }
            | Self::MoveFront { node, .. }
            | Self::MoveSorted { node, .. } => node,
        }
    }

    /// The list where the node goes.
    #[inline]
    pub const fn list(&self) -> Option<List> {
        match *self {
            Self::Remove { .. } => None,
            Self::PushBack { list, .. }
            | Self::PushFront { list, .. }
            | Self::InsertSorted { list, .. }
            | Self::MoveBack { list, .. }
            | Self::MoveFront { list, .. }
            | Self::MoveSorted { list, .. } => Some(list),
        }
    }

    /// The link to that list; [`Link::NONE`] where the node goes into none.
    #[inline]
    pub(crate) const fn target(&self) -> Link {
        match *self {
            Self::Remove { .. } => Link::NONE,
            Self::PushBack { list, .. }
            | Self::PushFront { list, .. }
            | Self::InsertSorted { list, .. }
            | Self::MoveBack { list, .. }
            | Self::MoveFront { list, .. }
            | Self::MoveSorted { list, .. } => list.link(),
        }
    }

    /// Whether the node must be in no list before.
    pub(crate) const fn inserts(&self) -> bool {
        matches!(
            self,
            Self::PushBack { .. } | Self::PushFront { .. } | Self::InsertSorted { .. }
        )
    }

    /// The key that the node gets.
    pub(crate) const fn key(&self) -> Option<u32> {
        match *self {
            Self::InsertSorted { key, .. } | Self::MoveSorted { key, .. } => Some(key),
            _ => None,
        }
    }

    /// Where in the list the node goes.
    pub(crate) const fn place(&self) -> Place {
        match *self {
            Self::PushFront { .. } | Self::MoveFront { .. } => Place::Front,
            Self::InsertSorted { key, .. } | Self::MoveSorted { key, .. } => Place::Sorted(key),
            _ => Place::Back,
        }
    }

    /// The code of the full record. `keyed`: the key has to be in it, since the node does not have it yet.
    pub(crate) const fn code(&self, keyed: bool) -> Code {
        match self {
            Self::Remove { .. } => Code::Remove,
            Self::PushBack { .. } => Code::PushBack,
            Self::PushFront { .. } => Code::PushFront,
            Self::InsertSorted { .. } if keyed => Code::InsertKeyed,
            Self::InsertSorted { .. } => Code::Insert,
            Self::MoveBack { .. } => Code::MoveBack,
            Self::MoveFront { .. } => Code::MoveFront,
            Self::MoveSorted { .. } if keyed => Code::MoveKeyed,
            Self::MoveSorted { .. } => Code::Move,
        }
    }

    /// The record with a code of [`code`](Operation::code), or with [`Code::Link`].
    #[inline]
    pub(crate) const fn record(&self, code: Code) -> LogRecord {
        LogRecord {
            code,
            node: self.node().link(),
            list: self.target(),
            key: match self.key() {
                Some(key) => key,
                None => 0,
            },
        }
    }
}

/// What a record tells to do. 4 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// Unlink the node.
    Remove = 1,
    /// Link a node whose own links and key are already stored.
    Link = 2,
    PushBack = 3,
    PushFront = 4,
    /// Insert by the key that the node has.
    Insert = 5,
    InsertKeyed = 6,
    MoveBack = 7,
    MoveFront = 8,
    /// Move by the key that the node has.
    Move = 9,
    MoveKeyed = 10,
}

impl Code {
    pub(crate) const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            1 => Self::Remove,
            2 => Self::Link,
            3 => Self::PushBack,
            4 => Self::PushFront,
            5 => Self::Insert,
            6 => Self::InsertKeyed,
            7 => Self::MoveBack,
            8 => Self::MoveFront,
            9 => Self::Move,
            10 => Self::MoveKeyed,
            _ => return None,
        })
    }

    /// Bytes of the fields in front of the code.
    pub(crate) const fn field_bytes(self) -> usize {
        match self {
            Self::Remove | Self::Link => 2,
            Self::InsertKeyed | Self::MoveKeyed => 8,
            _ => 4,
        }
    }

    /// Whether the node has to be unlinked first.
    pub(crate) const fn moves(self) -> bool {
        matches!(
            self,
            Self::MoveBack | Self::MoveFront | Self::Move | Self::MoveKeyed
        )
    }
}

/// The longest record's fields.
pub(crate) const FIELD_BYTES: usize = 8;
/// The longest record.
pub(crate) const RECORD_BYTES: usize = FIELD_BYTES + 1;

/// An operation as the log records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogRecord {
    pub(crate) code: Code,
    pub(crate) node: Link,
    pub(crate) list: Link,
    pub(crate) key: u32,
}

impl LogRecord {
    /// The fields and a last byte; the record is the last `field_bytes() + 1` of them.
    pub(crate) fn encode(self, last: u8) -> [u8; RECORD_BYTES] {
        let [k0, k1, k2, k3] = self.key.to_le_bytes();
        let [l0, l1] = self.list.0.to_le_bytes();
        let [n0, n1] = self.node.0.to_le_bytes();
        [k0, k1, k2, k3, l0, l1, n0, n1, last]
    }

    /// Loads the fields that end before `fields_end`, but not those that the code has none of.
    pub(crate) fn load<N: Nvm>(
        nvm: &N,
        fields_end: RawOffset,
        code: Code,
    ) -> Result<Self, ListError> {
        let len = code.field_bytes();
        let at = |bytes: RawOffset| fields_end.wrapping_sub(bytes);
        let mut record = Self {
            code,
            node: Link(nvm.read_u16(at(2))?),
            list: Link::NONE,
            key: 0,
        };
        if len > 2 {
            record.list = Link(nvm.read_u16(at(4))?);
        }
        if len > 4 {
            record.key = nvm.read_u32(at(8))?;
        }
        Ok(record)
    }

    /// Where in the list the node goes.
    pub(crate) fn place<N: Nvm>(self, nvm: &N) -> Result<Place, ListError> {
        Ok(match self.code {
            Code::PushFront | Code::MoveFront => Place::Front,
            Code::Insert | Code::Move => Place::Sorted(self.node.load_key(nvm)?),
            Code::InsertKeyed | Code::MoveKeyed => Place::Sorted(self.key),
            _ => Place::Back,
        })
    }

    /// The key that has yet to be stored in the node.
    pub(crate) fn key_to_store(self) -> Option<u32> {
        (self.code.field_bytes() == FIELD_BYTES).then_some(self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_again_by_its_bits() {
        for bits in 0..=255 {
            if let Some(code) = Code::from_bits(bits) {
                assert_eq!(code as u8, bits);
                assert!(bits < 16, "a code has 4 bits");
            }
        }
        assert_eq!(Code::from_bits(0), None);
    }
}
