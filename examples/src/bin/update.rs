//! A journal of firmware updates: `nvm-list` used alone.
//!
//! `cargo run --release -p examples --bin update`, and end it with Ctrl-C or `kill -9` at any time. It brings the
//! firmware in the file to the next version, whose chunks come over a bad line: in any order, some damaged.
//!
//! The journal, and what makes it survive, is in `src/alone/update`; here is what uses it. Its `line.rs` stands for the line.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use clap::{Parser, Subcommand};
use examples::alone::update::line::{release_of, request};
use examples::alone::update::{CHUNKS, Journal};
use examples::nvm_file;
use nvm_core::Nvm;

/// Brings the firmware in a file to its next version. End it whenever you like.
///
/// Exit status: 0, or 2 on errors: a file of another program, a damaged one, bad use.
#[derive(Parser)]
struct Options {
    /// The file that stands for the non-volatile memory; made if it is not there, with version 1.
    #[arg(long, value_name = "FILE", default_value = "update.nvm")]
    nvm: PathBuf,
    /// Begins anew, whatever the file holds.
    #[arg(long)]
    format: bool,
    /// Milliseconds that a chunk takes to come, and to be installed.
    #[arg(long, default_value_t = 30)]
    pause: u64,
    /// Without a command: updates to the next version.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Says which version runs, and what was received.
    Show,
}

fn main() -> ExitCode {
    nvm_file::end(run(&Options::parse()))
}

fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let journal = Journal::placed();
    let nvm = nvm_file::open(&options.nvm, options.format, &journal.layout, |nvm| {
        journal.first_boot(nvm)
    })?;
    let updater = journal.boot(&nvm)?;
    let pause = || sleep(Duration::from_millis(options.pause));
    let mut out = io::stdout();
    if updater.completed.a_move {
        writeln!(out, "completed the interrupted move of a chunk")?;
    }
    if updater.completed.an_installation {
        writeln!(out, "went on with the interrupted installation")?;
    }
    let running = nvm.load(journal.running)?.version;
    let verified = CHUNKS - updater.missing()?.len();
    writeln!(
        out,
        "version {running} runs and is whole; {verified} chunks of the next one are verified"
    )?;
    if options.command.is_some() {
        return Ok(true);
    }
    let version = running.wrapping_add(1);
    updater.begin(release_of(version))?;
    // What came before the power went is looked at before anything is asked for.
    updater.verify()?;
    for number in 0_u32.. {
        let missing = updater.missing()?;
        // The line brings them in an order of its own.
        let Some(place) = missing.get(number.wrapping_mul(7) as usize % missing.len().max(1))
        else {
            break;
        };
        let Some(chunk) = request(version, *place, number) else {
            break;
        };
        updater.receive(&chunk)?;
        pause();
        let outcome = if updater.verify()? == 0 {
            "verified"
        } else {
            "damaged, asked for again"
        };
        writeln!(out, "chunk {place}: {outcome}")?;
    }
    if !updater.commit()? {
        return Err(
            "the chunks were not those of the release, and are dropped: start again".into(),
        );
    }
    writeln!(out, "installing")?;
    updater.install(pause)?;
    let version = nvm.load(journal.running)?.version;
    writeln!(out, "version {version} is installed")?;
    journal.boot(&nvm)?;
    Ok(true)
}
