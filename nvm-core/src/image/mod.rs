//! Looking at images of programs without a kernel: what an NVM holds, in words, and whether it is sound.
//!
//! An image holds a fingerprint of its program's layout, and no names. So a program describes what it has placed:
//!
//! ```no_run
//! use nvm_core::image::{self, Description};
//! use nvm_core::{Layout, Offset, persist};
//!
//! persist! {
//!     struct Door { visits: u32, refused: u32 }
//! }
//!
//! fn door() -> Description {
//!     let mut layout = Layout::new("door", 1);
//!     let door: Offset<Door> = layout.object("door");
//!     let count: Offset<u32> = layout.object("count");
//!     Description::new("door", 1, layout)
//!         .object("door", door) // field by field; numbers such as `count` are told without being asked for
//!         .invariant("counts", move |nvm| {
//!             let (door, count) = (nvm.load(door)?, nvm.load(count)?);
//!             if door.refused <= door.visits { Ok(()) } else { Err(format!("{door:?}, {count}").into()) }
//!         })
//! }
//! # use nvm_core::Nvm as _;
//!
//! fn main() -> std::process::ExitCode {
//!     image::tool(vec![Box::new(door())])
//! }
//! ```
//!
//! Undo logs, heaps, lists and replay tables are [parts](Part) of their crates, with the feature `image`:
//! `nvm_tx::image::UndoLogPart`, `nvm_alloc::image::HeapPart`, `nvm_list::image::ListsPart`, `replay::image::ThreadPart`;
//! a [`DoubleBuffered`](crate::DoubleBuffered) value is a part by itself.
//!
//! Neither [`inspect`] nor [`check`] ever stores to a file: what has to be recovered before it can be verified is
//! recovered in a copy.
//!
//! | module | owns |
//! | --- | --- |
//! | `bytes` | [`Image`]: the bytes |
//! | `description` | [`Description`]: what a program has placed |
//! | `part` | [`Part`]: what another crate owns of it |
//! | `double_buffered` | a [`DoubleBuffered`](crate::DoubleBuffered) value as a part |
//! | `header` | the region's header, told and verified |
//! | `inspection` | [`Inspection`]: what is in an image |
//! | `check` | [`Check`]: whether it is sound |
//! | `tree` | [`Tree`]: how it is written |
//! | `command` | [`tool`]: the command |

mod bytes;
mod check;
mod command;
mod description;
mod double_buffered;
mod header;
mod inspection;
mod part;
mod tree;

pub use bytes::{Image, ImageError, Memory};
pub use check::{Check, Checker, Finding, Scope, check};
pub use command::{KnownProgram, Told, tool};
pub use description::Description;
pub use header::{header_json, header_tree, verify_header};
pub use inspection::{Inspection, inspect, inspect_recovered};
pub use part::{Fact, InFlight, Part};
pub use tree::Tree;

/// The version of the form in which [`Inspection`] and [`Check`] are told as JSON. Fields may come; it is raised where
/// one goes or changes its meaning.
pub const SHAPE: u32 = 1;

/// So many of something.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {many}")
    }
}

/// An offset, as it is written.
pub fn hex(offset: u32) -> String {
    format!("{offset:#06x}")
}
