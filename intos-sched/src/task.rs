//! What NVM holds of a task, besides its thread's logs and tables.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..12 | state node: in a ready list, in the delay list (key: the tick at which it wakes), or in none |
//! | 12..24 | event node: in the wait list of what the task waits for (key: by priority), or in none |
//! | 24..28 | where the result of its blocked system call goes |
//! | 28 | priority |
//! | 29..32 | not used |
//!
//! There is no field for the state: it follows from the lists that the nodes are in, so no power loss can
//! make the two contradict each other.

use nvm_core::{Offset, field};
use nvm_list::Node;

/// A task's position in the program's table of tasks: what NVM holds in place of a code address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TaskIndex(pub u8);

/// A task's priority: 0 to 7, the higher the more urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(pub u8);

nvm_core::persist! {
    /// A task's control block.
    pub(crate) struct ControlBlock {
        pub(crate) state: Node,
        pub(crate) event: Node,
        pub(crate) result_at: u32,
        pub(crate) priority: u8,
        pub(crate) unused: [u8; 3],
    }
}

const _: () = assert!(size_of::<ControlBlock>() == 32);

/// The place of a control block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskAt(pub(crate) Offset<ControlBlock>);

impl TaskAt {
    pub(crate) fn state(self) -> Offset<Node> {
        field!(self.0, ControlBlock.state)
    }

    pub(crate) fn event(self) -> Offset<Node> {
        field!(self.0, ControlBlock.event)
    }

    pub(crate) fn result_at(self) -> Offset<u32> {
        field!(self.0, ControlBlock.result_at)
    }

    pub(crate) fn priority(self) -> Offset<u8> {
        field!(self.0, ControlBlock.priority)
    }
}
