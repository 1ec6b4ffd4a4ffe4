#![doc = include_str!("../README.md")]
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `fram` | [`Fram`], the driver |
//! | `command` | what the driver sends: opcodes and addresses |
//! | `capacity` | [`Capacity`], the sizes of chip that there are |
//! | `status` | [`Status`], the chip's status register |
//! | `identification` | [`Identification`], what a chip says about itself |
//! | `error` | [`Error`], and [`Access`], what was being done |
//! | `model` | a chip to test with, with its bus and its supply (feature `model`) |
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "model")]
extern crate alloc;

mod capacity;
mod command;
mod error;
mod fram;
mod identification;
#[cfg(feature = "model")]
pub mod model;
mod status;

pub use capacity::Capacity;
pub use error::{Access, Error};
pub use fram::Fram;
pub use identification::Identification;
pub use status::Status;
