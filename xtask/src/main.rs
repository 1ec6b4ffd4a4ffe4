//! The project's own commands: `cargo xtask --help`.

mod interrupted_calls;
mod parallel;
mod simulate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands. Exit status: 0 if nothing failed, 1 if something did, 2 on bad use.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs random histories of the whole kernel over random power losses, each step held against a plain model.
    Simulate(simulate::Options),
    /// Cuts every system call in every situation before every store, and again in the recovery.
    InterruptedCalls(interrupted_calls::Options),
}

fn main() -> ExitCode {
    let failed = match Options::parse().command {
        Command::Simulate(options) => Ok(simulate::run(&options)),
        Command::InterruptedCalls(options) => interrupted_calls::run(&options),
    };
    match failed {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
