//! The quick start: a year of weather on the INTOS kernel, with hundreds of power losses.
//!
//! `cargo run --release` simulates them; `cargo run --release -- --live` leaves them to you.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use clap::Parser;
use comfy_table::{CellAlignment, Table, presets};
use examples::weather::readings::Readings;
use examples::weather::station::{self, Harvester, Run, StationError};
use indicatif::{ProgressBar, ProgressStyle};
use nvm_core::Class;

/// A weather logger of four tasks that survives its power losses.
///
/// Its NVM is a file. The power is cut at arbitrary stores, hundreds of times a year; at the end every
/// persistent result is compared with a run without power loss. Exit status: 0 if they are the same, 1 if
/// not, 2 on bad use.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// How often the power goes in the simulated year.
    #[arg(long, value_name = "N", default_value_t = 300)]
    losses: u64,
    /// What all random decisions follow from: the same seed gives the same run, to the last store.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Readings of your own: a CSV file with the columns `date` and `temp` (°F) or `temp_c` (°C).
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// The file that holds the NVM. A year that was not brought to its end is gone on with.
    #[arg(long, value_name = "FILE", default_value = "weather.nvm")]
    nvm: PathBuf,
    /// Begins anew, whatever the NVM's file holds.
    #[arg(long)]
    format: bool,
    /// Simulates no power losses: end the process yourself (Ctrl-C, kill -9), start it again, and it goes on
    /// where it was.
    #[arg(long)]
    live: bool,
    /// With --live: readings a second, 0 for as many as it can.
    #[arg(long, value_name = "N", default_value_t = 500, requires = "live")]
    pace: u32,
    /// Writes what happens to a file for a trace viewer such as Perfetto's: a row for each task, and
    /// each power loss. A microsecond there is an access to the NVM.
    #[arg(long, value_name = "FILE", conflicts_with = "live")]
    trace: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            let is_bad_use = error
                .downcast_ref::<StationError>()
                .is_none_or(StationError::is_bad_use);
            ExitCode::from(if is_bad_use { 2 } else { 1 })
        }
    }
}

/// Runs the year, and answers whether its results are those of a run without power loss.
fn run(options: &Options) -> Result<bool, Box<dyn std::error::Error>> {
    let readings = match &options.input {
        Some(path) => Readings::load(path)?,
        None => Readings::of_seattle()?,
    };
    let mut formats = options.format;
    if !formats && station::is_complete(&options.nvm) {
        println!(
            "The year in {} is complete: beginning a new one.",
            options.nvm.display()
        );
        formats = true;
    }
    let bar = progress_bar(&readings);
    let (run, reference) = if options.live {
        let run = live(options, formats, &readings, &bar)?;
        (run, station::without_power_loss(&readings)?)
    } else {
        let reference = station::without_power_loss(&readings)?;
        let stores = reference.counters.stores();
        let mut harvester = Harvester::new(options.seed, options.losses, stores);
        let show = &mut |taken, losses| show(&bar, taken, losses);
        let run = station::simulate(
            &options.nvm,
            formats,
            &readings,
            &mut harvester,
            options.trace.as_deref(),
            show,
        )?;
        (run, reference)
    };
    bar.finish();
    if !bar.is_hidden() {
        eprintln!();
    }
    println!("{}", table(&run, &reference));
    if !options.live && run.began_with == 0 && run.power_losses < options.losses {
        println!(
            "The power went {} times, not {}: a charge has to last for the longest transaction.",
            run.power_losses, options.losses
        );
    }
    let difference = run.results.difference(&reference.results);
    println!(
        "same result as without power loss: {}",
        if difference.is_none() { "yes" } else { "no" }
    );
    if let Some(difference) = &difference {
        println!("  {difference}");
        println!("  repeat with: {}", repeat(options));
    }
    Ok(difference.is_none())
}

/// The year in real time, for the user to interrupt.
fn live(
    options: &Options,
    formats: bool,
    readings: &Readings,
    bar: &ProgressBar,
) -> Result<Run, StationError> {
    println!(
        "Interrupt me at any time (Ctrl-C, or kill -9 {}) and start me again.",
        std::process::id()
    );
    // Not worth an error: the process may be ended before it can say anything.
    let _ = std::io::stdout().flush();
    let mut before = None;
    station::live(&options.nvm, formats, readings, &mut |taken, losses| {
        show(bar, taken, losses);
        if before.replace(taken).is_some_and(|before| before != taken) && options.pace > 0 {
            sleep(Duration::from_secs(1) / options.pace);
        }
    })
}

fn progress_bar(readings: &Readings) -> ProgressBar {
    let bar = ProgressBar::new(u64::from(readings.len()));
    if let Ok(style) =
        ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} readings, {msg}")
    {
        bar.set_style(style);
    }
    bar.set_prefix(readings.source().to_owned());
    bar
}

fn show(bar: &ProgressBar, taken: u32, losses: u64) {
    if bar.position() != u64::from(taken) {
        bar.update(|state| state.set_pos(u64::from(taken)));
        bar.set_message(format!("power losses: {losses}"));
    }
}

/// What the run did, beside the run without power loss.
fn table(run: &Run, reference: &Run) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY).set_header([
        "",
        "this run",
        "without power loss",
    ]);
    let mut row = |name: &str, of: &dyn Fn(&Run) -> String| {
        table.add_row([name.to_owned(), of(run), of(reference)]);
    };
    if run.began_with > 0 {
        row("readings of earlier runs", &|run| {
            run.began_with.to_string()
        });
    }
    row("readings", &|run| run.results.taken.to_string());
    row("frosts", &|run| run.results.alarm.count.to_string());
    row("weekly reports", &|run| run.results.reported.to_string());
    row("power losses", &|run| run.power_losses.to_string());
    row("transactions run", &|run| run.statistics.run.to_string());
    row("transactions bypassed", &|run| {
        run.statistics.bypassed.to_string()
    });
    row("transactions rolled back", &|run| {
        run.statistics.rolled_back.to_string()
    });
    row("NVM bytes stored per reading", &|run| {
        per_reading(run, run.counters.bytes_written())
    });
    for class in Class::ALL {
        row(&format!("  {}", class.name()), &|run| {
            per_reading(run, run.counters.class(class).bytes)
        });
    }
    row("NVM bytes of the program", &|run| run.nvm_bytes.to_string());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn per_reading(run: &Run, bytes: u64) -> String {
    let readings = u64::from(run.results.taken.saturating_sub(run.began_with)).max(1);
    let tenths = bytes * 10 / readings;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// The command that repeats a simulated run.
fn repeat(options: &Options) -> String {
    let input = match &options.input {
        Some(path) => format!(" --input '{}'", path.display()),
        None => String::new(),
    };
    format!(
        "cargo run --release -- --format --losses {} --seed {} --nvm '{}'{input}",
        options.losses,
        options.seed,
        options.nvm.display()
    )
}
