//! The eleven applications of the IntOS paper (OSDI '24), portable: the same source on an ordinary computer, `cargo run
//! --release -p examples --bin apps`, and on a microcontroller, `cargo xtask firmware run`.
//!
//! | application | what it is |
//! | --- | --- |
#![no_std]

use intos::prelude::*;

pub use example_programs::{Checked, RESULTS, Results};

/// An application whose work can be multiplied.
///
/// Its outer iterations are a persistent object, so that one program can be asked for more or less.
pub trait Application: Checked {
    /// Asks for `scale` times the work: after formatting, before the first task runs. 1 is what
    /// [`EXPECTED`](Checked::EXPECTED) tells the results of.
    ///
    /// # Errors
    ///
    /// Where it cannot be stored.
    fn set_scale<N: Nvm>(&self, nvm: &N, scale: u16) -> Result<(), Error>;
}
