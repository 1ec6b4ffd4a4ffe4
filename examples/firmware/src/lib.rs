//! The portable example programs as firmware for QEMU's machine `mps2-an385`, a Cortex-M3: see
//! `cargo xtask firmware --help`. `src/bin` has one for each program.
//!
//! Built for another target they run on `mps2-an386`, a Cortex-M4 with a floating-point unit, or on `microbit`, a
//! Cortex-M0, whose power is cut less often: `build.rs` chooses.
//!
//! | module | owns |
//! | --- | --- |
//! | `board` | [`Mps2`]: the board, and how a run ends |
//! | `power` | the timer that cuts the power, and what a cut takes |
//! | `sweep` | a sweep of power cuts: one run after the other, with the cut ever later |
//! | `unswept` | the other boards, in place of these three |
//! | `resets` | their power losses |
//! | `crash` | programs that crash on purpose, which lie in `src/crashes` |
//! | `console` | lines of text for the computer that emulates the machine |
#![no_std]

#[cfg(swept)]
mod board;
mod console;
mod crash;
#[cfg(swept)]
mod power;
#[cfg(not(swept))]
mod resets;
#[cfg(swept)]
mod sweep;
#[cfg(not(swept))]
mod unswept;

#[cfg(swept)]
pub use board::{Mps2, run, run as run_undisturbed};
pub use crash::{Crash, Crashing, STACK_BYTES};
#[cfg(not(swept))]
pub use unswept::{Unswept, run, run_undisturbed};
