//! `cargo xtask firmware`: the example programs on a Cortex-M in QEMU.
//!
//! | module | owns |
//! | --- | --- |
//! | `board` | which boards there are |
//! | `build` | which programs there are, and their build |
//! | `image` | a program as it was linked: what lies where in the machine |
//! | `emulator` | QEMU, with an NVM that a file keeps |
//! | `run` | a run to the end, also with an emulator that is killed again and again |
//! | `intervals` | power losses at intervals |
//! | `faults` | programs that crash on purpose |
//! | `sweep` | a power cut at each instruction |
//! | `batch` | what an emulator is given of a sweep, and what it answers |
//! | `cuts` | where the power is cut |
//! | `coverage` | whether the power was cut at every instruction that the program executes |
//! | `trace` | which instructions a program executes, from a source other than the sweep |

mod batch;
mod board;
pub(crate) mod build;
mod coverage;
mod cuts;
pub(crate) mod emulator;
mod faults;
mod image;
mod intervals;
mod run;
mod sweep;
mod trace;

use clap::Subcommand;

pub(crate) use board::Board;
pub(crate) use image::Image;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a program to its end, on an NVM that a file keeps, and tells its results.
    Run(run::Options),
    /// Cuts the power at each instruction of a program, one run for each, and compares their results with those of a run
    /// without cuts. What is in SRAM is lost.
    Sweep(sweep::Options),
    /// Runs programs that crash on purpose: what they tell, and that a later start finds their data as they should be.
    Faults,
    /// Lists the programs.
    List,
}

/// Answers how many runs failed.
pub(crate) fn run(command: &Command) -> Result<u64, String> {
    match command {
        Command::Run(options) => run::run(options),
        Command::Sweep(options) => sweep::run(options),
        Command::Faults => faults::run(),
        Command::List => {
            for program in build::programs()? {
                println!("{program}");
            }
            Ok(0)
        }
    }
}
