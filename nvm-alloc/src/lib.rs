#![doc = include_str!("../README.md")]
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `heap` | [`Heap`]: allocating and freeing inside of a transaction |
//! | `alone` | [`Heap::allocate_into`], [`Heap::free_from`]: without one |
//! | `bitmap` | which granules belong to which block, and the search for a free run |
//! | `geometry` | where the parts of a heap lie in its area |
//! | `error` | [`AllocError`] |
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(test, feature = "image"))]
extern crate std;

mod alone;
mod bitmap;
mod broken;
mod error;
mod geometry;
mod heap;
#[cfg(feature = "image")]
pub mod image;
#[cfg(feature = "inspect")]
pub mod inspect;

pub use bitmap::{Block, Blocks};
pub use error::AllocError;
pub use geometry::{GRANULE_BYTES, HEAP_HEADER_BYTES};
pub use heap::{Heap, Statistics};

#[cfg(test)]
mod power_cut_tests;
