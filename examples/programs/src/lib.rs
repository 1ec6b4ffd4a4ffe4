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
//! | [`Patience`] | a blocking receive with a timeout: in time, and too late |
//! | [`Hire`] | creating and deleting a task |
//! | [`Ranks`] | inserting into a list and removing from it, without the kernel |
//! | [`Beat`] | a queue, a semaphore and delays: what the kernel's size is measured by |
#![no_std]

mod alarm;
mod beat;
mod blocks;
mod hire;
mod inherit;
mod patience;
mod ranks;
mod transfer;
mod wake;
mod workshop;

use intos::prelude::*;

pub use alarm::Alarm;
pub use beat::Beat;
pub use blocks::Blocks;
pub use hire::Hire;
pub use inherit::Inherit;
pub use patience::Patience;
pub use ranks::{Ranks, RanksError};
pub use transfer::Transfer;
pub use wake::Wake;
pub use workshop::Workshop;

/// So much stack for a task on an MSP430, where all tasks share 3 KiB for their stacks; elsewhere as much as is usual.
pub const fn stack_bytes(on_an_msp430: usize) -> usize {
    if cfg!(target_arch = "msp430") {
        on_an_msp430
    } else {
        intos::DEFAULT_STACK_BYTES
    }
}

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

/// How far a start has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Milestone {
    /// The NVM is formatted, by this start or an earlier one.
    Formatted,
    /// What a power loss interrupted is finished.
    Recovered,
}

/// The same without the kernel.
pub trait Bare {
    /// What the results are called.
    const NAMES: [&'static str; RESULTS];

    /// What they are at the end.
    const EXPECTED: Results;

    /// Why it cannot go on.
    type Error: core::error::Error;

    /// Bytes of NVM that it needs.
    fn bytes_needed() -> RawOffset;

    /// Runs from where it was when the power went to its end. `reached` is called at each milestone.
    ///
    /// # Errors
    ///
    /// Where the NVM is another program's, or damaged.
    fn run<N: Nvm>(nvm: &N, reached: impl Fn(Milestone)) -> Result<Results, Self::Error>;
}
