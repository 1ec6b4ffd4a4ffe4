//! `cargo xtask firmware run`.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use intos::host::Random;

use super::board::Board;
use super::emulator::{self, NvmFile, Time};
use super::image::Image;
use super::intervals::Intervals;
use super::{Target, build};

/// The program's own status: 0 where its results are as they should be.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which program: see `cargo xtask firmware list`.
    pub(super) program: String,
    /// What it is built for.
    #[arg(long, value_enum, default_value_t)]
    pub(super) target: Target,
    /// The machine that it runs on.
    #[arg(long, value_enum, default_value_t)]
    board: Board,
    /// The file that keeps the NVM; a blank one that is deleted in the end, where it is left out. A run that ended
    /// is not run again: delete the file.
    #[arg(long, value_name = "FILE")]
    pub(super) nvm: Option<PathBuf>,
    /// Kills the emulator at random times, so many milliseconds after the program has started, on average, and starts it
    /// again until the program ends.
    #[arg(long, value_name = "MS")]
    pub(super) kill_every: Option<u64>,
    /// The power goes at intervals of this length on average, such as 1ms: of the emulated machine's time, in which it
    /// executes 15,625 instructions in a millisecond, an MSP430 4,000. SRAM is lost each time.
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = humantime::parse_duration,
        conflicts_with_all = ["kill_every", "nvm"]
    )]
    pub(super) losses_every: Option<Duration>,
    /// Begins anew with a blank NVM until so many kills were made.
    #[arg(
        long,
        value_name = "N",
        requires = "kill_every",
        conflicts_with = "nvm"
    )]
    kills: Option<u64>,
    /// What the random times follow from; another one each time where it is left out, or 1 for power losses at intervals,
    /// which it decides wholly.
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Gives up where a program has not ended after so many kills.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    most_kills: u64,
}

/// A run that is not killed must end within so much time.
const LONGEST_RUN: Duration = Duration::from_mins(1);
/// Between two looks at a program.
const LOOK: Duration = Duration::from_micros(200);
/// Where the firmware counts its starts, and tells that it has ended: words of its `__sweep_control`.
const STARTS: u64 = 14;
const HAS_ENDED: u64 = 15;

