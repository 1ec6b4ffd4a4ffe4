//! The trace hook: what the kernel tells its port.

use crate::task::TaskIndex;

/// What happened, told through [`Port::observe`](crate::Port::observe).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The kernel begins to start: the power is on.
    PowerOn,
    /// The power goes: told by simulated ports.
    PowerLost,
    /// A step of the recovery is done.
    Recovered(RecoveryStep),
    /// The processor goes to another task than the one that ran last, or to nobody.
    Switched {
        /// Who runs now.
        task: Option<TaskIndex>,
    },
    /// The processor has slept or was without power, and goes to a task: told by ports, also where it is the
    /// task that ran last, to which nothing is switched.
    Resumed {
        /// Who runs now.
        task: TaskIndex,
    },
    /// Nobody is ready: the processor sleeps.
    Idle {
        /// For so many ticks; `None`: until an interrupt.
        ticks: Option<u32>,
    },
    /// A tick came, or several after a long sleep. Told before anybody is woken by it.
    Ticked {
        /// The tick.
        now: u32,
    },
    /// A task starts from its function's beginning.
    Started {
        /// Which one.
        task: TaskIndex,
        /// For the how manieth time in a row without having committed anything in between: see
        /// [`replay::Thread::starts_without_commit`].
        starts_without_commit: u16,
        /// Whether a transaction of it was rolled back.
        rolled_back: bool,
    },
    /// A task's function has returned.
    Ended {
        /// Which one.
        task: TaskIndex,
    },
    /// A transaction of a task.
    Transaction {
        /// Whose.
        task: TaskIndex,
        /// What became of it.
        what: TransactionEvent,
    },
    /// A system call is made for the first time, or again after it had been cut short: told before anything
    /// is stored. `task` is `None` for an interrupt handler.
    Called {
        /// By whom.
        task: Option<TaskIndex>,
        /// Its name, as `queue.send`.
        call: &'static str,
    },
    /// The commit of a system call is stored: from now on it is made, whatever power losses follow. Told with
    /// no access to NVM between the two.
    Committed {
        /// By whom; `None` for an interrupt handler.
        task: Option<TaskIndex>,
        /// Its name.
        call: &'static str,
        /// Whether the task blocks, and the call is completed only when it is woken.
        blocks: bool,
    },
    /// A system call that had blocked is completed.
    Completed {
        /// By whom.
        task: TaskIndex,
        /// Its name.
        call: &'static str,
    },
}

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransactionEvent {
    /// It begins.
    Begins,
    /// It is committed.
    Commits,
    /// It is rolled back by an error, which is recorded as its outcome.
    Aborts,
    /// It is rolled back by an error that is not recorded.
    RollsBack,
    /// It had been committed before a power loss, and is bypassed.
    Bypassed,
}

/// A step of the recovery after a power loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoveryStep {
    /// The region's header was found right, or the region was formatted.
    Header,
    /// An interrupted kernel transaction was rolled back, if there was one.
    KernelLog {
        /// Whether there was one.
        rolled_back: bool,
    },
    /// Interrupted list work was rolled forward or discarded, if there was some.
    Lists {
        /// Whether it was rolled forward.
        rolled_forward: bool,
    },
    /// What was left to do after a commit was done, if there was something.
    FollowUp {
        /// Whether there was something.
        rolled_forward: bool,
    },
    /// Whose time had come was woken.
    Clock {
        /// Whether somebody was.
        woken: bool,
    },
    /// In a program with a heap: a transaction of the task that ran was rolled back before any task runs, if one was
    /// under way. The last step.
    TaskLog {
        /// Whose.
        task: TaskIndex,
        /// Whether one was.
        rolled_back: bool,
    },
}
