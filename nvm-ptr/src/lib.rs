#![doc = include_str!("../README.md")]
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `pointer` | [`Ptr`]: a pointer whose type knows what must be logged |
//! | `state` | its states: [`Fresh`], [`Written`], [`Read`], [`Logged`] |
//! | `first_write` | [`FirstWrite`]: which transactions may leave a first write unlogged |
//! | `split`, `elements` | [`split!`] into fields, [`Elements`] of arrays |
//! | `handles` | [`Handles`]: what a transaction opens, each once |
//! | `open` | [`write_first`], [`transaction`], [`begin_write_first`], [`begin`]: transactions with handles |
//! | `root`, `boxed`, `slice` | the handles [`Root`], [`PArray`], [`PBox`], [`PSlice`] |
//! | `place` | [`Place`]: logged access to a part of an object |
//! | `vector`, `vector_header`, `vector_growth` | [`PVec`] |
//! | `error` | [`Error`] |
#![no_std]
#![forbid(unsafe_code)]
// Objects go in by value, as they come out: into a `Cell`, too.
#![allow(clippy::needless_pass_by_value)]

#[cfg(test)]
extern crate std;

mod boxed;
mod broken;
mod elements;
mod error;
mod first_write;
mod handles;
mod open;
mod place;
mod pointer;
mod root;
mod slice;
mod split;
mod state;
mod vector;
mod vector_growth;
mod vector_header;

pub use boxed::PBox;
pub use elements::Elements;
pub use error::Error;
pub use first_write::FirstWrite;
pub use handles::Handles;
pub use open::{Opened, begin, begin_write_first, transaction, write_first};
pub use place::Place;
pub use pointer::Ptr;
pub use root::{PArray, Root};
pub use slice::PSlice;
pub use state::{Fresh, Logged, Read, Settled, State, Written};
pub use vector::PVec;

#[cfg(test)]
mod power_cut_tests;
