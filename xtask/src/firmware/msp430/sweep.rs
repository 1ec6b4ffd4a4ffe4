//! `cargo xtask firmware sweep --target msp430`.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use tempfile::NamedTempFile;

use super::batch::{self, Batch};
use super::program::Program;
use super::trace::Trace;
use super::{build, simulator};
use crate::firmware::coverage;
use crate::firmware::cuts::{self, Cuts};
use crate::firmware::sweep::{self, Options};
use crate::parallel;

/// Runs of a simulator.
const BATCH: usize = 200;
/// How many recoveries are looked at to know how long they are.
const RECOVERIES: u32 = 32;

/// Sweeps, and answers how many runs failed.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    simulator::check()?;
    let program = build::build(&options.program, options.broken)?;
    let file = NamedTempFile::new().map_err(|error| format!("no temporary file: {error}"))?;
    let trace = Trace::take(&options.program, &program, file.path(), options.formatting)?;
    let formatted = (!options.formatting).then(|| file.path());
    let addresses = trace.executed.as_ref();
    println!(
        "{}: {} instructions in the window{}",
        options.program,
        trace.length,
        addresses.map_or(String::new(), |all| format!(", at {} addresses", all.len()))
    );
    let window = options.window(trace.length);
    let list = if options.is_pairs() {
        let seconds = match options.second {
            Some(second) => second..second.saturating_add(1),
            None => 1..recovery(&program, formatted, trace.length, &options.program)?,
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
    let all = sweep(&program, formatted, options, &list)?;
    sweep::tell_time(began, list.len());
    if options.is_pairs() {
        println!("{} runs ended before their second cut", all.ended_early);
    }
    let missed = match &trace.executed {
        Some(executed) => coverage::tell(
            executed,
            &all.cut_at,
            &[],
            |address| program.function_at(address),
            options.is_whole(),
        ),
        None if options.is_whole() => {
            return Err("of so long a window nobody knows whether the sweep is whole".into());
        }
        None => 0,
    };
    let failed = all.failed + missed;
    println!("{} cuts, {failed} failed", list.len());
    Ok(failed)
}

/// Behind how many instructions of a start no second cut comes: the longest of some recoveries, and a bit more.
fn recovery(
    program: &Program,
    formatted: Option<&Path>,
    length: u32,
    name: &str,
) -> Result<u32, String> {
    let some = cuts::once(1..length.saturating_add(1), (length / RECOVERIES).max(1));
    let longest = batch::longest_recovery(program, formatted, &some)?;
    println!("{name}: has recovered within {longest} instructions of a start");
    Ok(longest + longest / 8 + 2)
}

/// What came of a sweep.
#[derive(Debug, Default)]
struct Swept {
    failed: u64,
    ended_early: u64,
    cut_at: BTreeSet<u64>,
}

/// Runs all of a list, and tells what fails.
fn sweep(
    program: &Program,
    formatted: Option<&Path>,
    options: &Options,
    list: &[Cuts],
) -> Result<Swept, String> {
    let bar = parallel::progress_bar(list.len() as u64, "cuts");
    let mut all = Swept::default();
    let mut broken = None;
    let batches: Vec<&[Cuts]> = list.chunks(BATCH).collect();
    parallel::for_each(
        batches.len() as u64,
        options.jobs,
        |number| {
            let cuts = batches.get(number as usize).copied().unwrap_or_default();
            let batch = Batch {
                program,
                formatted,
                cuts,
            };
            batch.run()
        },
        |number, result| match result {
            Ok(outcome) => {
                for (cuts, reason) in &outcome.failures {
                    all.failed += 1;
                    if all.failed <= sweep::SHOWN {
                        bar.suspend(|| sweep::tell(options, *cuts, reason));
                    }
                }
                all.ended_early += outcome.ended_early;
                all.cut_at.extend(outcome.cut_at);
                bar.inc(batches.get(number as usize).map_or(0, |cuts| cuts.len()) as u64);
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
