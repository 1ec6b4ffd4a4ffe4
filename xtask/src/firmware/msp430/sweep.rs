//! `cargo xtask firmware sweep --target msp430`.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use tempfile::NamedTempFile;

use super::batch::{self, Batch, Run};
use super::instructions::Registers;
use super::program::Program;
use super::window::{Part, Window};
use super::{build, simulator, whole};
use crate::firmware::coverage;
use crate::firmware::cuts;
use crate::firmware::sweep::{self, Options};
use crate::parallel;

/// Runs of a simulator.
const BATCH: usize = 200;
/// A longer window is not stepped through to know which of its instructions are cut at.
const MOST_STEPS: u32 = 100_000;
/// How many recoveries are looked at to know how long they are.
const RECOVERIES: u32 = 32;

/// Sweeps, and answers how many cuts failed.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    simulator::check()?;
    let program = build::build(&options.program, options.broken)?;
    let file = NamedTempFile::new().map_err(|error| format!("no temporary file: {error}"))?;
    let part = match (options.formatting, options.any_number) {
        (true, None) => Part::Formatting,
        (true, Some(_)) => Part::FirstBoot,
        (false, _) => Part::NextStart,
    };
    let window = Window::find(&options.program, &program, file.path(), part)?;
    let formatted = (!options.formatting).then(|| file.path());
    println!(
        "{}: {} instructions in the window, and cycles asleep",
        options.program, window.length
    );
    if options.is_whole() || options.every_pair || options.any_number.is_some() {
        return whole::sweep(&program, formatted, options, &window);
    }
    let firsts = options.window(window.length);
    let list = if options.is_pairs() {
        let seconds = match options.second {
            Some(second) => second..second.saturating_add(1),
            None => 1..recovery(&program, formatted, window.length, &options.program)?,
        };
        cuts::twice(firsts, options.step, seconds, options.pairs, options.seed)
    } else {
        cuts::once(firsts, options.step)
    };
    if list.is_empty() {
        return Err(format!(
            "there is nothing to cut: the window has the instructions 1 to {}",
            window.length
        ));
    }
    let list: Vec<Run> = list.into_iter().map(Run::of).collect();
    let all = run_all(&program, formatted, options, &list)?;
    if options.is_pairs() {
        println!("{} runs ended before their second cut", all.ended_early);
    }
    if window.length <= MOST_STEPS {
        let executed = window.steps()?;
        coverage::tell(
            &executed.iter().map(Registers::program_counter).collect(),
            &all.cut_at,
            &[],
            |address| program.function_at(address),
            false,
        );
    }
    println!("{} cuts, {} failed", list.len(), all.failed);
    Ok(all.failed)
}

/// Behind how many instructions of a start no second cut comes: the longest of some recoveries, and a bit more.
fn recovery(
    program: &Program,
    formatted: Option<&Path>,
    length: u32,
    name: &str,
) -> Result<u32, String> {
    let some = cuts::once(1..length.saturating_add(1), (length / RECOVERIES).max(1));
    let some: Vec<Run> = some.into_iter().map(Run::of).collect();
    let all = batch::recoveries(program, formatted, &some)?;
    let longest = all.into_iter().max().unwrap_or_default();
    println!("{name}: has recovered within {longest} instructions of a start");
    Ok(longest + longest / 8 + 2)
}

/// What came of a sweep.
#[derive(Debug, Default)]
pub(super) struct Swept {
    pub(super) failed: u64,
    ended_early: u64,
    cut_at: BTreeSet<u64>,
}

/// Runs all of a list, and tells what fails, and how long it took.
pub(super) fn run_all(
    program: &Program,
    formatted: Option<&Path>,
    options: &Options,
    list: &[Run],
) -> Result<Swept, String> {
    let began = Instant::now();
    let bar = parallel::progress_bar(list.len() as u64, "cuts");
    let mut all = Swept::default();
    let mut failed_runs = 0;
    let mut broken = None;
    let batches: Vec<&[Run]> = list.chunks(BATCH).collect();
    parallel::for_each(
        batches.len() as u64,
        options.jobs,
        |number| {
            let runs = batches.get(number as usize).copied().unwrap_or_default();
            let batch = Batch {
                program,
                formatted,
                runs,
            };
            batch.run()
        },
        |number, result| match result {
            Ok(outcome) => {
                for (run, reason) in &outcome.failures {
                    all.failed += run.stands_for;
                    failed_runs += 1;
                    if failed_runs <= sweep::SHOWN {
                        bar.suspend(|| sweep::tell(options, run.cuts, reason));
                    }
                }
                all.ended_early += outcome.ended_early;
                all.cut_at.extend(outcome.cut_at);
                bar.inc(batches.get(number as usize).map_or(0, |runs| runs.len()) as u64);
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
    sweep::tell_time(began, list.len());
    match broken {
        Some(error) => Err(error),
        None => Ok(all),
    }
}
