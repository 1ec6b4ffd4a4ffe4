#![doc = include_str!("../README.md")]
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `task` | [`TaskIndex`], [`Priority`] and what NVM holds of a task |
//! | `areas` | [`SchedulerAreas`]: where the kernel's state lies |
//! | `scheduler` | [`Scheduler`]: ready and delay lists, who runs next, recovery |
//! | `time` | the persistent tick, and [`MAX_TICKS`] |
//! | `call` | [`Call`]: how a system call completes, blocks and is bypassed |
//! | `timeout` | [`Timeout`] |
//! | `port` | [`Port`]: what a processor must offer |
//! | `error` | [`Error`], and [`Outcome`], what a blocking call may be woken with |
#![no_std]
#![forbid(unsafe_code)]

mod areas;
mod broken;
mod call;
mod error;
mod port;
mod scheduler;
mod task;
mod time;
mod timeout;

pub use areas::{MAX_TASKS, PRIORITIES, SchedulerAreas};
#[doc(hidden)]
pub use broken::{Variant, is as is_broken, with_broken};
pub use call::{Call, Progress, SystemCalls};
pub use error::{Error, Outcome};
pub use port::Port;
pub use scheduler::{Operations, Scheduler, TaskState};
pub use task::{Priority, TaskIndex};
pub use time::MAX_TICKS;
pub use timeout::Timeout;
