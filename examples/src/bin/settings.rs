//! A configuration store whose older versions are upgraded in one transaction: `nvm-tx` used alone.
//!
//! `cargo run --release -p examples --bin settings` writes settings as version 1 of this firmware did, opens them as
//! version 2, and changes some. End it with Ctrl-C or `kill -9` at any time: the settings are those of before or
//! those of after, all of them.
//!
//! The settings of both versions and the transactions over them are in `src/alone/settings.rs`; here is what uses them.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use clap::{Parser, Subcommand};
use examples::alone::settings::{Change, Settings, SettingsError, Store, VERSION};
use examples::nvm_file;
use nvm_core::Nvm;
use nvm_tx::UndoLog;

/// Settings in a file, which are upgraded from version 1 and changed all or nothing.
///
/// Exit status: 0; 1 where changes are refused; 2 on errors: a file of another program, settings of a later version,
/// bad use.
#[derive(Parser)]
struct Options {
    /// The file that stands for the non-volatile memory; made if it is not there.
    #[arg(long, value_name = "FILE", default_value = "settings.nvm")]
    nvm: PathBuf,
    /// Begins anew, whatever the file holds.
    #[arg(long)]
    format: bool,
    /// Makes a new file as version 1 of this program did, and ends.
    #[arg(long)]
    make_old: bool,
    /// Milliseconds between two writes of a transaction, to end the program there.
    #[arg(long, default_value_t = 0)]
    pause: u64,
    /// Without a command: makes a file as version 1 did if there is none, upgrades it, and changes settings.
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Shows the settings.
    Show,
    /// Changes settings, all of them or none: `set low=1000 high=30000 interval=500 name=attic`.
    Set {
        /// interval (milliseconds), low, high (thousandths of a degree), name.
        #[arg(value_name = "NAME=VALUE", required = true, value_parser = Change::parse)]
        changes: Vec<Change>,
    },
}

fn main() -> ExitCode {
    nvm_file::end(run(&Options::parse()))
}

fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let store = Store::placed();
    let path = &options.nvm;
    if options.make_old && options.command.is_some() {
        return Err("--make-old takes no command".into());
    }
    if options.make_old && !options.format && path.exists() {
        return Err(format!("{} is there; --format makes it anew", path.display()).into());
    }
    let is_first = options.command.is_none();
    let nvm = nvm_file::open(path, options.format, &store.layout, |nvm| {
        if is_first {
            writeln!(io::stdout(), "made as version 1: {}", path.display())?;
            return Ok(store.format_as_first(nvm)?);
        }
        Ok(store.format(nvm)?)
    })?;
    if options.make_old {
        return Ok(true);
    }
    let pause = || sleep(Duration::from_millis(options.pause));
    // What an interrupted transaction had changed is put back here.
    let mut log = UndoLog::open(&nvm, store.log)?;
    let found = store.upgrade(&mut log, pause)?;
    if found != VERSION {
        writeln!(io::stdout(), "upgraded from version {found} to {VERSION}")?;
    }
    let mut change = |changes: &[Change]| match store.change(&mut log, changes, pause) {
        Ok(settings) => show(&settings).map(|()| true),
        Err(SettingsError::Refused(reason)) => {
            writeln!(io::stdout(), "refused, nothing is changed: {reason}")?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    };
    match &options.command {
        Some(Command::Show) => show(&nvm.load(store.settings)?).map(|()| true),
        Some(Command::Set { changes }) => change(changes),
        None => {
            show(&nvm.load(store.settings)?)?;
            writeln!(io::stdout(), "high=30000 low=12000 interval=500:")?;
            change(&[
                Change::High(30_000),
                Change::Low(12_000),
                Change::Interval(500),
            ])?;
            writeln!(io::stdout(), "interval=100 low=40000:")?;
            change(&[Change::Interval(100), Change::Low(40_000)])?;
            show(&nvm.load(store.settings)?).map(|()| true)
        }
    }
}

fn show(settings: &Settings) -> Result<(), Box<dyn Error>> {
    let Settings {
        interval_milliseconds,
        low,
        high,
        name,
    } = settings;
    let name = String::from_utf8_lossy(name);
    Ok(writeln!(
        io::stdout(),
        "  name={} interval={interval_milliseconds} low={low} high={high}",
        name.trim_end()
    )?)
}
