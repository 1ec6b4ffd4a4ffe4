#![doc = include_str!("../README.md")]
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `door` | [`Nvm`], the one door, and [`Class`], what a store is for |
//! | `persist` | [`Persist`], what may be stored, and [`persist!`] |
//! | `offset` | [`Offset`], typed offset pointers, [`field!`], and [`RawOffset`], what they are in volatile memory |
//! | `record` | [`Record`], values that a replay can hand out again |
//! | `layout` | [`Layout`], which places objects and areas in a region |
//! | `region` | [`Region`], the header that says whose region it is |
//! | `double_buffer` | [`DoubleBuffered`], one value that changes atomically, without a log |
//! | `ablation` | what a measurement can leave out |
//! | `cause` | what the errors of the crates above are made of |
//! | `objects` | [`Objects`], what lies where by its name, and how its value is shown: for the host |
//! | [`image`](mod@image) | describing a program for a tool that looks at images, and that tool: for the host |
//! | `mapped`, `fixed`, `storage`, `file`, `sim` | the backends |
//! | `counted` | [`CountedNvm`], any of them with its stores counted |
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(unsafe_code)]
// Links to what a feature brings lead nowhere where it is off.
#![cfg_attr(
    not(all(feature = "counted", feature = "image")),
    allow(rustdoc::broken_intra_doc_links)
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(target_endian = "big")]
compile_error!("a region is little-endian: INTOS has no big-endian support");

#[doc(hidden)]
pub mod ablation;
mod cause;
#[cfg(feature = "counted")]
mod counted;
mod door;
mod double_buffer;
mod error;
#[cfg(feature = "file")]
mod file;
mod fixed;
#[cfg(feature = "image")]
pub mod image;
mod layout;
mod mapped;
#[cfg(feature = "names")]
mod objects;
mod offset;
mod persist;
mod record;
mod region;
#[cfg(feature = "sim")]
pub mod sim;
#[cfg(feature = "embedded-storage")]
mod storage;

#[doc(hidden)]
pub use cause::{Cause, UpTo12Bits};
#[cfg(feature = "counted")]
pub use counted::{CountedNvm, StoreCount, StoreCounters};
pub use door::{Class, Nvm};
pub use double_buffer::DoubleBuffered;
pub use error::Error;
#[cfg(feature = "file")]
pub use file::{FileError, FileNvm};
pub use fixed::{FixedNvm, FixedPlace};
pub use layout::{Area, Layout};
pub use mapped::MappedNvm;
#[cfg(feature = "names")]
pub use objects::{ObjectEntry, Objects};
pub use offset::{MAX_REGION_BYTES, Offset, RawOffset};
#[doc(hidden)]
pub use offset::{narrowed, of_words, of_words_in, widened};
pub use persist::Persist;
pub use record::{Record, RecordReader, RecordWriter};
pub use region::{HEADER_BYTES, Region, RegionError};
#[cfg(feature = "inspect")]
pub use region::{Phase, RegionHeader};
#[cfg(feature = "embedded-storage")]
pub use storage::StorageNvm;
#[doc(hidden)]
pub use zerocopy;
