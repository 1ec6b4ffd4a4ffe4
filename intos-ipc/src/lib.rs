#![doc = include_str!("../README.md")]
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `queue` | [`Queue`] |
//! | `semaphore` | [`Semaphore`] |
#![no_std]
#![forbid(unsafe_code)]

mod queue;
mod semaphore;

pub use queue::{Queue, QueueItem};
pub use semaphore::Semaphore;
