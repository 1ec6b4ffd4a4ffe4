//! Runs of a sweep in one simulator.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::program::Program;
use super::script::{Break, Script};
use super::simulator::{self, Answer, End};
use crate::firmware::cuts::Cuts;

/// A run takes some milliseconds. One that hangs is found by running each of its batch by itself.
const LONGEST_RUN: Duration = Duration::from_secs(5);
const LONGEST_BATCH: Duration = Duration::from_mins(2);

/// A run with its cuts.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) cuts: Cuts,
    /// The NVM that the last cut finds, where that is known: then the run begins with the start after it.
    pub(super) found: Option<PathBuf>,
    /// For how many cuts, or pairs of them, it stands, all of which find the same NVM.
    pub(super) stands_for: u64,
}

impl Run {
    /// One that is run from the window's beginning on.
    pub(super) const fn of(cuts: Cuts) -> Self {
        Self {
            cuts,
            found: None,
            stands_for: 1,
        }
    }
}

/// A part of a sweep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch<'a> {
    pub(super) program: &'a Program,
    /// The NVM as the first boot has formatted it, or as it is before the last iterations; `None`: the first boot itself is
    /// cut.
    pub(super) formatted: Option<&'a Path>,
    pub(super) runs: &'a [Run],
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Which of the runs failed, and why.
    pub(super) failures: Vec<(Run, String)>,
    /// Runs that ended before their second cut.
    pub(super) ended_early: u64,
    /// The addresses before which the power was cut first.
    pub(super) cut_at: BTreeSet<u64>,
}

/// Where the answers of one run stand, counted from its first command on.
struct Places {
    commands: usize,
    first_cut: Option<usize>,
    second_cut: Option<usize>,
    end: usize,
    results: usize,
}

