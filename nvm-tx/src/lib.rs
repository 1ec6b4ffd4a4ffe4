#![doc = include_str!("../README.md")]
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `undo_log` | [`UndoLog`]: a log's area, its recovery at start-up, running transactions |
//! | `transaction` | [`Tx`]: reads and writes of a running transaction, commit and roll back |
//! | `near_write` | writes of 1, 2 or 4 bytes: most of those that are made |
//! | `shared_bits` | single bits of bytes that several logs change; stores deferred to the commit |
//! | `write_first` | [`WriteFirstTx`]: a transaction that cannot abort and may write without logging |
//! | `recovery` | what is done after a power loss and after a failed access |
//! | `commit_word` | the two words of which one is the commit point |
//! | `log_entry` | the format of the log's entries |
//! | `copy` | copying bytes within an NVM |
//! | `coverage` | which ranges need no logging any more |
//! | `image` | what such tools are told of a program that has it, with the feature `image` |
//! | `state` | what a log is doing |
//! | `inspect` | views of what is stored, for tools that look at images |
//! | `fault` | [`Fault`]: why a transaction did not commit |
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(test, feature = "image"))]
extern crate std;

mod broken;
mod commit_word;
mod copy;
mod coverage;
mod fault;
#[cfg(feature = "image")]
pub mod image;
#[cfg(feature = "inspect")]
pub mod inspect;
mod log_entry;
mod near_write;
mod recovery;
mod shared_bits;
mod state;
mod transaction;
mod undo_log;
mod write_first;

#[cfg(feature = "broken")]
#[doc(hidden)]
pub use broken::store_before_logging;
pub use commit_word::{MARK_MAX, following as following_sequence};
pub use fault::{Fault, FaultKind};
pub use log_entry::{MAX_BITS_ENTRY_BYTES, bits_entry_bytes};
pub use transaction::Tx;
pub use undo_log::{LOG_HEADER_BYTES, UndoLog};
pub use write_first::WriteFirstTx;

#[cfg(test)]
mod power_cut_tests;
#[cfg(test)]
mod rest_tests;
