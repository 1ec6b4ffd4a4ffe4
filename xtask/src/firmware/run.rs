//! `cargo xtask firmware run`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use intos::host::Random;

use super::board::Board;
use super::build;
use super::emulator::{self, NvmFile};

/// The program's own status: 0 where its results are as they should be.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which program: see `cargo xtask firmware list`.
    program: String,
    /// The machine that it runs on.
    #[arg(long, value_enum, default_value_t)]
    board: Board,
    /// The file that keeps the NVM; a blank one that is deleted in the end, where it is left out. A run that ended
    /// is not run again: delete the file.
    #[arg(long, value_name = "FILE")]
    nvm: Option<PathBuf>,
    /// Kills the emulator at random times, after so many milliseconds on average, and starts it again until the program
    /// ends. It takes some 100 ms to start.
    #[arg(long, value_name = "MS")]
    kill_every: Option<u64>,
    /// What the random times follow from; another one each time where it is left out.
    #[arg(long)]
    seed: Option<u64>,
    /// Gives up after so many kills.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    most_kills: u64,
}

/// A run that is not killed must end within so much time.
const LONGEST_RUN: Duration = Duration::from_mins(1);

/// Runs it, and answers 0 where it succeeds.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    emulator::check()?;
    options
        .board
        .check_nvm(options.nvm.is_some() || options.kill_every.is_some())?;
    let program = build::build_for(options.board, &options.program)?;
    let nvm = NvmFile::open(options.nvm.as_deref())?;
    let began = Instant::now();
    let (kills, status) = match options.kill_every {
        Some(mean) => run_killed(options, mean, &program, &nvm)?,
        None => (0, run_until(options.board, &program, &nvm, LONGEST_RUN)?),
    };
    let Some(status) = status else {
        return Err(match kills {
            0 => format!("it does not end within {} s", LONGEST_RUN.as_secs()),
            kills => format!("it does not end, with {kills} kills"),
        });
    };
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{}: {}, {kills} kills, {seconds:.1} s",
        options.program,
        if status.success() { "passed" } else { "failed" }
    );
    Ok(u64::from(!status.success()))
}

/// Runs it with kills: how many there were, and how it ended.
fn run_killed(
    options: &Options,
    mean: u64,
    program: &Path,
    nvm: &NvmFile,
) -> Result<(u64, Option<ExitStatus>), String> {
    let seed = options.seed.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |since| since.as_nanos() as u64)
    });
    let mut random = Random::new(seed);
    for kills in 0..options.most_kills {
        let time = Duration::from_micros(random.below(2_000 * mean.max(1)));
        if let Some(status) = run_until(options.board, program, nvm, time)? {
            return Ok((kills, Some(status)));
        }
    }
    Ok((options.most_kills, None))
}

/// Runs it for so long and then kills it, if it has not ended before. What it prints is shown if it ends.
fn run_until(
    board: Board,
    program: &Path,
    nvm: &NvmFile,
    time: Duration,
) -> Result<Option<ExitStatus>, String> {
    let begin = Instant::now();
    let mut qemu = emulator::start_on(board, program, nvm, false)?;
    while begin.elapsed() < time {
        if let Some(status) = status(&mut qemu)? {
            let mut text = String::new();
            if let Some(mut output) = qemu.stdout.take() {
                // What cannot be read is not shown.
                let _ = output.read_to_string(&mut text);
            }
            print!("{text}");
            return Ok(Some(status));
        }
        thread::sleep(Duration::from_millis(1).min(time.saturating_sub(begin.elapsed())));
    }
    // SIGKILL. It may have ended just now, which is as good.
    let _ = qemu.kill();
    qemu.wait()
        .map_err(|error| format!("the emulator does not end: {error}"))?;
    Ok(None)
}

fn status(qemu: &mut Child) -> Result<Option<ExitStatus>, String> {
    qemu.try_wait()
        .map_err(|error| format!("the emulator's state is not known: {error}"))
}
