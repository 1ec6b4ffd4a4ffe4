//! The project's own commands: `cargo xtask --help`.

#[macro_use]
mod output;

mod ablation;
mod bench;
mod benchmarks;
mod book;
mod files;
mod firmware;
mod interrupted_calls;
mod manifests;
mod no_std;
mod packages;
mod parallel;
mod readme_programs;
mod simulate;
mod table;
mod template;
mod toolchain;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands. Exit status: 0 if nothing failed, 1 if something did, 2 on bad use. Who reads the output
/// only in part (`| head`) ends the command there, with status 0.
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
    /// Runs the example programs as firmware of a Cortex-M, in QEMU.
    #[command(subcommand)]
    Firmware(firmware::Command),
    /// Counts executed instructions, and bytes and stores of NVM, of each operation on a Cortex-M, in QEMU.
    Bench(bench::Options),
    /// Measures the applications of the paper with and without what is done about power losses, on a Cortex-M, in QEMU.
    Ablation(ablation::Options),
    /// Builds all crates that do without an operating system for cores without one.
    NoStd(no_std::Options),
    /// Builds the template for a board of one's own, as it is and with the book's program, and runs both in QEMU, with a
    /// kill of the emulator on the way.
    Template,
    /// Checks that all manifests and texts name one version of Rust, the one that runs, and that what is published has all
    /// that a registry shows.
    Manifests(manifests::Options),
    /// Copies the complete program of each crate's README out, and builds and runs it as it stands.
    ReadmePrograms,
    /// Packages all crates that are published, looks at what is in the packages, and builds and runs the READMEs' programs
    /// and the template for a board on them, outside of the workspace.
    Packages,
    /// Builds the book, and checks its links, pictures and code.
    Book(book::Options),
}

fn main() -> ExitCode {
    output::until_closed(run)
}

fn run() -> ExitCode {
    let failed = match Options::parse().command {
        Command::Simulate(options) => Ok(simulate::run(&options)),
        Command::InterruptedCalls(options) => interrupted_calls::run(&options),
        Command::Firmware(command) => firmware::run(&command),
        Command::Bench(options) => bench::run(&options),
        Command::Ablation(options) => ablation::run(&options),
        Command::NoStd(options) => no_std::run(&options),
        Command::Template => template::run(),
        Command::Manifests(options) => manifests::run(&options),
        Command::ReadmePrograms => readme_programs::run(),
        Command::Packages => packages::run(),
        Command::Book(options) => book::run(&options),
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
