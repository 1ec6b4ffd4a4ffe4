//! The portable example programs as firmware for QEMU's machines `mps2-an385`, a Cortex-M3, `mps2-an386`, a Cortex-M4
//! with a floating-point unit, and `microbit`, a Cortex-M0: see `cargo xtask firmware --help`. `src/bin` has one for each program.
//!
//! | module | owns |
//! | --- | --- |
//! | `board` | [`Emulated`]: the board, and how a run ends |
//! | `power` | the timer that cuts the power |
//! | `sweep` | a sweep of power cuts: one run after the other, with the cut ever later |
//! | `resets` | what stands in for these two where the machine has no such timer: a power loss at each event |
//! | `junk` | what a power loss takes |
//! | `console` | lines of text for the computer that emulates the machine |
#![no_std]

mod board;
mod console;
mod junk;
#[cfg(board = "mps2")]
mod power;
#[cfg(board = "microbit")]
mod resets;
#[cfg(board = "mps2")]
mod sweep;

#[cfg(board = "mps2")]
pub use board::Mps2;
pub use board::{Emulated, fail, run};
pub use console::print;
#[cfg(board = "mps2")]
pub use power::reset as power_loss;
