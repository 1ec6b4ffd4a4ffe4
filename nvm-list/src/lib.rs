#![doc = include_str!("../README.md")]
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `layout` | [`Head`] and [`Node`] as they are stored, and links of 16 bits |
//! | `handle` | [`List`] and [`NodeRef`], the places of a head and of a node |
//! | `walk` | reading a list: [`Iter`], the search for a place in sorted order |
//! | `check` | [`check`], the full validation of a list |
//! | `operation` | [`Operation`], what can be done, and its record in the log |
//! | `validate` | what is verified before anything is stored |
//! | `op_log` | [`OpLog`], the log: publish, stage, complete, recover, retire |
//! | `op_log::batch` | making the records of operations |
//! | `op_log::roll_forward` | carrying out what is in force |
//! | `image` | what such tools are told of a program that has it, with the feature `image` |
//! | `inspect` | views of what is stored, for tools that look at images |
//! | `steps` | the stores of each operation, in an order that can be rolled forward |
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(test)]
extern crate self as nvm_list;
#[cfg(any(test, feature = "image"))]
extern crate std;

mod check;
mod error;
mod fault;
mod handle;
#[cfg(feature = "image")]
pub mod image;
#[cfg(feature = "inspect")]
pub mod inspect;
mod layout;
mod op_log;
mod operation;
#[cfg(test)]
mod power_cut_tests;
mod steps;
mod validate;
mod walk;
#[cfg(test)]
#[path = "../tests/world/mod.rs"]
mod world;

pub use check::check;
pub use error::{ListError, ListErrorKind};
pub use handle::{List, NodeRef};
pub use layout::{Head, Node};
pub use op_log::{MAX_OPERATIONS, OpLog, Recovered, Staged};
pub use operation::Operation;
pub use walk::Iter;
