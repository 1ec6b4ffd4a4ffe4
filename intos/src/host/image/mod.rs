//! Looking at images: what an NVM holds, in words, and whether it is sound.
//!
//! An image holds a fingerprint of its program's layout, and no names. So it is read with a [`ProgramLayout`], which
//! is taken from the program's type; [`inspect`] tells what is in it, [`check`] verifies every invariant. Neither ever
//! stores to the file: what has to be recovered before it can be verified is recovered in a copy.
//!
//! An inspector for a program of one's own takes three lines:
//!
//! ```no_run
//! # use intos::prelude::*;
//! # struct Blinker;
//! # impl<B: Board> Program<B> for Blinker {
//! #     const NAME: &'static str = "blinker";
//! #     const VERSION: u32 = 1;
//! #     fn place(_: &mut Placement<B::Nvm>) -> Result<Self, Error> { Ok(Self) }
//! #     fn task(_: usize) -> Option<TaskEntry<B, Self>> { None }
//! # }
//! fn main() -> std::process::ExitCode {
//!     intos::host::image_tool::<Blinker>()
//! }
//! ```
//!
//! Then `cargo run --bin image -- inspect FILE` and `… check FILE`, each with `--json`. A program whose board needs
//! more than an NVM is named with its board: [`tool`] takes several of those.
//!
//! | module | owns |
//! | --- | --- |
//! | `program` | [`ProgramLayout`]: where everything of a program lies |
//! | `view`, `walk` | both together: tasks, lists, names; walking lists that may be damaged |
//! | `in_flight` | [`InFlight`]: what a power loss interrupted |
//! | `recovery` | the recovery of a copy |
//! | `inspection` | [`Inspection`]: what is in an image |
//! | `check` | [`Check`]: whether it is sound |
//! | `text` | how both are written |
//! | `tool` | the command |
//!
//! The bytes ([`Image`]), trees of lines and the command itself are those of [`nvm_core::image`].

mod check;
mod in_flight;
mod inspection;
mod program;
mod recovery;
mod text;
mod tool;
mod view;
mod walk;

pub use check::{Check, Finding, Invariant, Scope, check};
pub use in_flight::InFlight;
pub use inspection::{
    AwaitedBits, HeaderReport, HeapBlock, Inspection, KernelReport, LogEntry, LogReport,
    LoopReport, ObjectReport, ObjectState, PlaceReport, ProgramReport, TaskReport, inspect,
    inspect_recovered,
};
pub use nvm_core::image::{Image, ImageError};
pub use program::{Place, ProgramLayout};
pub use tool::{LayoutOf, image_tool, known, tool};

/// The version of the form in which [`Inspection`] and [`Check`] are told as JSON. Fields may come; it is raised where one
/// goes or changes its meaning.
pub const SHAPE: u32 = 1;

/// The program by whose layout an image is to be read, among those that are known.
pub fn recognise<'p>(image: &Image, programs: &'p [ProgramLayout]) -> Option<&'p ProgramLayout> {
    let fingerprint = image.header().fingerprint;
    programs
        .iter()
        .find(|program| program.fingerprint() == fingerprint)
}
