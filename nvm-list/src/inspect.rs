//! Heads, nodes and the operation log as they stand in an image, for tools: reads, and stores nothing.
//!
//! Links are told as the byte offsets that they lead to: the `next` field of a head, which is the head's offset, or of a
//! node, which lies behind its key.

use nvm_core::{Nvm, RawOffset};

use crate::layout::{KEY_BYTES, Links};
use crate::op_log::{
    BATCH, EMPTY, HEADER_BYTES, KIND, LAST, MAX_OPERATIONS, OpLog, SINGLE, STAGED,
};
use crate::operation::{Code, LogRecord};
use crate::{List, ListError, NodeRef};

/// The links of a head or of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinksView {
    /// Where the links lie: the offset of `next`.
    pub at: RawOffset,
    /// Where `next` leads.
    pub next: RawOffset,
    /// Where `prev` leads.
    pub prev: RawOffset,
    /// Where `owner` leads; 0: the node is in no list.
    pub owner: RawOffset,
    /// The program's own number.
    pub label: u16,
}

impl LinksView {
    /// Where `prev` lies.
    pub const fn prev_at(&self) -> RawOffset {
        self.at + 2
    }

    /// Where `owner` lies.
    pub const fn owner_at(&self) -> RawOffset {
        self.at + 4
    }

    /// Where the label lies.
    pub const fn label_at(&self) -> RawOffset {
        self.at + 6
    }

    const fn of(at: RawOffset, links: Links, label: u16) -> Self {
        Self {
            at,
            next: links.next().offset(),
            prev: links.prev().offset(),
            owner: links.owner().offset(),
            label,
        }
    }
}

impl List {
    /// The head's links.
    ///
    /// # Errors
    ///
    /// Where it does not lie in the NVM.
    pub fn links<N: Nvm>(self, nvm: &N) -> Result<LinksView, ListError> {
        let link = self.link();
        let links = link.load_links(nvm)?;
        Ok(LinksView::of(link.offset(), links, self.label(nvm)?))
    }
}

impl NodeRef {
    /// The node's links.
    ///
    /// # Errors
    ///
    /// Where it does not lie in the NVM.
    pub fn links<N: Nvm>(self, nvm: &N) -> Result<LinksView, ListError> {
        let link = self.link();
        let links = link.load_links(nvm)?;
        Ok(LinksView::of(link.offset(), links, self.label(nvm)?))
    }

    /// Where links to the node lead.
    pub const fn links_at(self) -> RawOffset {
        self.offset().get() + KEY_BYTES
    }
}

/// What an operation log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpLogView {
    /// Nothing to do.
    Empty,
    /// Operations that come in force with a commit.
    Staged {
        /// Which one.
        tag: u16,
        /// The operations, in order.
        records: Records,
    },
    /// Operations in force.
    InForce {
        /// Which of them is under way.
        number: u8,
        /// The operations, in order.
        records: Records,
    },
    /// Something that no operation stores.
    Corrupt {
        /// Where it was noticed.
        at: RawOffset,
    },
}

/// The records of an operation log.
pub type Records = [Option<RecordView>; MAX_OPERATIONS];

/// A record of an operation log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordView {
    /// What is to be done.
    pub name: &'static str,
    /// Where the node's links lie.
    pub node: RawOffset,
    /// Where the head lies of the list that it goes to, if the record names one.
    pub list: Option<RawOffset>,
    /// The key that it gets, if the record has one.
    pub key: Option<u32>,
    /// Where the record ends: offset of the node's link behind the other fields.
    pub at: RawOffset,
}

impl RecordView {
    fn load<N: Nvm>(nvm: &N, fields_end: RawOffset, code: Code) -> Result<Self, ListError> {
        let record = LogRecord::load(nvm, fields_end, code)?;
        let named = !matches!(code, Code::Remove | Code::Link);
        Ok(Self {
            name: match code {
                Code::Remove => "remove",
                Code::Link => "link",
                Code::PushBack => "push back",
                Code::PushFront => "push front",
                Code::Insert | Code::InsertKeyed => "insert sorted",
                Code::MoveBack => "move back",
                Code::MoveFront => "move front",
                Code::Move | Code::MoveKeyed => "move sorted",
            },
            node: record.node.offset(),
            list: named.then_some(record.list.offset()),
            key: record.key_to_store(),
            at: fields_end.saturating_sub(2),
        })
    }
}

impl OpLog {
    /// Where the state byte lies.
    pub const fn state_offset(&self) -> u32 {
        self.state_at()
    }

    /// What the log holds.
    ///
    /// # Errors
    ///
    /// Where it does not lie in the NVM.
    pub fn view<N: Nvm>(&self, nvm: &N) -> Result<OpLogView, ListError> {
        let state = self.load_state(nvm)?;
        let mut records = [None; MAX_OPERATIONS];
        let corrupt = |at| Ok(OpLogView::Corrupt { at });
        match state & KIND {
            _ if state == EMPTY => return Ok(OpLogView::Empty),
            SINGLE => {
                let Some(code) = Code::from_bits(state >> 2 & 0xF) else {
                    return corrupt(self.state_at());
                };
                if let Some(first) = records.first_mut() {
                    *first = Some(RecordView::load(nvm, self.state_at(), code)?);
                }
                return Ok(OpLogView::InForce { number: 0, records });
            }
            STAGED if state != STAGED => return corrupt(self.state_at()),
            STAGED | BATCH => {}
            _ => return corrupt(self.state_at()),
        }
        let mut end = self.end() - HEADER_BYTES as RawOffset;
        let mut count = 0;
        for slot in records.iter_mut().take(self.capacity()) {
            let found = nvm.read_u8(end - 1)?;
            let Some(code) = Code::from_bits(found & !LAST) else {
                return corrupt(end - 1);
            };
            *slot = Some(RecordView::load(nvm, end - 1, code)?);
            count += 1;
            if found & LAST != 0 {
                if state == STAGED {
                    let tag = nvm.read_u16(self.end() - HEADER_BYTES as RawOffset)?;
                    return Ok(OpLogView::Staged { tag, records });
                }
                let number = state >> 2 & 0xF;
                if number >= count {
                    return corrupt(self.state_at());
                }
                return Ok(OpLogView::InForce { number, records });
            }
            // Cannot go below the area: it has room for `capacity` records of the longest kind.
            end -= code.field_bytes() as RawOffset + 1;
        }
        corrupt(self.state_at())
    }
}
