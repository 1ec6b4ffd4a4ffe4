//! A sweep that leaves no cut out: each state of the NVM that a cut finds is run from once, and stands for all cuts that
//! find it.

use std::collections::HashMap;
use std::path::Path;

use tempfile::TempDir;

use super::any_number;
use super::batch::{self, Batch, Run};
use super::program::Program;
use super::script::Script;
use super::states::{self, States};
use super::sweep;
use super::window::{self, Window};
use crate::firmware::cuts::Cuts;
use crate::firmware::sweep::Options;
use crate::parallel;

/// So many cuts are made where they come, too, to see that what follows them is the same.
const CHECKED: u32 = 32;

/// Sweeps, and answers how many cuts, or pairs of cuts, failed.
pub(super) fn sweep(
    program: &Program,
    formatted: Option<&Path>,
    options: &Options,
    window: &Window,
) -> Result<u64, String> {
    let name = &options.program;
    let folder = TempDir::new().map_err(|error| format!("no temporary folder: {error}"))?;
    let states = States::of(program, &window.begin, &window.steps()?)?;
    let mut runs = Vec::new();
    for (number, state) in states.all.iter().enumerate() {
        runs.push(Run {
            cuts: Cuts {
                first: state.first,
                second: 0,
            },
            found: Some(states::keep(folder.path(), number, &state.words)?),
            stands_for: state.cuts.into(),
        });
    }
    println!("{name}: the cuts find {} states of the NVM", runs.len());
    check(program, formatted, &states, &runs, window.length)?;
    if let Some(most) = options.any_number {
        return any_number::sweep(program, name, folder.path(), states.all, most);
    }
    if options.every_pair {
        runs = pairs(program, &runs, folder.path())?;
        println!(
            "{name}: the second cuts find {} states of the NVM",
            runs.len()
        );
    }
    let all = sweep::run_all(program, formatted, options, &runs)?;
    let cuts: u64 = runs.iter().map(|run| run.stands_for).sum();
    let what = if options.every_pair {
        "pairs of cuts"
    } else {
        "cuts"
    };
    println!("{cuts} {what}, {} failed", all.failed);
    Ok(all.failed)
}

/// Makes some of the cuts where they come, and compares the NVM at the end of the run with that of the run which stands for
/// them.
fn check(
    program: &Program,
    formatted: Option<&Path>,
    states: &States,
    runs: &[Run],
    length: u32,
) -> Result<(), String> {
    let (mut made, mut standing) = (Vec::new(), Vec::new());
    for first in (1..=length).step_by((length / CHECKED).max(1) as usize) {
        made.push(Run::of(Cuts { first, second: 0 }));
        let run = states.found_by(first).and_then(|state| runs.get(state));
        standing.push(run.ok_or("a cut finds no state")?.clone());
    }
    let ends = |runs: &[Run]| {
        let batch = Batch {
            program,
            formatted,
            runs,
        };
        batch.ends()
    };
    match (ends(&made)?, ends(&standing)?) {
        (Some(made_ends), Some(standing_ends)) => {
            let mut both = made_ends.iter().zip(&standing_ends);
            match both.position(|(made, standing)| made != standing) {
                Some(number) => Err(format!(
                    "after cut {} the program goes on otherwise than after another one that finds the same NVM",
                    made.get(number).map_or(0, |run| run.cuts.first)
                )),
                None => Ok(()),
            }
        }
        // Which of them it is, and why, the sweep tells.
        (None, None) => Ok(()),
        _ => Err("of cuts that find the same NVM some come to an end, and others do not".into()),
    }
}

/// Runs that stand for a second cut before each instruction of the recovery from each first cut.
fn pairs(program: &Program, firsts: &[Run], folder: &Path) -> Result<Vec<Run>, String> {
    let recoveries = batch::recoveries(program, None, firsts)?;
    let found = parallel::map(firsts.len() as u64, |number| {
        let number = number as usize;
        let mut begin = Script::new(program)?;
        if let Some(file) = firsts.get(number).and_then(|run| run.found.as_deref()) {
            begin.load_nvm(file);
        }
        begin.lose_power();
        let recovery = recoveries.get(number).copied().unwrap_or_default();
        let recovery = window::steps(&begin, recovery)?;
        States::of(program, &begin, &recovery)
    })?;
    let mut runs: Vec<Run> = Vec::new();
    let mut known: HashMap<Vec<u32>, usize> = HashMap::new();
    for (first, states) in firsts.iter().zip(found) {
        for state in states.all {
            let stands_for = first.stands_for * u64::from(state.cuts);
            if let Some(run) = known
                .get(&state.words)
                .and_then(|number| runs.get_mut(*number))
            {
                run.stands_for += stands_for;
                continue;
            }
            let number = runs.len();
            runs.push(Run {
                cuts: Cuts {
                    first: first.cuts.first,
                    second: state.first,
                },
                found: Some(states::keep(folder, firsts.len() + number, &state.words)?),
                stands_for,
            });
            known.insert(state.words, number);
        }
    }
    Ok(runs)
}
