//! Last words: what a program was doing when its power went, with `nvm-core` alone.
//!
//! `cargo run --release -p examples --bin boots`, and end it with Ctrl-C or `kill -9` at any time. The
//! next start says how often it has been started and how far the last life came.
//!
//! The record is wider than anything that is stored in one piece, so there are two of it, and one byte
//! that says which of them counts. An update stores into the other one and then that byte, in this
//! order: whenever the power goes, the byte names a whole record.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use std::{str, thread};

use clap::Parser;
use nvm_core::{Class, FileNvm, Layout, Nvm, Offset, Region, RegionError};

nvm_core::persist! {
    /// What the next life is told.
    struct LastWords {
        /// Starts so far.
        boots: u32,
        /// Steps of this life.
        steps: u32,
        /// What it was doing, filled up with spaces.
        doing: [u8; 16],
    }
}

/// Where the record lies in the region.
struct Journal {
    layout: Layout,
    records: Offset<[LastWords; 2]>,
    current: Offset<u8>,
}

impl Journal {
    fn new() -> Self {
        let mut layout = Layout::new("boots", 1);
        Self {
            records: layout.object("records"),
            current: layout.object("current"),
            layout,
        }
    }

    /// The first life of all finds a record of zeros.
    fn boot(&self, nvm: &impl Nvm) -> Result<Region, RegionError> {
        Region::open_or_format(nvm, &self.layout, || {
            nvm.store(Class::Data, self.record(0), &nothing())?;
            nvm.store(Class::Data, self.current, &0)?;
            Ok(())
        })
    }

    /// One of the two records, by the lowest bit.
    fn record(&self, number: u8) -> Offset<LastWords> {
        let second = self.records.element(1).filter(|_| number % 2 == 1);
        second.unwrap_or(self.records.cast())
    }

    fn last_words(&self, nvm: &impl Nvm) -> Result<LastWords, nvm_core::Error> {
        nvm.load(self.record(nvm.load(self.current)?))
    }

    /// Replaces the record: after a power loss it is the old one or the new one, whole.
    fn speak(&self, nvm: &impl Nvm, words: &LastWords) -> Result<(), nvm_core::Error> {
        let other = (nvm.load(self.current)? + 1) % 2;
        nvm.store(Class::Data, self.record(other), words)?;
        nvm.store(Class::Data, self.current, &other)
    }
}

fn nothing() -> LastWords {
    LastWords {
        boots: 0,
        steps: 0,
        doing: *b"nothing         ",
    }
}

const TASKS: [[u8; 16]; 4] = [
    *b"measuring       ",
    *b"averaging       ",
    *b"sending         ",
    *b"sleeping        ",
];

/// Counts its starts in a file, and says what the last life was doing when it was killed.
#[derive(Parser)]
struct Arguments {
    /// The file that stands for the non-volatile memory; made if it is not there.
    #[arg(long, default_value = "boots.nvm")]
    nvm: PathBuf,
    /// Start from nothing, whatever the file holds.
    #[arg(long)]
    format: bool,
    /// Steps to do, at most.
    #[arg(long, default_value_t = 100)]
    steps: u32,
}

fn main() -> ExitCode {
    match live(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("boots: {error}");
            ExitCode::FAILURE
        }
    }
}

fn live(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let journal = Journal::new();
    let nvm = if arguments.format {
        FileNvm::overwrite(&arguments.nvm, journal.layout.size())?
    } else if arguments.nvm.exists() {
        FileNvm::open(&arguments.nvm)?
    } else {
        FileNvm::create(&arguments.nvm, journal.layout.size())?
    };
    let region = journal.boot(&nvm)?;

    let before = journal.last_words(&nvm)?;
    let boots = before.boots.wrapping_add(1);
    if region.is_first_boot() {
        println!("Start {boots}, the first one.");
    } else {
        let doing = str::from_utf8(&before.doing)
            .unwrap_or("saying nothing")
            .trim_end();
        println!(
            "Start {boots}. The last life did {} steps; its last: {doing}.",
            before.steps
        );
    }

    println!("Kill me at any time.");
    for (steps, doing) in (0..=arguments.steps).zip(TASKS.iter().cycle()) {
        let words = LastWords {
            boots,
            steps,
            doing: *doing,
        };
        journal.speak(&nvm, &words)?;
        thread::sleep(Duration::from_millis(50));
    }
    println!("Nobody did, in {} steps.", arguments.steps);
    Ok(())
}

#[cfg(test)]
mod tests {
    use nvm_core::for_each_atom;
    use nvm_core::sim::Explorer;

    use super::*;

    #[test]
    fn the_last_words_are_the_old_or_the_new_ones_whatever_is_cut() {
        let journal = Journal::new();
        let words = LastWords {
            boots: 7,
            steps: 1000,
            doing: TASKS[2],
        };
        for_each_atom!(ATOM => {
            Explorer::<ATOM>::new("last words", journal.layout.size())
                .filled_with(0)
                .explore_atomic(
                    |nvm| assert!(journal.boot(nvm).unwrap().is_first_boot()),
                    |nvm| journal.speak(nvm, &words).unwrap(),
                    |nvm| assert!(!journal.boot(nvm).unwrap().is_first_boot()),
                    |nvm| journal.last_words(nvm).unwrap(),
                )
                .assert_clean();
        });
    }

    #[test]
    fn naming_the_record_before_it_is_stored_is_caught() {
        let journal = Journal::new();
        Explorer::<4>::new("last words, too early", journal.layout.size())
            .filled_with(0)
            .explore_atomic(
                |nvm| assert!(journal.boot(nvm).unwrap().is_first_boot()),
                |nvm| {
                    nvm.store(Class::Data, journal.current, &1).unwrap();
                    nvm.store(Class::Data, journal.record(1), &nothing())
                        .unwrap();
                },
                |_| {},
                |nvm| journal.last_words(nvm).unwrap(),
            )
            .assert_caught();
    }
}
