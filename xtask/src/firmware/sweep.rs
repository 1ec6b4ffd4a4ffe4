//! `cargo xtask firmware sweep`.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::time::Instant;

use clap::Args;

use super::batch::Batch;
use super::board::Board;
use super::cuts::{self, Cuts};
use super::image::Image;
use super::trace::Trace;
use super::{Target, build, coverage, emulator};
use crate::parallel;

/// Each cut is named by the number of the instruction before which it comes, counted from where the first boot has
/// formatted the NVM on, or from the start on where the formatting itself is cut. Sleeping is not counted.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which program: see `cargo xtask firmware list`.
    pub(super) program: String,
    /// What it is built for.
    #[arg(long, value_enum, default_value_t)]
    pub(super) target: Target,
    /// The machine that it runs on: one whose NVM a file keeps.
    #[arg(long, value_enum, default_value_t)]
    pub(super) board: Board,
    /// The first cut.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) from: u32,
    /// The cut before which the sweep ends; the program's end, where it is left out.
    #[arg(long, value_name = "M")]
    pub(super) to: Option<u32>,
    /// How many instructions later each cut is.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) step: u32,
    /// 2: cuts the power a second time, at points of the recovery from the first.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=2))]
    pub(super) cuts: u32,
    /// How many pairs of cuts are made, chosen at random where there are more.
    #[arg(long, value_name = "N", default_value_t = 10_000, requires = "cuts")]
    pub(super) pairs: u32,
    /// What their choice follows from.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub(super) seed: u64,
    /// The second cut comes before this instruction of the next start, and nowhere else.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) second: Option<u32>,
    /// Cuts the power twice in all ways, each in one run for all pairs that find the same NVM.
    #[arg(long, conflicts_with_all = ["from", "to", "step", "cuts", "pairs", "second"])]
    pub(super) every_pair: bool,
    /// Cuts the power any number of times: until no cut finds an NVM that was not found before, or there are more of them.
    #[arg(
        long,
        value_name = "STATES",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "10000",
        conflicts_with_all = ["from", "to", "step", "cuts", "pairs", "second", "every_pair"]
    )]
    pub(super) any_number: Option<u32>,
    /// Cuts the first boot's formatting, from the reset until it is done, in place of all that follows it; with --any-number
    /// all of the first boot.
    #[arg(long)]
    pub(super) formatting: bool,
    /// Sweeps firmware with a mistake made on purpose: transactions store before they log. It must fail.
    #[arg(long)]
    pub(super) broken: bool,
    /// How many emulators run at a time; as many as there are processors, where it is left out.
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,
}

impl Options {
    /// The instructions before which the first cut comes, where there are so many.
    pub(super) fn window(&self, length: u32) -> Range<u32> {
        let behind = length.saturating_add(1);
        self.from..self.to.unwrap_or(behind).min(behind)
    }

    /// Whether the power is cut twice in each run.
    pub(super) fn is_pairs(&self) -> bool {
        self.cuts == 2 || self.second.is_some()
    }

    /// Whether the power is cut before each instruction.
    pub(super) fn is_whole(&self) -> bool {
        !self.is_pairs()
            && !self.every_pair
            && self.any_number.is_none()
            && self.step == 1
            && self.from == 1
            && self.to.is_none()
    }
}

/// Runs of an emulator.
const BATCH: usize = 1_000;
/// How many recoveries are looked at to know how long they are.
const RECOVERIES: u32 = 64;
/// How many failures are shown one by one.
pub(super) const SHOWN: u64 = 20;

