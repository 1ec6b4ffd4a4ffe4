//! What NVM holds of a task, besides its thread's logs and tables.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..12 | state node: in a ready list, in a delay list (key: the tick at which it wakes), or in none |
//! | 12..24 | event node: in the wait list of what the task waits for (key: by class and priority), or in none |
//! | 24..28 | where the result of its blocked system call goes |
//! | 28..32 | notification value |
//! | 32 | settings: base priority (bits 0..3), notified (bit 6), suspended (bit 7) |
//! | 33 | priority: the base, or higher where it is inherited |
//! | 34..36 | generation: how often a task was created in this slot |
//! | 36..38 | held: the first of the contended mutexes that it holds (module `mutex`) |
//! | 38..40 | not used |
//!
//! There is no field for the state: it follows from the lists that the nodes are in, and from the bit that says
//! that the task is suspended; so no power loss can make the two contradict each other.

use nvm_core::{Offset, RawOffset, field};
use nvm_list::Node;

/// A task's position among the program's tasks: what NVM holds in place of a code address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskIndex(pub u8);

/// A task's priority: 0 to 7, the higher the more urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(pub u8);

nvm_core::persist! {
    /// Names a task, and no other that may be created in its place after it: plain data, 4 bytes. Calls with
    /// one whose task has ended fail with [`Outcome::NoSuchTask`](crate::Outcome::NoSuchTask).
    pub struct TaskId {
        generation: u16,
        index: u8,
        unused: u8,
    }

    /// A task's control block.
    pub(crate) struct ControlBlock {
        pub(crate) state: Node,
        pub(crate) event: Node,
        pub(crate) result_at: u32,
        pub(crate) notification: u32,
        pub(crate) settings: u8,
        pub(crate) priority: u8,
        pub(crate) generation: u16,
        pub(crate) held: u16,
        pub(crate) unused: u16,
    }
}

const _: () = assert!(size_of::<ControlBlock>() == 40);

impl Eq for TaskId {}

impl TaskId {
    /// The task that was created as the `generation`th in a slot; one of the program's first tasks has 0.
    pub const fn new(index: TaskIndex, generation: u16) -> Self {
        Self {
            generation,
            index: index.0,
            unused: 0,
        }
    }

    /// Its position among the program's tasks.
    pub const fn index(self) -> TaskIndex {
        TaskIndex(self.index)
    }

    /// How many tasks were created in its slot before it, and it.
    pub const fn generation(self) -> u16 {
        self.generation
    }
}

/// What a task was set to: one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings(pub(crate) u8);

impl Settings {
    const BASE: u8 = 0x0F;
    const NOTIFIED: u8 = 0x40;
    const SUSPENDED: u8 = 0x80;

    pub(crate) const fn of(base: Priority) -> Self {
        Self(base.0 & Self::BASE)
    }

    pub(crate) const fn base(self) -> Priority {
        Priority(self.0 & Self::BASE)
    }

    pub(crate) const fn with_base(self, base: Priority) -> Self {
        Self(self.0 & !Self::BASE | base.0 & Self::BASE)
    }

    pub(crate) const fn is_suspended(self) -> bool {
        self.0 & Self::SUSPENDED != 0
    }

    pub(crate) const fn with_suspended(self, suspended: bool) -> Self {
        Self(self.0 & !Self::SUSPENDED | if suspended { Self::SUSPENDED } else { 0 })
    }

    pub(crate) const fn is_notified(self) -> bool {
        self.0 & Self::NOTIFIED != 0
    }

    pub(crate) const fn with_notified(self, notified: bool) -> Self {
        Self(self.0 & !Self::NOTIFIED | if notified { Self::NOTIFIED } else { 0 })
    }
}

/// The place of a control block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskAt(pub(crate) Offset<ControlBlock>);

impl TaskAt {
    /// The control block that lies so many bytes behind this one.
    #[inline]
    pub(crate) const fn behind(self, bytes: RawOffset) -> Self {
        Self(Offset::new(self.0.get() + bytes))
    }

    #[cfg(feature = "inspect")]
    pub(crate) fn state(self) -> Offset<Node> {
        field!(self.0, ControlBlock.state)
    }

    #[cfg(feature = "inspect")]
    pub(crate) fn event(self) -> Offset<Node> {
        field!(self.0, ControlBlock.event)
    }

    pub(crate) fn result_at(self) -> Offset<u32> {
        field!(self.0, ControlBlock.result_at)
    }

    pub(crate) fn notification(self) -> Offset<u32> {
        field!(self.0, ControlBlock.notification)
    }

    pub(crate) fn settings(self) -> Offset<u8> {
        field!(self.0, ControlBlock.settings)
    }

    pub(crate) fn priority(self) -> Offset<u8> {
        field!(self.0, ControlBlock.priority)
    }

    pub(crate) fn generation(self) -> Offset<u16> {
        field!(self.0, ControlBlock.generation)
    }

    pub(crate) fn held(self) -> Offset<u16> {
        field!(self.0, ControlBlock.held)
    }
}
