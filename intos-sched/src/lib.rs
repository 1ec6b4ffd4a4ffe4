#![doc = include_str!("../README.md")]
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `task` | [`TaskIndex`], [`TaskId`], [`Priority`] and what NVM holds of a task |
//! | `areas` | [`SchedulerAreas`]: where the kernel's state lies; [`ThreadPlaces`] |
//! | `scheduler` | [`Scheduler`]: ready lists and wait lists, who runs next |
//! | `recovery` | what a start-up puts in order before any thread runs |
//! | `follow_up` | [`FollowUp`]: what is left to do after a commit; [`FollowUps`]: of which kinds |
//! | `time`, `clock` | the persistent tick, [`MAX_TICKS`]; those who sleep |
//! | `priority` | inherited priorities |
//! | `mutex` | [`MutexBlock`]: what the scheduler must know of a mutex |
//! | `lifecycle` | creation, end and suspension of tasks |
//! | `task_calls` | the system calls that concern tasks, notifications among them |
//! | `call` | [`Call`]: how a system call completes, blocks and is bypassed |
//! | `work` | [`Work`]: what goes with a system call's commit |
//! | `timeout` | [`Timeout`], [`Span`] |
//! | `port` | [`Port`]: what a processor must offer |
//! | `observe` | [`Event`]: the trace hook |
//! | `check` | the validation of the kernel's state |
//! | `inspect` | views of what is stored, for tools that look at images |
//! | `broken` | deliberately broken variants of the protocols, for the tests |
//! | `error` | [`Error`], and [`Outcome`], what a blocking call may be woken with; [`OrOutcome`] tells them apart |
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod areas;
mod broken;
mod call;
mod check;
mod clock;
mod error;
mod follow_up;
#[cfg(feature = "inspect")]
pub mod inspect;
mod lifecycle;
mod logged_lists;
mod mutex;
mod observe;
mod port;
mod priority;
mod recovery;
mod scheduler;
mod task;
mod task_calls;
mod time;
mod timeout;
mod work;

pub use areas::{MAX_TASKS, PRIORITIES, SchedulerAreas, ThreadPlaces};
#[doc(hidden)]
pub use broken::{Variant, is as is_broken, with_broken};
pub use call::{Call, CallName, InterruptCalls, Progress, SystemCalls, TaskCalls, Wait};
pub use error::{Error, ErrorKind, OrOutcome, Outcome};
pub use follow_up::{FinishObject, FollowUp, FollowUps, ObjectWork};
pub use lifecycle::NewTask;
pub use mutex::{Contention, Held, MutexAt, MutexBlock, PassingOn};
pub use observe::{Event, RecoveryStep, TransactionEvent};
pub use port::Port;
pub use scheduler::{Scheduler, TaskState, WaitingTasks};
pub use task::{Priority, TaskId, TaskIndex};
pub use task_calls::{Notification, Notify};
pub use time::MAX_TICKS;
pub use timeout::{Span, Timeout};
pub use work::{WaitClass, Work};
