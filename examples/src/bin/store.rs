//! A key-value store in non-volatile memory: `nvm-alloc` with `nvm-tx`, without a kernel.
//!
//! `cargo run --release -p examples --bin store`, and end it with Ctrl-C or `kill -9` at any time; `-- --help` lists
//! the commands.
//!
//! The map itself, and what makes it survive, is in `src/alone/store.rs`; here is what uses it.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use clap::{Parser, Subcommand};
use examples::alone::store::{Pair, Places, Store, StoreError};
use examples::nvm_file;
use nvm_core::Nvm;
use nvm_tx::UndoLog;

/// A key-value store in a file that survives being killed at any time.
///
/// Exit status: 0; 1 where a key is not there; 2 on errors: a file of another program, a damaged or a full one, bad use.
#[derive(Parser)]
struct Options {
    /// The file that stands for the non-volatile memory; made if it is not there.
    #[arg(long, value_name = "FILE", default_value = "store.nvm")]
    nvm: PathBuf,
    /// Begins anew, whatever the file holds.
    #[arg(long)]
    format: bool,
    /// Without a command: `exercise`.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Stores a value under a key.
    Insert {
        /// The key.
        key: String,
        /// Its value.
        value: String,
    },
    /// Prints the value of a key.
    Get {
        /// The key.
        key: String,
    },
    /// Removes a key.
    Remove {
        /// The key.
        key: String,
    },
    /// Lists all keys with their values.
    List,
    /// Inserts and removes keys, step by step.
    Exercise {
        /// How many steps.
        #[arg(long, default_value_t = 25)]
        count: u32,
        /// Milliseconds between two of them.
        #[arg(long, default_value_t = 20)]
        pause: u64,
    },
}

fn main() -> ExitCode {
    nvm_file::end(run(&Options::parse()))
}

fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let places = Places::placed();
    let nvm = nvm_file::open(&options.nvm, options.format, &places.layout, |nvm| {
        Ok(places.first_boot(nvm)?)
    })?;
    let (store, mut log) = places.open(&nvm)?;
    let mut out = io::stdout();
    // Every start holds the chains against the heap: killed or not, nothing is lost.
    let entries = store.entries(&nvm)?;
    let (count, pause) = match &options.command {
        Some(Command::Insert { key, value }) => {
            log.transaction(|tx| store.insert(tx, key.as_bytes(), value.as_bytes()))?;
            return Ok(true);
        }
        Some(Command::Get { key }) => {
            let value = store.get(&nvm, key.as_bytes())?;
            if let Some(value) = &value {
                writeln!(out, "{}", String::from_utf8_lossy(value))?;
            }
            return Ok(value.is_some());
        }
        Some(Command::Remove { key }) => {
            return Ok(log.transaction(|tx| store.remove(tx, key.as_bytes()))?);
        }
        Some(Command::List) => {
            list(&entries)?;
            return Ok(true);
        }
        Some(Command::Exercise { count, pause }) => (*count, *pause),
        None => (25, 20),
    };
    writeln!(out, "{} keys at the start", entries.len())?;
    for _ in 0..count {
        writeln!(out, "step {}", exercise(store, &mut log)?)?;
        sleep(Duration::from_millis(pause));
    }
    list(&store.entries(&nvm)?)?;
    let statistics = store.heap.statistics(&nvm)?;
    writeln!(
        out,
        "{} bytes used, {} free, largest free block {}",
        statistics.used, statistics.free, statistics.largest_free
    )?;
    Ok(true)
}

fn list(entries: &[Pair]) -> io::Result<()> {
    for (key, value) in entries {
        let (key, value) = (String::from_utf8_lossy(key), String::from_utf8_lossy(value));
        writeln!(io::stdout(), "{key}: {value}")?;
    }
    Ok(())
}

/// A step of the exercise, one transaction: counts itself, inserts a key and removes another.
fn exercise<N: Nvm>(store: Store, log: &mut UndoLog<N>) -> Result<u32, StoreError> {
    log.transaction(|tx| {
        let steps = store.get(tx.nvm(), b"steps")?;
        let steps = steps.and_then(|steps| String::from_utf8_lossy(&steps).parse().ok());
        let step = steps.unwrap_or(0_u32).wrapping_add(1);
        store.insert(tx, b"steps", step.to_string().as_bytes())?;
        let value = format!("{step}{}", ".".repeat((step * 7 % 60) as usize));
        store.insert(
            tx,
            format!("key {}", step % 20).as_bytes(),
            value.as_bytes(),
        )?;
        store.remove(tx, format!("key {}", (step + 10) % 20).as_bytes())?;
        Ok(step)
    })
}