impl Batch<'_> {
    /// Runs all of it.
    pub(super) fn run(&self) -> Result<Outcome, String> {
        let mut script = Script::new(self.program)?;
        script.break_at(Break::Ended, self.program.symbol("__window_closes")?);
        let prologue = script.len();
        let mut places = Vec::new();
        for run in self.runs {
            let (run, place) = self.one(run)?;
            script.append(&run);
            places.push(place);
        }
        let longest = if self.runs.len() == 1 {
            LONGEST_RUN
        } else {
            LONGEST_BATCH
        };
        let mut outcome = Outcome::default();
        match simulator::run(&script, longest)? {
            End::Done(answers) => {
                let mut rest = answers.get(prologue..).unwrap_or_default();
                for (run, places) in self.runs.iter().zip(&places) {
                    let (own, others) = rest.split_at(places.commands.min(rest.len()));
                    rest = others;
                    if let Some(reason) = self.judge(own, places, &mut outcome)? {
                        outcome.failures.push((run.clone(), reason));
                    }
                }
            }
            End::Stuck(answers, reason) if self.runs.len() == 1 => {
                if let (Some(places), Some(own)) = (places.first(), answers.get(prologue..))
                    && let Some(cut) = places.first_cut.and_then(|place| own.get(place))
                {
                    outcome.cut_at.insert(cut.program_counter()?);
                }
                let runs = self.runs.iter().cloned();
                outcome
                    .failures
                    .extend(runs.map(|run| (run, reason.clone())));
            }
            End::Stuck(..) => {
                for runs in self.runs.chunks(1) {
                    let one = Batch { runs, ..*self }.run()?;
                    outcome.failures.extend(one.failures);
                    outcome.ended_early += one.ended_early;
                    outcome.cut_at.extend(one.cut_at);
                }
            }
        }
        Ok(outcome)
    }

    /// The NVM at the end of each run; `None` where one of them does not come to an end.
    pub(super) fn ends(&self) -> Result<Option<Vec<Vec<u32>>>, String> {
        let mut script = Script::new(self.program)?;
        script.break_at(Break::Ended, self.program.symbol("__window_closes")?);
        let mut places = Vec::new();
        for run in self.runs {
            script.append(&self.one(run)?.0);
            script.show_nvm();
            places.push(script.len() - 1);
        }
        let End::Done(answers) = simulator::run(&script, LONGEST_BATCH)? else {
            return Ok(None);
        };
        let ends = places.into_iter().map(|place| match answers.get(place) {
            Some(answer) => answer.words(),
            None => Err("the simulator does not answer".into()),
        });
        ends.collect::<Result<_, _>>().map(Some)
    }

    /// The commands of one run.
    fn one(&self, run: &Run) -> Result<(Script, Places), String> {
        let mut script = Script::part_for(self.program)?;
        let (mut first_cut, mut second_cut) = (None, None);
        if let Some(found) = &run.found {
            script.load_nvm(found);
            script.lose_power();
        } else {
            script.open_window(self.program, self.formatted)?;
            first_cut = Some(cut(&mut script, run.cuts.first));
            if run.cuts.second > 0 {
                second_cut = Some(cut(&mut script, run.cuts.second));
            }
        }
        script.run();
        let end = script.len() - 1;
        script.memory(self.program.symbol("__run_results")?, 32);
        let places = Places {
            commands: script.len(),
            first_cut,
            second_cut,
            end,
            results: script.len() - 1,
        };
        Ok((script, places))
    }

    /// Why a run has failed, if it has.
    fn judge(
        &self,
        answers: &[Answer],
        places: &Places,
        outcome: &mut Outcome,
    ) -> Result<Option<String>, String> {
        let answer = |place: usize| {
            let answer = answers.get(place);
            answer.ok_or_else(|| "the simulator does not answer".to_owned())
        };
        let closes = self.program.symbol("__window_closes")?;
        if let Some(place) = places.first_cut {
            outcome.cut_at.insert(answer(place)?.program_counter()?);
        }
        if let Some(place) = places.second_cut
            && answer(place)?.program_counter()? == self.program.symbol("__run_ended")?
        {
            outcome.ended_early += 1;
        }
        if answer(places.end)?.program_counter()? != closes {
            return Ok(Some("it cannot go on".into()));
        }
        let words = answer(places.results)?.words()?;
        let (results, expected) = words.split_at(words.len() / 2);
        Ok((results != expected).then(|| format!("{results:?}, not {expected:?}")))
    }
}

/// Cuts the power before an instruction, from 1 on, and answers where the answer stands that shows at which address.
fn cut(script: &mut Script, before: u32) -> usize {
    // Cut 1 comes before the first instruction.
    if before > 1 {
        script.step(before - 1);
    } else {
        script.registers();
    }
    let place = script.len() - 1;
    script.lose_power();
    place
}

/// How many instructions it takes from the start after the cuts of each run until what they interrupted is finished:
/// behind that a second cut is like a first one.
pub(super) fn recoveries(
    program: &Program,
    formatted: Option<&Path>,
    runs: &[Run],
) -> Result<Vec<u32>, String> {
    let batch = Batch {
        program,
        formatted,
        runs: &[],
    };
    let mut script = Script::new(program)?;
    script.count();
    let mut counts = Vec::new();
    for run in runs {
        let (commands, places) = batch.one(run)?;
        script.append(&commands.first(places.end));
        script.break_at(Break::Recovered, program.symbol("__start_recovered")?);
        script.tell_counts();
        script.run();
        script.tell_counts();
        counts.push(script.len() - 3..script.len());
        script.no_break_at(Break::Recovered);
    }
    let answers = simulator::run(&script, LONGEST_BATCH)?.done()?;
    counts
        .into_iter()
        .map(|counts| match answers.get(counts) {
            Some([before, _, after]) => {
                Ok(after.counts()?.0.saturating_sub(before.counts()?.0) as u32)
            }
            _ => Err("the simulator does not answer".into()),
        })
        .collect()
}
