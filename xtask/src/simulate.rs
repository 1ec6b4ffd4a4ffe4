//! `cargo xtask simulate`.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use clap::Args;
use intos_simulation::history;

use crate::parallel;

/// Each seed is a history: a random program of 2 to 16 tasks on all kernel objects, with random preemption,
/// interrupts and power losses, the same whenever and wherever it runs.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which histories: from A up to and without B.
    #[arg(long, value_name = "A..B", default_value = "0..100000", value_parser = range)]
    seeds: Range<u64>,
    /// On how many threads; all processors where it is left out.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Goes on after a failure, and prints them all.
    #[arg(long)]
    keep_going: bool,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let (first, end) = text
        .split_once("..")
        .ok_or("not of the form A..B, as 0..1000")?;
    let number = |text: &str| {
        text.parse()
            .map_err(|error| format!("`{text}` is no number: {error}"))
    };
    let range = number(first)?..number(end)?;
    if range.is_empty() {
        return Err(format!("{text} is an empty range"));
    }
    Ok(range)
}

/// Runs them, and answers how many failed.
pub(crate) fn run(options: &Options) -> u64 {
    let first = options.seeds.start;
    let histories = options.seeds.end - first;
    let bar = parallel::progress_bar(histories, "histories");
    let began = Instant::now();
    let (mut run, mut cuts, mut calls, mut deadlocked, mut failed) = (0u64, 0, 0, 0u64, 0);
    parallel::for_each(
        histories,
        options.jobs,
        |piece| {
            catch_unwind(AssertUnwindSafe(|| history::run(first + piece)))
                .unwrap_or_else(|_| Err("it panics".into()))
        },
        |piece, result| {
            run += 1;
            match result {
                Ok(report) => {
                    cuts += report.cuts;
                    calls += report.calls;
                    deadlocked += u64::from(report.deadlocked);
                }
                Err(error) => {
                    failed += 1;
                    let seed = first + piece;
                    bar.suspend(|| {
                        println!("seed {seed}: {error}");
                        println!(
                            "repeat with: cargo xtask simulate --seeds {seed}..{}",
                            seed + 1
                        );
                    });
                }
            }
            bar.inc(1);
            bar.set_message(format!("{cuts} power losses, {failed} failed"));
            options.keep_going || failed == 0
        },
    );
    bar.finish_and_clear();
    let seconds = began.elapsed().as_secs_f64().max(0.001);
    println!(
        "{calls} system calls, {deadlocked} histories ended in a deadlock as the model says, {:.0} histories/s, \
         {:.0} power losses/s",
        per(run, seconds),
        per(cuts, seconds)
    );
    println!("{run} histories, {cuts} power losses, {failed} failed");
    failed
}

#[allow(clippy::cast_precision_loss)] // shown without decimals
fn per(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_or_refused_with_words() {
        assert_eq!(range("3..7"), Ok(3..7));
        for wrong in ["7", "7..3", "3..3", "a..b", "..4", "-1..4"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
