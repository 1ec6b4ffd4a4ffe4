//! A counter that survives Ctrl-C and `kill -9`: `nvm-tx` used alone, and the smallest useful program.
//!
//! `cargo run --release -p examples --bin counter`, and end it at any time. The next start goes on where the
//! last one was, and the count and its sum, two objects, always belong together.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use nvm_core::{Area, Class, FileNvm, Layout, Nvm, Offset, Region, RegionError};
use nvm_tx::{Fault, UndoLog};

/// Counts in a file, and keeps the sum of all numbers counted. End it whenever you like.
#[derive(Parser)]
struct Arguments {
    /// The file that stands for the non-volatile memory; made if it is not there.
    #[arg(long, default_value = "counter.nvm")]
    file: PathBuf,
    /// Increments to do.
    #[arg(long, default_value_t = 20)]
    count: u32,
    /// Milliseconds between two increments.
    #[arg(long, default_value_t = 50)]
    pause: u64,
    /// Start from zero, whatever the file holds.
    #[arg(long)]
    format: bool,
}

/// Where everything lies: the same at each start.
struct Places {
    layout: Layout,
    log: Area,
    count: Offset<u64>,
    sum: Offset<u64>,
}

fn places() -> Places {
    let mut layout = Layout::new("counter", 1);
    Places {
        // An entry for each object: 4 bytes and its old 8.
        log: layout.area("undo log", UndoLog::<FileNvm>::area_bytes(2 * 12)),
        count: layout.object("count"),
        sum: layout.object("sum"),
        layout,
    }
}

fn first_boot<N: Nvm>(nvm: &N, places: &Places) -> Result<(), Box<dyn Error>> {
    UndoLog::format(&nvm, places.log)?;
    nvm.store(Class::Data, places.count, &0)?;
    nvm.store(Class::Data, places.sum, &0)?;
    Ok(())
}

fn open(arguments: &Arguments, layout: &Layout) -> Result<FileNvm, Box<dyn Error>> {
    Ok(if arguments.format {
        FileNvm::overwrite(&arguments.file, layout.size())?
    } else if arguments.file.exists() {
        FileNvm::open(&arguments.file)?
    } else {
        FileNvm::create(&arguments.file, layout.size())?
    })
}

fn count(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let places = places();
    let nvm = open(arguments, &places.layout)?;
    let region = Region::open_or_format(&nvm, &places.layout, || first_boot(&nvm, &places))
        .map_err(|error| match error.downcast_ref::<RegionError>() {
            Some(_) => format!("{}: {error}", arguments.file.display()).into(),
            None => error,
        })?;
    if region.is_first_boot() {
        writeln!(
            std::io::stdout(),
            "first start: {}",
            arguments.file.display()
        )?;
    }
    // What an interrupted transaction had changed is put back here.
    let mut log = UndoLog::open(&nvm, places.log)?;

    let (count, sum) = (nvm.load(places.count)?, nvm.load(places.sum)?);
    writeln!(
        std::io::stdout(),
        "{count} counted so far, their sum is {sum}"
    )?;
    if Some(sum) != expected_sum(count) {
        return Err(
            format!("{count} and {sum} do not belong together: the file is damaged").into(),
        );
    }
    for _ in 0..arguments.count {
        let (count, sum) = log.transaction(|tx| {
            let count = tx.get(places.count)? + 1;
            let sum = tx.get(places.sum)? + count;
            tx.set(places.count, count)?;
            tx.set(places.sum, sum)?;
            Ok::<_, Fault>((count, sum))
        })?;
        writeln!(std::io::stdout(), "{count}, sum {sum}")?;
        std::thread::sleep(Duration::from_millis(arguments.pause));
    }
    Ok(())
}

/// 1 + 2 + … + `count`, unless that is more than the file can say.
fn expected_sum(count: u64) -> Option<u64> {
    u64::try_from(u128::from(count) * (u128::from(count) + 1) / 2)
        .ok()
        .filter(|sum| *sum < u64::MAX / 2)
}

fn main() -> ExitCode {
    match count(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("counter: {error}");
            ExitCode::FAILURE
        }
    }
}
