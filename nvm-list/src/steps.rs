//! The stores of each operation, in an order that can be rolled forward from wherever it was cut.
//!
//! Each operation runs with its record in force. Below, `p` and `s` are the node's own `prev` and `next`.
//! The same code runs the first time and in a recovery; what it finds stored decides where it begins.
//!
//! # `Remove`
//!
//! | store | power lost after it: recovery |
//! | --- | --- |
//! | 1. `p.next` = `s` | stores all anew: the node's own links are as they were |
//! | 2. `s.prev` = `p` | the same |
//! | 3. node's `owner` = 0 | the same |
//! | 4. next operation's progress, or retired | none of this operation |
//!
//! Before a `Link` no progress is stored: it is chosen where no operation before it in its batch touches its list, neither
//! by taking a node out nor by putting one in. So these find all links as they have left them, and may be done again while
//! it is under way.
//!
//! # `Link`: key and links were stored in the unlinked node before the record was published
//!
//! | store | power lost after it: recovery |
//! | --- | --- |
//! | 1. `p.next` = node | stores all anew, from the node's own links |
//! | 2. `s.prev` = node | the same |
//! | 3. node's `owner` = `p`'s owner | the same |
//! | 4. next operation's progress, or retired | none of this operation |
//!
//! # All others: unlink if linked, find the place, link
//!
//! A move that would leave the node where it is stores its key only. Else:
//!
//! | store | phase | power lost after it: recovery |
//! | --- | --- | --- |
//! | 1. `p.next` = `s` (moves only) | start | unlinks anew |
//! | 2. `s.prev` = `p` (moves only) | start | unlinks anew |
//! | 3. phase (moves only) | unlinked | goes on with 4: the node's own links mean nothing now |
//! | 4. node's key (where it is new), `next`, `prev` | unlinked | searches and stores anew: no other link has changed |
//! | 5. node's `owner` = list; where it was the same list already: phase | prepared | goes on with 6 |
//! | 6. `p.next` = node | prepared | links anew, from the node's own links |
//! | 7. `s.prev` = node | prepared | links anew |
//! | 8. next operation's progress, or retired | | none of this operation |
//!
//! The owner tells whether step 4 is complete: a torn owner is not the list's, since before it was
//! another one, and the last byte comes last. A move within a list cannot use it so, and notes another
//! phase at the cost of a byte; the phase stored in step 3 says which of the two it is.

use nvm_core::{Class, Nvm, RawOffset, ablation};

use crate::ListError;
use crate::fault::{self, Fault};
use crate::layout::{Link, Links};
use crate::operation::{Code, LogRecord, Operation};
use crate::walk::{find, stays};

/// How far a move has come: 2 bits of the log's state byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Nothing, or part of the unlinking.
    Start = 0,
    /// Unlinked; the node's owner says whether it is prepared.
    Unlinked = 1,
    /// Unlinked from the list that it goes into again.
    UnlinkedSame = 2,
    /// The node's own links are its new ones.
    Prepared = 3,
}

impl Phase {
    pub(crate) const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Start,
            1 => Self::Unlinked,
            2 => Self::UnlinkedSame,
            _ => Self::Prepared,
        }
    }
}

/// An operation in force.
pub(crate) struct Steps<'a, N> {
    pub(crate) nvm: &'a N,
    pub(crate) class: Class,
    /// Where the log's state byte lies.
    pub(crate) state_at: RawOffset,
    /// The state byte of this operation in phase [`Phase::Start`].
    pub(crate) state: u8,
}

impl<N: Nvm> Steps<'_, N> {
    /// Carries the operation out from the phase on.
    pub(crate) fn run(&self, record: LogRecord, phase: Phase) -> Result<(), ListError> {
        match record.code {
            Code::Remove => self.remove(record.node),
            Code::Link => self.link_in(record.node),
            _ => self.place(record, phase),
        }
    }

    /// The same, from its beginning, of an operation that is recorded with a code.
    #[inline]
    pub(crate) fn begin(&self, operation: &Operation, code: Code) -> Result<(), ListError> {
        match code {
            Code::Remove => self.remove(operation.node().link()),
            Code::Link => self.link_in(operation.node().link()),
            _ => self.place(operation.record(code), Phase::Start),
        }
    }

    #[inline]
    pub(crate) fn remove(&self, node: Link) -> Result<(), ListError> {
        self.unlink(node.load_links(self.nvm)?)?;
        Ok(node.store_owner(self.nvm, self.class, Link::NONE)?)
    }

    #[inline]
    pub(crate) fn link_in(&self, node: Link) -> Result<(), ListError> {
        let prev = self.link(node)?;
        let owner = prev.load_owner(self.nvm)?;
        Ok(node.store_owner(self.nvm, self.class, owner)?)
    }

    #[inline(never)]
    fn place(&self, record: LogRecord, mut phase: Phase) -> Result<(), ListError> {
        let (nvm, class) = (self.nvm, self.class);
        let LogRecord { node, list, .. } = record;
        if phase == Phase::Start && record.code.moves() {
            let links = node.load_links(nvm)?;
            if stays(nvm, links, list, record.place(nvm)?)? {
                if let Some(key) = record.key_to_store() {
                    node.store_key(nvm, class, key)?;
                }
                return Ok(());
            }
            self.unlink(links)?;
            phase = if links.owner() == list {
                Phase::UnlinkedSame
            } else {
                Phase::Unlinked
            };
            if !fault::is_active(Fault::NoUnlinkedMark) {
                self.note(phase)?;
            }
        }
        if phase == Phase::UnlinkedSame {
            self.prepare(record)?;
            if !fault::is_active(Fault::NoPreparedMark) {
                self.note(Phase::Prepared)?;
            }
        } else if phase != Phase::Prepared && node.load_owner(nvm)? != list {
            if fault::is_active(Fault::OwnerBeforeLinks) {
                node.store_owner(nvm, class, list)?;
            }
            self.prepare(record)?;
            node.store_owner(nvm, class, list)?;
        }
        self.link(node)?;
        Ok(())
    }

    /// Stores the phase.
    fn note(&self, phase: Phase) -> Result<(), ListError> {
        if !ablation::LISTS_RECORD {
            return Ok(());
        }
        Ok(self
            .nvm
            .write_u8(self.class, self.state_at, self.state | phase as u8)?)
    }

    /// Makes the node's neighbours link to each other.
    fn unlink(&self, links: Links) -> Result<(), ListError> {
        links
            .prev()
            .store_next(self.nvm, self.class, links.next())?;
        links
            .next()
            .store_prev(self.nvm, self.class, links.prev())?;
        Ok(())
    }

    /// Stores in the unlinked node what it will be linked by.
    fn prepare(&self, record: LogRecord) -> Result<(), ListError> {
        let between = find(self.nvm, record.list, record.place(self.nvm)?)?;
        let key = record.key_to_store();
        record
            .node
            .store_place(self.nvm, self.class, key, between)?;
        Ok(())
    }

    /// Makes the node's neighbours link to it. Gives the one before it.
    fn link(&self, node: Link) -> Result<Link, ListError> {
        let links = node.load_links(self.nvm)?;
        let (prev, next) = (links.prev(), links.next());
        if fault::is_active(Fault::NoBackLink) && prev.load_next(self.nvm)? == node {
            return Ok(prev);
        }
        prev.store_next(self.nvm, self.class, node)?;
        next.store_prev(self.nvm, self.class, node)?;
        Ok(prev)
    }
}