/// Sweeps, and answers how many runs failed.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    if options.every_pair || options.any_number.is_some() {
        return Err(
            "--every-pair and --any-number are for --target msp430 alone: here see --cuts 2".into(),
        );
    }
    emulator::check()?;
    options.board.check_nvm(true)?;
    let image = build::build(options.board, &options.program, options.broken)?;
    let trace = Trace::take(options.board, &image, options.formatting)?;
    println!(
        "{}: {} instructions in the window, at {} addresses",
        options.program,
        trace.length,
        trace.executed.len()
    );
    let window = options.window(trace.length);
    let list = if options.is_pairs() {
        let seconds = match options.second {
            Some(second) => second..second.saturating_add(1),
            None => 1..recovery(&image, trace.length, options)?,
        };
        cuts::twice(window, options.step, seconds, options.pairs, options.seed)
    } else {
        cuts::once(window, options.step)
    };
    if list.is_empty() {
        return Err(format!(
            "there is nothing to cut: the window has the instructions 1 to {}",
            trace.length
        ));
    }
    let began = Instant::now();
    let all = sweep(&image, options, &list)?;
    tell_time(began, list.len());
    if options.is_pairs() {
        println!("{} runs ended before their second cut", all.ended_early);
    } else {
        println!(
            "{} runs were not finished: their cut left the NVM as the one before, after which all was well",
            all.unfinished
        );
    }
    let missed = coverage::tell(
        &trace.executed,
        &all.cut_at,
        &image.handlers()?,
        |address| image.function_at(address).to_owned(),
        options.is_whole(),
    );
    let failed = all.failed + missed;
    println!("{} cuts, {failed} failed", list.len());
    Ok(failed)
}

/// Behind how many instructions of a start no second cut comes: the longest of some recoveries, and a bit more.
fn recovery(image: &Image, length: u32, options: &Options) -> Result<u32, String> {
    let some = cuts::once(1..length.saturating_add(1), (length / RECOVERIES).max(1));
    let batch = Batch {
        board: options.board,
        image,
        formatting: options.formatting,
        cuts: &some,
    };
    let longest = batch.run(None, |_| {})?.recovery;
    println!(
        "{}: all tasks have recovered within {longest} instructions of a start",
        options.program
    );
    Ok(longest + longest / 8 + 2)
}

/// What came of a sweep.
#[derive(Debug, Default)]
struct Swept {
    failed: u64,
    ended_early: u64,
    unfinished: u64,
    cut_at: BTreeSet<u64>,
}

/// Runs all of a list, and tells what fails.
fn sweep(image: &Image, options: &Options, list: &[Cuts]) -> Result<Swept, String> {
    let bar = parallel::progress_bar(list.len() as u64, "cuts");
    let mut all = Swept::default();
    let mut broken = None;
    let batches: Vec<&[Cuts]> = list.chunks(BATCH).collect();
    parallel::for_each(
        batches.len() as u64,
        options.jobs,
        |number| {
            let batch = Batch {
                board: options.board,
                image,
                formatting: options.formatting,
                cuts: batches.get(number as usize).copied().unwrap_or_default(),
            };
            batch.run(None, |runs| bar.inc(runs))
        },
        |_, result| match result {
            Ok(outcome) => {
                for (cuts, reason) in &outcome.failures {
                    all.failed += 1;
                    if all.failed <= SHOWN {
                        bar.suspend(|| tell(options, *cuts, reason));
                    }
                }
                all.ended_early += outcome.ended_early;
                all.unfinished += outcome.unfinished;
                all.cut_at.extend(outcome.cut_at);
                bar.set_message(format!("{} failed", all.failed));
                true
            }
            Err(error) => {
                broken = Some(error);
                false
            }
        },
    );
    bar.finish_and_clear();
    match broken {
        Some(error) => Err(error),
        None => Ok(all),
    }
}

/// Tells how long it took.
pub(super) fn tell_time(began: Instant, runs: usize) {
    let seconds = began.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss)] // shown with few digits
    let each = 1_000.0 * seconds / runs.max(1) as f64;
    println!("{seconds:.1} s, {each:.2} ms a run");
}

/// Tells of a run that failed, with the line that repeats it.
pub(super) fn tell(options: &Options, Cuts { first, second }: Cuts, reason: &str) {
    print!("cut {first}");
    if second > 0 {
        print!(" and {second}");
    }
    println!(": {reason}");
    print!(
        "repeat with: cargo xtask firmware sweep {} --from {first} --to {}",
        options.program,
        first.saturating_add(1)
    );
    if second > 0 {
        print!(" --second {second}");
    }
    if options.target != Target::default() {
        print!(" --target {}", options.target.name());
    }
    if options.board != Board::default() {
        print!(" --board {}", options.board.machine());
    }
    if options.formatting {
        print!(" --formatting");
    }
    if options.broken {
        print!(" --broken");
    }
    println!();
}
