//! The batch of most system calls, in few instructions: a node leaves its list, and another one, which is in none, comes to the
//! end of another list. So a task blocks, and so it is woken.
//!
//! The same bytes in the same stores as by the general way, which finds its place where it is not at the end, and what is
//! wrong where something is.

use nvm_core::{Nvm, RawOffset};

use super::{BATCH, EMPTY, LAST, OpLog, STAGED};
use crate::fault::{self, Fault};
use crate::layout::{Between, Link};
use crate::operation::Code;
use crate::{ListError, Operation};

impl OpLog {
    /// Stages such a batch. Answers `false`, and has stored nothing, where it is another one, or where something is wrong: the
    /// general way finds out what.
    #[inline]
    pub(super) fn stage_pair<N: Nvm>(
        &self,
        nvm: &N,
        operations: &[Operation],
        tag: u16,
    ) -> Result<bool, ListError> {
        let [Operation::Remove { node: leaving }, coming] = operations else {
            return Ok(false);
        };
        let (leaving, node, list) = (leaving.link(), coming.node().link(), coming.target());
        let key = match coming {
            Operation::PushBack { .. } => None,
            Operation::InsertSorted { key, .. } => Some(*key),
            _ => return Ok(false),
        };
        let links = leaving.load_links(nvm)?;
        let left = links.owner();
        // As a node that is in a list is not one that is in none, these are two.
        let is_simple = !fault::is_active(Fault::NoShortWay)
            && self.capacity >= 2
            && left != Link::NONE
            && left != leaving
            && left != list
            && links.prev().load_next(nvm)? == leaving
            && links.next().load_prev(nvm)? == leaving
            && node.load_owner(nvm)? == Link::NONE
            && list != Link::NONE
            && list.load_owner(nvm)? == list;
        if !is_simple {
            return Ok(false);
        }
        let tail = list.load_prev(nvm)?;
        if tail.load_next(nvm)? != list {
            return Ok(false);
        }
        let mut new_key = None;
        if let Some(key) = key {
            let is_behind =
                tail == list || tail.load_owner(nvm)? == list && tail.load_key(nvm)? <= key;
            if !is_behind {
                return Ok(false);
            }
            new_key = (node.load_key(nvm)? != key).then_some(key);
        }
        let between = Between {
            prev: tail,
            next: list,
        };
        node.store_place(nvm, self.class, new_key, between)?;
        if fault::is_active(Fault::PublishFirst) {
            self.store_state(nvm, STAGED)?;
        }
        let ([n0, n1], [l0, l1]) = (node.0.to_le_bytes(), leaving.0.to_le_bytes());
        let [t0, t1] = tag.to_le_bytes();
        let (link, remove) = (Code::Link as u8 | LAST, Code::Remove as u8);
        let bytes = [n0, n1, link, l0, l1, remove, t0, t1, STAGED];
        let at = self.end - bytes.len() as RawOffset;
        if N::ATOM < 4 || !self.end.is_multiple_of(4) {
            nvm.write(self.class, at, &bytes)?;
        } else {
            // The same three stores. Over a bus one write is better.
            let words = [[n1, link, l0, l1], [remove, t0, t1, STAGED]].map(u32::from_le_bytes);
            nvm.write_u8(self.class, at, n0)?;
            nvm.write_u32(self.class, at + 1, words[0])?;
            nvm.write_u32(self.class, at + 5, words[1])?;
        }
        Ok(true)
    }

    /// Carries such a batch out, after the commit.
    #[inline]
    pub(super) fn run_pair<N: Nvm>(
        &self,
        nvm: &N,
        leaving: &Operation,
        coming: &Operation,
    ) -> Result<(), ListError> {
        let steps = self.steps(nvm, BATCH);
        steps.remove(leaving.node().link())?;
        if fault::is_active(Fault::RetireFirst) {
            self.store_state(nvm, EMPTY)?;
        }
        steps.link_in(coming.node().link())?;
        self.store_state(nvm, EMPTY)
    }
}
