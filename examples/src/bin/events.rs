//! An event counter and an error log for FRAM, which does not wear out: `nvm-core` used alone.
//!
//! `cargo run --release -p examples --bin events`, and end it with Ctrl-C or `kill -9` at any time. No event that was
//! told as counted is lost, none is counted twice, and no error is seen in part.
//!
//! The journal, and what makes it survive, is in `src/alone/events.rs`; here is what uses it.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use clap::{Parser, Subcommand};
use examples::alone::events::{ErrorEntry, Journal, increment};
use examples::nvm_file;
use nvm_core::Nvm;

/// Counts events and keeps the last errors, in a file. End it whenever you like.
///
/// Exit status: 0, or 2 on errors: a file of another program, a damaged one, bad use.
#[derive(Parser)]
struct Options {
    /// The file that stands for the non-volatile memory; made if it is not there.
    #[arg(long, value_name = "FILE", default_value = "events.nvm")]
    nvm: PathBuf,
    /// Begins anew, whatever the file holds.
    #[arg(long)]
    format: bool,
    /// Without a command: `measure`.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Counts measurements, some of which fail.
    Measure {
        /// How many.
        #[arg(long, default_value_t = 50)]
        count: u32,
        /// Milliseconds between two of them.
        #[arg(long, default_value_t = 20)]
        pause: u64,
    },
    /// Shows the counters and the last errors.
    Show,
}

fn main() -> ExitCode {
    nvm_file::end(run(&Options::parse()))
}

fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let journal = Journal::placed();
    let nvm = nvm_file::open(&options.nvm, options.format, &journal.layout, |nvm| {
        Ok(journal.first_boot(nvm)?)
    })?;
    if let Some(Command::Show) = options.command {
        return show(&journal, &nvm);
    }
    increment(&nvm, journal.starts)?;
    show(&journal, &nvm)?;
    let (measurements, pause) = match options.command {
        Some(Command::Measure { count, pause }) => (count, pause),
        _ => (50, 20),
    };
    for _ in 0..measurements {
        let number = journal.measure(&nvm)?;
        writeln!(io::stdout(), "measurement {number}")?;
        sleep(Duration::from_millis(pause));
    }
    show(&journal, &nvm)
}

fn show(journal: &Journal, nvm: &impl Nvm) -> Result<bool, Box<dyn Error>> {
    let errors = journal.last_errors(nvm)?;
    let mut out = io::stdout();
    writeln!(
        out,
        "{} starts, {} measurements, {} errors",
        journal.starts.load(nvm)?,
        journal.measurements.load(nvm)?,
        journal.errors.load(nvm)?
    )?;
    for error in errors {
        let ErrorEntry {
            number,
            measurement,
            time,
            code,
        } = error;
        writeln!(
            out,
            "  error {number}: measurement {measurement} answered {code:#04x}, at {time}"
        )?;
    }
    Ok(true)
}
