//! Portable programs with results that can be checked: the same source on an ordinary computer, where the tests cut the
//! power before every store, and on a microcontroller, where `cargo xtask firmware sweep` cuts it at every instruction.
//!
//! | program | what it exercises |
//! | --- | --- |
//! | [`Workshop`] | a queue, a mutex, a software timer, an event group and delays, across four tasks |
//! | [`Transfer`] | a transaction with three writes and a record |
//! | [`Blocks`] | allocating and freeing |
//! | [`Wake`] | a queue whose item wakes a more urgent receiver |
//! | [`Inherit`] | a mutex under contention: its holder inherits a priority |
//! | [`Alarm`] | the expiries of software timers |
//! | [`Beat`] | a queue, a semaphore and delays: what the kernel's size is measured by |
#![no_std]

mod alarm;
mod beat;
mod blocks;
mod inherit;
mod transfer;
mod wake;
mod workshop;

use intos::prelude::*;

pub use alarm::Alarm;
pub use beat::Beat;
pub use blocks::Blocks;
pub use inherit::Inherit;
pub use transfer::Transfer;
pub use wake::Wake;
pub use workshop::Workshop;

/// How many results a program has.
pub const RESULTS: usize = 4;

/// What a program leaves in NVM, number by number.
pub type Results = [u32; RESULTS];

/// A program whose results do not depend on power losses.
pub trait Checked {
    /// What the results are called.
    const NAMES: [&'static str; RESULTS];

    /// What they are when all tasks have ended.
    const EXPECTED: Results;

    /// What they are.
    ///
    /// # Errors
    ///
    /// Where they cannot be read.
    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error>;
}
