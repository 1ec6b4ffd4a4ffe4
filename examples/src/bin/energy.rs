//! An energy meter that loses nothing it has counted: `nvm-ptr` on a file, without a kernel.
//!
//! `cargo run --release -p examples --bin energy`, and end it with Ctrl-C or `kill -9` at any time. The
//! next start goes on where the meter stood, and checks every counter.
//!
//! The meter, and what makes it survive, is in `src/alone/energy.rs`; here is what uses it.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::Parser;
use examples::alone::energy::{BATCH, HOURS, Meter, Reading, SAMPLES_PER_HOUR, check, household};
use examples::nvm_file;
use nvm_tx::UndoLog;

/// An energy meter with its counters in a file: kill it, and start it again.
///
/// Exit status: 0, or 2 on errors: a file of another program, counters that disagree, bad use.
#[derive(Parser)]
struct Arguments {
    /// The file that stands for the non-volatile memory; made if it is not there.
    #[arg(long, default_value = "energy.nvm")]
    nvm: PathBuf,
    /// Start from nothing, whatever the file holds.
    #[arg(long)]
    format: bool,
    /// Hours to meter now.
    #[arg(long, default_value_t = 48, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    hours: u32,
    /// Milliseconds that a quarter of an hour takes.
    #[arg(long, default_value_t = 20)]
    pace: u64,
}

fn main() -> ExitCode {
    nvm_file::end(run(&Arguments::parse()))
}

fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let mut meter = Meter::placed();
    let nvm = nvm_file::open(&arguments.nvm, arguments.format, &meter.layout, |nvm| {
        meter.first_boot(nvm)
    })?;
    // What a power loss interrupted is rolled back here.
    let mut log = UndoLog::open(&nvm, meter.log)?;

    let before = check(&meter, &mut log)?;
    writeln!(
        io::stdout(),
        "The meter stands at {:.3} kWh after {} samples; all counters agree.",
        before.total.kilowatt_hours(),
        before.total.samples
    )?;
    if arguments.hours > 0 {
        writeln!(
            io::stdout(),
            "Metering {} hours. Kill me at any time.",
            arguments.hours
        )?;
    }
    for hour in 1..=arguments.hours {
        for _ in 0..SAMPLES_PER_HOUR as usize / BATCH {
            meter.count(&mut log, household)?;
            thread::sleep(Duration::from_millis(arguments.pace));
        }
        if hour % HOURS as u32 == 0 {
            let energy = meter.read(&mut log)?.total.kilowatt_hours();
            writeln!(io::stdout(), "A day later: {energy:.3} kWh.")?;
        }
    }
    print(&check(&meter, &mut log)?)?;
    Ok(true)
}

fn print(reading: &Reading) -> io::Result<()> {
    let mut out = io::stdout();
    let most = reading.hours.iter().map(|hour| hour.energy).max();
    let most = most.unwrap_or(0).max(1);
    writeln!(out, "hour      kWh   peak W")?;
    for (hour, counter) in reading.hours.iter().enumerate() {
        writeln!(
            out,
            "{hour:>4} {:>8.3} {:>8} {}",
            counter.kilowatt_hours(),
            counter.peak / 1000,
            "#".repeat((counter.energy * 40 / most) as usize)
        )?;
    }
    writeln!(
        out,
        " all {:>8.3} {:>8} of {} samples; all counters agree.",
        reading.total.kilowatt_hours(),
        reading.total.peak / 1000,
        reading.total.samples
    )
}
