//! An event group as it stands in an image, for tools.

use intos_sched::{Error, Scheduler, TaskIndex};
use nvm_core::{Nvm, Offset, RawOffset, field};
use nvm_list::List;

use super::{ALL, CLEAR, DELETED, Header, USABLE, awaited_by, is_met};

/// An event group as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventGroupView {
    /// Those who wait for bits.
    pub waiting: List,
    /// The bits that are set.
    pub bits: u32,
    /// Whether the group was deleted.
    pub is_deleted: bool,
    /// Bits above those that there are.
    pub unused: u32,
}

/// What a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwaitedBits {
    /// These bits.
    pub bits: u32,
    /// All of them, and not one.
    pub all: bool,
    /// And clears them.
    pub clears: bool,
    raw: u32,
}

impl EventGroupView {
    /// Where the bits lie, from the beginning of a group.
    pub const BITS_AT: RawOffset = core::mem::offset_of!(Header, bits) as RawOffset;

    /// Reads the group at an offset.
    ///
    /// # Errors
    ///
    /// Where none can lie there.
    pub fn load<N: Nvm>(nvm: &N, at: RawOffset) -> Result<Self, Error> {
        let at: Offset<Header> = Offset::new(at);
        let header = nvm.load(at)?;
        Ok(Self {
            waiting: List::at(field!(at, Header.waiting))?,
            bits: header.bits & USABLE,
            is_deleted: header.bits & DELETED != 0,
            unused: header.bits & !(USABLE | DELETED),
        })
    }
}

impl AwaitedBits {
    /// What a task waits for that is in the wait list of a group.
    ///
    /// # Errors
    ///
    /// Where that does not lie in the NVM.
    pub fn of<N: Nvm + Copy>(scheduler: &Scheduler<N>, task: TaskIndex) -> Result<Self, Error> {
        let raw = awaited_by(scheduler, task)?;
        Ok(Self {
            bits: raw & USABLE,
            all: raw & ALL != 0,
            clears: raw & CLEAR != 0,
            raw,
        })
    }

    /// Whether a group's bits are those.
    pub const fn are_set(&self, bits: u32) -> bool {
        is_met(self.raw, bits)
    }
}
