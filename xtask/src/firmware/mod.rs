//! `cargo xtask firmware`: the example programs on a Cortex-M in QEMU, and on an MSP430 in mspdebug's simulator.
//!
//! | module | owns |
//! | --- | --- |
//! | `board` | which boards there are |
//! | `build` | which programs there are, and their build |
//! | `image` | a program as it was linked: what lies where in the machine |
//! | `emulator` | QEMU, with an NVM that a file keeps |
//! | `lint` | clippy for firmware |
//! | `run` | a run to the end, also with an emulator that is killed again and again |
//! | `intervals` | power losses at intervals |
//! | `faults` | programs that crash on purpose |
//! | `sweep` | a power cut at each instruction |
//! | `batch` | what an emulator is given of a sweep, and what it answers |
//! | `cuts` | where the power is cut |
//! | `coverage` | whether the power was cut at every instruction that the program executes |
//! | `trace` | which instructions a program executes, from a source other than the sweep |
//! | [`msp430`] | the same for the other processor |

mod batch;
mod board;
pub(crate) mod build;
mod coverage;
mod cuts;
pub(crate) mod emulator;
mod faults;
mod image;
mod intervals;
mod lint;
pub(crate) mod msp430;
mod run;
mod sweep;
mod trace;

use clap::{Subcommand, ValueEnum};

pub(crate) use board::Board;
use build::Profile;
pub(crate) use image::Image;

/// Which kind of processor programs are built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Target {
    /// A Cortex-M, in QEMU: which of its machines is another option.
    #[default]
    CortexM,
    /// An MSP430FR5994, in mspdebug's simulator: the 16-bit CPU and its memory, no peripherals and no wait states.
    Msp430,
}

impl Target {
    /// As it is named on the command line.
    const fn name(self) -> &'static str {
        match self {
            Self::CortexM => "cortex-m",
            Self::Msp430 => "msp430",
        }
    }

    /// The programs that there are for it.
    fn programs(self) -> Result<Vec<String>, String> {
        match self {
            Self::CortexM => build::programs(),
            Self::Msp430 => msp430::build::programs(),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a program to its end, on an NVM that a file keeps, and tells its results.
    Run(run::Options),
    /// Cuts the power at each instruction of a program, one run for each, and compares their results with those of a run
    /// without cuts. What is in SRAM is lost.
    Sweep(sweep::Options),
    /// Runs programs that crash on purpose: what they tell, and that a later start finds their data as they should be.
    Faults,
    /// Compares the integer helpers for the MSP430 with what the compiler's constant evaluator says, on the part as it is
    /// simulated.
    Helpers(msp430::helpers::Options),
    /// Builds several programs at once, each on a processor of this machine: in less time than when each is built by the
    /// command that runs it.
    Build {
        /// Which ones: see `cargo xtask firmware list`; all, where none is named.
        programs: Vec<String>,
        /// What they are built for.
        #[arg(long, value_enum, default_value_t)]
        target: Target,
        /// The machine that they run on.
        #[arg(long, value_enum, default_value_t)]
        board: Board,
    },
    /// Looks through the packages of firmware, and through the template for a board, by clippy: they are none of the
    /// workspace.
    Lint,
    /// Lists the programs.
    List {
        /// Of which package.
        #[arg(long, value_enum, default_value_t)]
        target: Target,
    },
}

/// Answers how many runs failed.
pub(crate) fn run(command: &Command) -> Result<u64, String> {
    match command {
        Command::Run(options) => match options.target {
            Target::CortexM => run::run(options),
            Target::Msp430 => msp430::run::run(options),
        },
        Command::Sweep(options) => match options.target {
            Target::CortexM => sweep::run(options),
            Target::Msp430 => msp430::sweep::run(options),
        },
        Command::Faults => faults::run(),
        Command::Helpers(options) => msp430::helpers::run(options),
        Command::Build {
            programs,
            target,
            board,
        } => {
            let all = target.programs()?;
            for program in programs {
                build::check_name(program, &all)?;
            }
            let programs = if programs.is_empty() { &all } else { programs };
            let folder = match target {
                Target::CortexM => build::build_with(*board, programs, Profile::Release, "")?,
                Target::Msp430 => msp430::build::build_together(programs, Profile::Release, "")?,
            };
            println!("{} in {}", programs.join(", "), folder.display());
            Ok(0)
        }
        Command::Lint => lint::run(),
        Command::List { target } => {
            for program in target.programs()? {
                println!("{program}");
            }
            Ok(0)
        }
    }
}
