//! A door with a badge reader that never forgets where it was: `replay` on a file, one thread and no kernel.
//!
//! `cargo run --release -p examples --bin door`, and end it with Ctrl-C or `kill -9` at any time. The next
//! start goes on in the middle of the visit that was under way: a badge that was read is not asked for
//! again, the bolt is driven again where it is open whether it was, and nobody is let in or counted twice.
//!
//! The door's program, and what makes it survive, is in `src/alone/door.rs`; here is what uses it.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use examples::alone::door::{Devices, Door, Visit, check, first_boot, places, run};
use examples::nvm_file;
use nvm_core::Nvm;
use replay::{ErrorKind, Thread};

/// A door with a badge reader, in a file. End it whenever you like.
///
/// Exit status: 0, or 2 on errors: a file of another program, a damaged one, bad use.
#[derive(Parser)]
struct Arguments {
    /// The file that stands for the non-volatile memory; made if it is not there.
    #[arg(long, value_name = "FILE", default_value = "door.nvm")]
    nvm: PathBuf,
    /// Visits of a run. One that was interrupted has as many as it was begun with.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..))]
    steps: u32,
    /// Milliseconds that the bolt and the visitor take.
    #[arg(long, default_value_t = 40)]
    pause: u64,
    /// Visitors by number, the same for the same seed; else they come as the clock will have it.
    #[arg(long)]
    seed: Option<u64>,
    /// Start anew, whatever the file holds.
    #[arg(long)]
    format: bool,
}

fn print_state(door: Door) -> io::Result<()> {
    let Door {
        visits,
        admitted,
        refused,
        ..
    } = door;
    let bolt = if door.unlocked == 1 {
        "back"
    } else {
        "forward"
    };
    writeln!(
        io::stdout(),
        "{visits} visits: {admitted} admitted, {refused} refused; bolt {bolt}"
    )
}

fn operate(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let places = places();
    let nvm = nvm_file::open(&arguments.nvm, arguments.format, &places.layout, |nvm| {
        writeln!(io::stdout(), "first start: {}", arguments.nvm.display())?;
        first_boot(nvm, &places)
    })?;
    // What an interrupted transaction had changed is put back here.
    let mut thread = Thread::start(&nvm, &places.thread)?;
    print_state(check(nvm.load(places.door)?)?)?;
    if thread.is_replaying() {
        writeln!(io::stdout(), "going on with the run that was interrupted")?;
    }
    if thread.starts_without_commit() > 3 {
        writeln!(
            io::stdout(),
            "{} starts in a row got nowhere: is the pause too long?",
            thread.starts_without_commit()
        )?;
    }
    let devices = Devices {
        seed: arguments.seed,
        pause: Duration::from_millis(arguments.pause),
    };
    let ended = thread.run(|thread| run(thread, &places, arguments.steps, devices));
    ended.map_err(|error| match error.kind() {
        ErrorKind::ReplayDiverged { .. } => format!(
            "{error}.\n{} was written by another build of this program in the middle of a run: let that \
             one end it, or start anew with --format",
            arguments.nvm.display()
        ),
        _ => error.to_string(),
    })?;
    print_state(check(nvm.load(places.door)?)?)?;
    let mut journal = nvm.load(places.journal)?;
    journal.sort_unstable_by_key(|visit| visit.number);
    for visit in journal {
        if visit.number > 0 {
            let outcome = if visit.admitted == 1 {
                "admitted"
            } else {
                "refused"
            };
            let Visit { number, badge, .. } = visit;
            writeln!(io::stdout(), "  visit {number}: badge {badge}, {outcome}")?;
        }
    }
    Ok(true)
}

fn main() -> ExitCode {
    nvm_file::end(operate(&Arguments::parse()))
}
