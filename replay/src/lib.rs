#![doc = include_str!("../README.md")]
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `thread` | [`Thread`]: a durable program's tables, its start and its end |
//! | `outcome` | how a transaction is run: what differs with the type of its result |
//! | `ending` | how it ends, and its outcome is published |
//! | `walk` | how it is bypassed, and how records are forgotten |
//! | `transaction` | [`Tx`], [`WriteFirstTx`]: a running transaction with its system calls |
//! | `system` | [`SystemTable`]: records of system calls and of their kernel transactions |
//! | `loops` | [`LoopFrame`]: persistent loops, [`nv_for_loop!`] and [`nv_loop!`] |
//! | `records` | the bytes of a table of records |
//! | `mark` | what a commit publishes |
//! | `codec` | how records of any type are stored and taken by one copy of the code |
//! | `progress` | power losses without a commit |
//! | `site` | call sites, by which a divergence is found |
//! | `layout` | [`ThreadLayout`]: sizes and areas |
//! | `image` | what such tools are told of a program that has it, with the feature `image` |
//! | `inspect` | views of what is stored, for tools that look at images |
//! | `error` | [`Error`] |
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(test, feature = "image"))]
extern crate std;

mod broken;
mod codec;
mod ending;
mod error;
#[cfg(feature = "image")]
pub mod image;
#[cfg(feature = "inspect")]
pub mod inspect;
mod layout;
mod loops;
mod mark;
mod outcome;
mod progress;
mod records;
mod site;
mod system;
mod thread;
mod transaction;
mod walk;

pub use codec::Decode;
pub use error::{Error, ErrorKind, Table};
pub use layout::{ThreadAreas, ThreadLayout};
pub use loops::{Durable, LoopCounter, LoopFrame};
pub use nvm_core::Record;
pub use outcome::{Alone, EndOfTransaction};
pub use site::Site;
pub use system::{SystemTable, SystemTx};
pub use thread::{Statistics, Thread};
pub use transaction::{Tx, WriteFirstTx};

#[cfg(test)]
mod cost_tests;
#[cfg(test)]
mod power_cut_tests;
#[cfg(test)]
mod random_tests;
