//! The portable example programs as firmware for QEMU's machine `mps2-an385`, a Cortex-M3: see
//! `cargo xtask firmware --help`. `src/bin` has one for each program.
//!
//! | module | owns |
//! | --- | --- |
//! | `board` | [`Mps2`]: the board, and how a run ends |
//! | `power` | the timer that cuts the power, and what a cut takes |
//! | `sweep` | a sweep of power cuts: one run after the other, with the cut ever later |
//! | `console` | lines of text for the computer that emulates the machine |
#![no_std]

mod board;
mod console;
mod power;
mod sweep;

pub use board::{Mps2, fail, run};
pub use console::print;
pub use power::reset as power_loss;
