//! Why a program cannot go on.

use core::fmt;
use nvm_core::RawOffset;

use intos_sched::{Error, TaskIndex, TaskState};

use super::system::Core;
use crate::kernel::BootError;

/// Why a program cannot go on. Nothing in NVM is changed by it: the next start tries again.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Failure<'a> {
    /// The kernel did not start.
    Boot(BootError),
    /// A task's function returned an error.
    TaskFailed {
        /// The task.
        task: &'static str,
        /// Its error.
        error: Error,
    },
    /// The handler of an interrupt returned an error.
    InterruptFailed {
        /// Which one.
        number: u8,
        /// Its error.
        error: Error,
    },
    /// The kernel's state is damaged.
    Kernel(Error),
    /// All tasks that have not ended wait for each other, without a limit.
    Deadlock {
        /// Who they are.
        waiting: Waiting<'a>,
    },
    /// A task has used more than its stack, and may have damaged what lies below it in SRAM.
    StackOverflow {
        /// Which one.
        task: &'static str,
        /// Bytes of its stack.
        stack_bytes: usize,
    },
    /// The tasks' stacks do not fit into the memory for them.
    NoStack {
        /// Bytes of all stacks.
        needed: usize,
        /// Bytes between the linker script's symbols.
        available: usize,
    },
    /// The NVM between the linker script's symbols is smaller than the board says, or not aligned to 4.
    NvmTooSmall {
        /// Bytes of the board's NVM.
        needed: RawOffset,
        /// Bytes between the symbols.
        available: usize,
    },
    /// The processor met an instruction that it cannot execute, or an address that it cannot access.
    Fault {
        /// Which task ran.
        task: &'static str,
        /// Where: the address of the instruction.
        instruction: u32,
        /// Why: the bits of the Configurable Fault Status Register; 0 where there is none (ARMv6-M).
        status: u32,
    },
}

impl fmt::Display for Failure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boot(error) => error.fmt(f),
            Self::TaskFailed { task, error } => write!(f, "task `{task}` failed: {error}"),
            Self::InterruptFailed { number, error } => {
                write!(f, "the handler of interrupt {number} failed: {error}")
            }
            Self::Kernel(error) => error.fmt(f),
            Self::Deadlock { waiting } => write!(
                f,
                "deadlock: all tasks wait forever and nothing is pending: {waiting}; give one of them a timeout, \
                 or let all take their mutexes in the same order"
            ),
            Self::StackOverflow { task, stack_bytes } => write!(
                f,
                "stack overflow: task `{task}` used more than its {stack_bytes} bytes; give it a larger stack, or \
                 fewer and smaller local variables"
            ),
            Self::NoStack { needed, available } => write!(
                f,
                "no memory for the tasks' stacks: they need {needed} bytes, and the linker script gives {available}"
            ),
            Self::NvmTooSmall { needed, available } => write!(
                f,
                "the linker script gives {available} bytes of NVM, aligned to 4, where the board has {needed}: \
                 mend `__intos_nvm_start` and `__intos_nvm_end`, or the board's `Nvm`"
            ),
            Self::Fault {
                task,
                instruction,
                status,
            } => write!(
                f,
                "fault: `{task}` executed an instruction at {instruction:#010x} that the processor cannot \
                 (fault status {status:#010x})"
            ),
        }
    }
}

impl core::error::Error for Failure<'_> {}

/// The tasks that have not ended, by their names.
#[derive(Clone, Copy)]
pub struct Waiting<'a>(pub(crate) &'a dyn Core);

impl Waiting<'_> {
    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        (0..self.0.task_count()).map(TaskIndex).filter_map(|task| {
            let has_ended = matches!(self.0.state(task), Ok(TaskState::Ended));
            (!has_ended).then(|| self.0.name(task))
        })
    }
}

impl fmt::Display for Waiting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, name) in self.names().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Waiting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
