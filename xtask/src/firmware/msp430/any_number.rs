//! Any number of power cuts: from each state of the NVM that a cut finds a run is made, and stepped through for the states
//! that a next cut would find in it, until there is none that was not run from already.
//!
//! What follows a cut is told by the NVM that it finds alone, so each way to cut the power, however often, leads from one of
//! these states to another.

use std::collections::HashSet;
use std::path::Path;

use super::batch::{Batch, Run};
use super::program::Program;
use super::script::{Break, Script};
use super::states::{self, State, States};
use super::window::Window;
use crate::firmware::cuts::Cuts;
use crate::firmware::sweep::SHOWN;
use crate::parallel;

/// Runs of a simulator.
const BATCH: usize = 50;

/// A state of the NVM, and how it comes about.
struct Found {
    words: Vec<u32>,
    /// Which state was run from, and before which instruction of that run the power was cut; the first cut comes within the
    /// window.
    from: Option<usize>,
    cut: u32,
}

/// All states that cuts have found so far.
struct Search<'a> {
    program: &'a Program,
    folder: &'a Path,
    all: Vec<Found>,
    known: HashSet<Vec<u32>>,
}

/// Runs from each state that any number of cuts finds, beginning with those that the first cut finds; answers how many of these
/// runs failed. An error where there are more than so many.
pub(super) fn sweep(
    program: &Program,
    name: &str,
    folder: &Path,
    firsts: Vec<State>,
    most: u32,
) -> Result<u64, String> {
    let mut search = Search {
        program,
        folder,
        all: Vec::new(),
        known: HashSet::new(),
    };
    search.add(None, firsts);
    let (mut begin, mut cuts, mut failed) = (0, 1, 0);
    while begin < search.all.len() {
        let end = search.all.len();
        let wrong = search.run(begin)?;
        println!(
            "{name}: {} states of the NVM after {cuts} {} that no fewer lead to, {} failed",
            end - begin,
            if cuts == 1 { "cut" } else { "cuts" },
            wrong.len()
        );
        for (number, reason) in &wrong {
            if failed < SHOWN {
                println!("cuts {}: {reason}", search.path(*number));
            }
            failed += 1;
        }
        // What follows a run that fails is of no use.
        let right: Vec<usize> = (begin..end)
            .filter(|number| wrong.iter().all(|(other, _)| other != number))
            .collect();
        search.find_next(&right)?;
        if search.all.len() > end.max(most as usize) {
            return Err(format!(
                "after {} cuts there are more than {most} states of the NVM, of which {end} were run from, {failed} failed: see \
                 --any-number=STATES",
                cuts + 1
            ));
        }
        (begin, cuts) = (end, cuts + 1);
    }
    println!(
        "{} states of the NVM after any number of cuts, {failed} failed",
        search.all.len()
    );
    Ok(failed)
}

impl Search<'_> {
    /// Adds those of the states that are new.
    fn add(&mut self, from: Option<usize>, states: Vec<State>) {
        for state in states {
            if self.known.insert(state.words.clone()) {
                self.all.push(Found {
                    words: state.words,
                    from,
                    cut: state.first,
                });
            }
        }
    }

    /// Runs from the states from this one on: which of these runs fail, and why.
    fn run(&self, from: usize) -> Result<Vec<(usize, String)>, String> {
        let mut runs = Vec::new();
        for (number, found) in self.all.iter().enumerate().skip(from) {
            runs.push(Run {
                // By which it is known again: no cut.
                cuts: Cuts {
                    first: number as u32,
                    second: 0,
                },
                found: Some(states::keep(self.folder, number, &found.words)?),
                stands_for: 1,
            });
        }
        let batches: Vec<&[Run]> = runs.chunks(BATCH).collect();
        let failures = parallel::map(batches.len() as u64, |batch| {
            let batch = Batch {
                program: self.program,
                formatted: None,
                runs: batches.get(batch as usize).copied().unwrap_or_default(),
            };
            Ok(batch.run()?.failures)
        })?;
        let failures = failures.into_iter().flatten();
        Ok(failures
            .map(|(run, reason)| (run.cuts.first as usize, reason))
            .collect())
    }

    /// Adds what a cut finds in the runs from some states.
    fn find_next(&mut self, from: &[usize]) -> Result<(), String> {
        let bar = parallel::progress_bar(from.len() as u64, "states");
        let found = parallel::map(from.len() as u64, |number| {
            let number = from.get(number as usize).copied().unwrap_or_default();
            let states = self.cut_in_run_from(number)?;
            bar.inc(1);
            // Most are known: they need not be kept until all have been found.
            let new = states.all.into_iter();
            Ok(new
                .filter(|state| !self.known.contains(&state.words))
                .collect())
        });
        bar.finish_and_clear();
        for (number, states) in from.iter().zip(found?) {
            self.add(Some(*number), states);
        }
        Ok(())
    }

    /// What a cut before each instruction of the run from a state finds.
    fn cut_in_run_from(&self, number: usize) -> Result<States, String> {
        let ends = self.program.symbol("__window_closes")?;
        let mut begin = Script::new(self.program)?;
        begin.break_at(Break::Ended, ends);
        begin.load_nvm(&states::path(self.folder, number));
        begin.lose_power();
        let run = Window::of(begin, ends)?;
        States::of(self.program, &run.begin, &run.steps()?)
    }

    /// The cuts that lead to a state.
    fn path(&self, number: usize) -> String {
        let mut cuts = Vec::new();
        let mut next = Some(number);
        while let Some(found) = next.and_then(|number| self.all.get(number)) {
            cuts.push(found.cut.to_string());
            next = found.from;
        }
        cuts.reverse();
        cuts.join(", ")
    }
}
