//! How much of the stacks was used.

use core::fmt;

use intos_sched::TaskIndex;

use super::system;
use crate::arch;

/// How much of a stack was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackUse {
    /// Whose it is; `idle` is that on which the processor idles and the program's end is told, or `kernel` where that is
    /// the main stack.
    pub task: &'static str,
    /// Its bytes: what the task's entry asks for, rounded up.
    pub bytes: usize,
    /// How many of them were used at most since the reset, by all tasks that had it. What a function took of it without
    /// storing to it is not seen.
    pub used: usize,
}

impl fmt::Display for StackUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, bytes, used } = self;
        write!(f, "{task}: {used} of {bytes} bytes of stack")
    }
}

/// How much of each stack was used since the reset. Nothing, where
/// `Firmware::MEASURE_STACKS` does not say that it is measured, and before `start`.
///
/// A task that a power loss made start again bypasses what it had done before, so a whole run without a power loss tells
/// most. Leave room for interrupts, which push up to 104 bytes to the stack of the task that they interrupt.
pub fn stack_use() -> impl Iterator<Item = StackUse> {
    system::get().into_iter().flat_map(|system| {
        let tasks = usize::from(system.core.task_count());
        (0..=tasks).filter_map(move |index| {
            let (bytes, used) = system.stacks.used(system.core, index)?;
            let task = if index == tasks {
                arch::IDLE_NAME
            } else {
                system.core.name(TaskIndex(index as u8))
            };
            Some(StackUse { task, bytes, used })
        })
    })
}
