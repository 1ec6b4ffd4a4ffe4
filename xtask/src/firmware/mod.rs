//! `cargo xtask firmware`: the example programs on a Cortex-M in QEMU.
//!
//! | module | owns |
//! | --- | --- |
//! | `board` | which boards there are |
//! | `build` | which programs there are, and their build |
//! | `emulator` | QEMU, with an NVM that a file keeps |
//! | `run` | a run to the end, also with an emulator that is killed again and again |
//! | `sweep` | a power cut at each instruction |

mod board;
pub(crate) mod build;
pub(crate) mod emulator;
mod run;
mod sweep;

use clap::Subcommand;

pub(crate) use board::Board;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a program to its end, on an NVM that a file keeps, and tells its results.
    Run(run::Options),
    /// Cuts the power at each instruction of a program, one run for each, and compares their results with those of a run
    /// without cuts. What is in SRAM is lost.
    Sweep(sweep::Options),
    /// Lists the programs.
    List,
}

/// Answers how many runs failed.
pub(crate) fn run(command: &Command) -> Result<u64, String> {
    match command {
        Command::Run(options) => run::run(options),
        Command::Sweep(options) => sweep::run(options),
        Command::List => {
            for program in build::programs()? {
                println!("{program}");
            }
            Ok(0)
        }
    }
}