/// Runs it, and answers how many runs failed.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    emulator::check()?;
    let board = options.board;
    board.check_nvm(
        options.nvm.is_some() || options.kill_every.is_some() || options.losses_every.is_some(),
    )?;
    let intervals = options
        .losses_every
        .map(|mean| Intervals::new(mean, options.seed.unwrap_or(1)))
        .transpose()?;
    let image = build::build(board, &options.program, false)?;
    let began = Instant::now();
    if let Some(intervals) = intervals {
        return run_at_intervals(options, &image, intervals, began);
    }
    let mut random = Random::new(options.seed.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |since| since.as_nanos() as u64)
    }));
    let (mut runs, mut failed) = (0, 0);
    let mut kills = Kills::default();
    loop {
        let nvm = NvmFile::open(options.nvm.as_deref())?;
        runs += 1;
        failed += u64::from(!run_to_end(options, &image, &nvm, &mut random, &mut kills)?);
        if options.kills.is_none_or(|wanted| kills.all >= wanted) {
            break;
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    if options.kill_every.is_some() {
        println!(
            "{}: {} kills, {} of them while the program ran, {runs} runs, {failed} failed, {seconds:.1} s",
            options.program, kills.all, kills.while_it_ran
        );
    } else {
        let passed = if failed == 0 { "passed" } else { "failed" };
        println!("{}: {passed}, {seconds:.1} s", options.program);
    }
    Ok(failed)
}

/// Runs a program to its end with power losses at intervals, and answers whether it failed: 1, or 0.
fn run_at_intervals(
    options: &Options,
    image: &Image,
    intervals: Intervals,
    began: Instant,
) -> Result<u64, String> {
    let nvm = NvmFile::open(None)?;
    intervals.ask(image, &nvm)?;
    let has_passed = match run_until(options.board, image, &nvm, Time::INSTRUCTIONS, None)? {
        End::Ended(status) => status.success(),
        End::Killed { .. } | End::Hung => {
            println!("it does not end within {} s", LONGEST_RUN.as_secs());
            false
        }
    };
    let told = Intervals::read(image, &nvm)?;
    println!(
        "{}: {}, {} power losses, at most {} starts in a row without a commit, {:.1} s",
        options.program,
        if has_passed { "passed" } else { "failed" },
        told.losses,
        told.most_starts_without_commit,
        began.elapsed().as_secs_f64()
    );
    Ok(u64::from(!has_passed))
}

/// How often the emulator was killed.
#[derive(Debug, Default)]
struct Kills {
    all: u64,
    /// When the program had started and not ended.
    while_it_ran: u64,
}

/// Runs a program until it ends, and answers whether it succeeds.
fn run_to_end(
    options: &Options,
    image: &Image,
    nvm: &NvmFile,
    random: &mut Random,
    kills: &mut Kills,
) -> Result<bool, String> {
    for _ in 0..=options.most_kills {
        let kill_after = options
            .kill_every
            .map(|mean| Duration::from_micros(random.below(2_000 * mean.max(1))));
        match run_until(options.board, image, nvm, Time::Real, kill_after)? {
            End::Ended(status) => return Ok(status.success()),
            End::Killed { while_it_ran } => {
                kills.all += 1;
                kills.while_it_ran += u64::from(while_it_ran);
            }
            End::Hung => {
                return Err(format!(
                    "it does not end within {} s",
                    LONGEST_RUN.as_secs()
                ));
            }
        }
    }
    Err(format!(
        "it does not end, with {} kills",
        options.most_kills
    ))
}

/// How a run ends.
enum End {
    Ended(ExitStatus),
    Killed { while_it_ran: bool },
    Hung,
}

/// Runs a program, and kills the emulator so long after the program has started, if it has not ended before. What it
/// prints is shown if it ends.
fn run_until(
    board: Board,
    image: &Image,
    nvm: &NvmFile,
    time: Time,
    kill_after: Option<Duration>,
) -> Result<End, String> {
    // Only who kills it must know.
    let control = match kill_after {
        Some(_) => Some(image.symbol("__sweep_control")?),
        None => None,
    };
    let word = |word: u64| match control {
        Some(control) => Ok::<u32, String>(nvm.words(control + 4 * word, 1)?[0]),
        None => Ok(0),
    };
    let starts = word(STARTS)?;
    let mut qemu = emulator::start(board, image, nvm, time, None)?;
    let began = Instant::now();
    let mut started = None;
    loop {
        if let Some(status) = status(&mut qemu)? {
            let mut text = String::new();
            if let Some(mut output) = qemu.stdout.take() {
                // What cannot be read is not shown.
                let _ = output.read_to_string(&mut text);
            }
            if kill_after.is_none() || !status.success() {
                print!("{text}");
            }
            return Ok(End::Ended(status));
        }
        if started.is_none() && word(STARTS)? != starts {
            started = Some(Instant::now());
        }
        let is_over = match (started, kill_after) {
            (Some(started), Some(time)) => started.elapsed() >= time,
            _ => false,
        };
        if is_over || began.elapsed() >= LONGEST_RUN {
            // SIGKILL. It may have ended just now, which is as good.
            let _ = qemu.kill();
            qemu.wait()
                .map_err(|error| format!("the emulator does not end: {error}"))?;
            if !is_over {
                return Ok(End::Hung);
            }
            let while_it_ran = word(HAS_ENDED)? == 0;
            return Ok(End::Killed { while_it_ran });
        }
        thread::sleep(LOOK);
    }
}

fn status(qemu: &mut Child) -> Result<Option<ExitStatus>, String> {
    qemu.try_wait()
        .map_err(|error| format!("the emulator's state is not known: {error}"))
}
