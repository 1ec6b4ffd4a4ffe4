#![doc = include_str!("../README.md")]
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `queue` | [`Queue`] |
//! | `semaphore` | [`Semaphore`] |
//! | `mutex` | [`Mutex`], [`RecursiveMutex`], and [`MutexGuard`] by which they are held |
//! | `event_group` | [`EventGroup`] |
//! | `timers` | [`Timers`] and [`Timer`] |
//! | `stream_buffer`, `message_buffer` | [`StreamBuffer`] and [`MessageBuffer`] |
//! | `ring` | the ring of bytes that both are made of |
//! | `bytes` | [`Bytes`], what is received from them |
//! | `shared` | [`Shared`], an object that several tasks own together |
//! | `inspect` | views of what is stored, for tools that look at images |
//! | `finish` | [`follow_ups`]: what is left to do after a commit |
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod bytes;
mod event_group;
mod finish;
#[cfg(feature = "inspect")]
pub mod inspect;
mod message_buffer;
mod mutex;
mod queue;
mod ring;
mod semaphore;
mod shared;
mod stream_buffer;
mod timers;

pub use bytes::Bytes;
pub use event_group::{EventGroup, OnExit};
pub use finish::{add_buffers, add_event_groups, add_queues, follow_ups};
pub use message_buffer::MessageBuffer;
pub use mutex::{Mutex, MutexGuard, RecursiveMutex};
pub use queue::{Queue, QueueItem};
pub use semaphore::Semaphore;
pub use shared::{Shared, SharedGuard};
pub use stream_buffer::StreamBuffer;
pub use timers::{MAX_PERIOD, Repeat, Timer, Timers};
