//! `cargo xtask firmware`: the example programs on a Cortex-M in QEMU.
//!
//! | module | owns |
//! | --- | --- |
//! | `build` | which programs there are, and their build |
//! | `emulator` | QEMU, with an NVM that a file keeps |
//! | `faults` | programs that crash on purpose |
//! | `run` | a run to the end, also with an emulator that is killed again and again |
//! | `sweep` | a power cut at each instruction |
//! | `unswept` | the machines whose power is not swept |

mod build;
mod emulator;
mod faults;
mod run;
mod sweep;
mod unswept;

use clap::Subcommand;

pub(crate) use emulator::check;
pub(crate) use unswept::Nvm;

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
