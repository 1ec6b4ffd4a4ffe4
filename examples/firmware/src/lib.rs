//! The portable example programs as firmware for QEMU's machines `mps2-an385`, a Cortex-M3, `mps2-an386`, a Cortex-M4
//! with a floating-point unit, and `microbit`, a Cortex-M0: see `cargo xtask firmware --help`. `src/bin` has one for
//! each program. Which machine it is, `build.rs` finds out from the target.
//!
//! | module | owns |
//! | --- | --- |
//! | `board` | [`Emulated`]: the board, and how a run ends |
//! | `loss` | a power loss, and what it takes |
//! | `losses` | when the power goes: what of the following is asked for |
//! | `sweep` | a sweep of power cuts: one run after the other, with cuts where a list says |
//! | `intervals` | power losses at intervals |
//! | `power` | the timer that cuts the power |
//! | `control` | the words by which the computer that emulates the machine asks for one of these |
//! | `resets` | in place of these five, for the machine that has no such timer: a power loss at each event |
//! | `crash` | programs that crash on purpose, which lie in `src/crashes` |
//! | [`bench`] | programs that are measured: what they have in common |
//! | `console` | lines of text for the computer that emulates the machine |
//! | `vectors` | the vectors of the interrupts that the boards have |
#![no_std]

#[cfg(board = "mps2")]
pub mod bench;
mod board;
mod console;
#[cfg(board = "mps2")]
mod control;
mod crash;
#[cfg(board = "mps2")]
mod intervals;
mod loss;
#[cfg(board = "mps2")]
mod losses;
#[cfg(board = "mps2")]
mod power;
#[cfg(board = "microbit")]
mod resets;
#[cfg(board = "mps2")]
mod sweep;
mod vectors;

pub use board::{
    Emulated, fail, observe, run, run_application, run_bare, run_on, run_undisturbed, sleep,
};
pub use console::print;
pub use crash::{Crash, Crashing, STACK_BYTES};
pub use loss::lose_power;
