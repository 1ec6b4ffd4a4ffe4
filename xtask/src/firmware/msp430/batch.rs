//! Runs of a sweep in one simulator.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::program::Program;
use super::script::{Break, Script};
use super::simulator::{self, Answer, End};
use crate::firmware::cuts::Cuts;

/// A run takes some milliseconds. One that hangs is found by running each of its batch by itself.
const LONGEST_RUN: Duration = Duration::from_secs(5);
const LONGEST_BATCH: Duration = Duration::from_mins(2);

/// A part of a sweep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch<'a> {
    pub(super) program: &'a Program,
    /// The NVM as the first boot has formatted it, or as it is before the last iterations; `None`: the first boot itself is
    /// cut.
    pub(super) formatted: Option<&'a Path>,
    pub(super) cuts: &'a [Cuts],
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Which of the runs failed, and why.
    pub(super) failures: Vec<(Cuts, String)>,
    /// Runs that ended before their second cut.
    pub(super) ended_early: u64,
    /// The addresses before which the power was cut first.
    pub(super) cut_at: BTreeSet<u64>,
}

/// Where the answers of one run stand, counted from its first command on.
struct Places {
    commands: usize,
    first_cut: usize,
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
        for cuts in self.cuts {
            let (run, place) = self.one(*cuts)?;
            script.append(&run);
            places.push(place);
        }
        let longest = if self.cuts.len() == 1 {
            LONGEST_RUN
        } else {
            LONGEST_BATCH
        };
        let mut outcome = Outcome::default();
        match simulator::run(&script, longest)? {
            End::Done(answers) => {
                let mut rest = answers.get(prologue..).unwrap_or_default();
                for (cuts, places) in self.cuts.iter().zip(&places) {
                    let (own, others) = rest.split_at(places.commands.min(rest.len()));
                    rest = others;
                    if let Some(reason) = self.judge(own, places, &mut outcome)? {
                        outcome.failures.push((*cuts, reason));
                    }
                }
            }
            End::Stuck(answers, reason) if self.cuts.len() == 1 => {
                if let (Some(places), Some(own)) = (places.first(), answers.get(prologue..))
                    && let Some(cut) = own.get(places.first_cut)
                {
                    outcome.cut_at.insert(cut.program_counter()?);
                }
                let cuts = self.cuts.iter().copied();
                outcome
                    .failures
                    .extend(cuts.map(|cuts| (cuts, reason.clone())));
            }
            End::Stuck(..) => {
                for cuts in self.cuts.chunks(1) {
                    let one = Batch { cuts, ..*self }.run()?;
                    outcome.failures.extend(one.failures);
                    outcome.ended_early += one.ended_early;
                    outcome.cut_at.extend(one.cut_at);
                }
            }
        }
        Ok(outcome)
    }

    /// The commands of one run.
    fn one(&self, cuts: Cuts) -> Result<(Script, Places), String> {
        let mut script = Script::part_for(self.program)?;
        let opens = self.program.symbol("__window_opens")?;
        if let Some(file) = self.formatted {
            script.load_nvm(file);
            script.break_at(Break::Opens, opens);
            script.lose_power();
            script.run();
            script.no_break_at(Break::Opens);
        } else {
            script.blank_nvm();
            script.lose_power();
        }
        // Cut 1 comes before the first instruction.
        if cuts.first > 1 {
            script.step(cuts.first - 1);
        } else {
            script.registers();
        }
        let first_cut = script.len() - 1;
        script.lose_power();
        let second_cut = (cuts.second > 0).then(|| {
            if cuts.second > 1 {
                script.step(cuts.second - 1);
            } else {
                script.registers();
            }
            let place = script.len() - 1;
            script.lose_power();
            place
        });
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
        outcome
            .cut_at
            .insert(answer(places.first_cut)?.program_counter()?);
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

/// How many instructions it takes at most from the start after a cut until what the cut interrupted is finished: behind
/// that a second cut is like a first one. Of some cuts.
pub(super) fn longest_recovery(
    program: &Program,
    formatted: Option<&Path>,
    some: &[Cuts],
) -> Result<u32, String> {
    let mut script = Script::new(program)?;
    script.count();
    let batch = Batch {
        program,
        formatted,
        cuts: some,
    };
    let mut counts = Vec::new();
    for cuts in some {
        let (run, places) = batch.one(*cuts)?;
        script.append(&run.first(places.end));
        script.break_at(Break::Recovered, program.symbol("__start_recovered")?);
        script.tell_counts();
        script.run();
        script.tell_counts();
        counts.push(script.len() - 3..script.len());
        script.no_break_at(Break::Recovered);
    }
    let answers = simulator::run(&script, LONGEST_BATCH)?.done()?;
    let mut longest = 0;
    for counts in counts {
        let [before, _, after] = answers.get(counts).unwrap_or_default() else {
            return Err("the simulator does not answer".into());
        };
        longest = longest.max(after.counts()?.0.saturating_sub(before.counts()?.0));
    }
    Ok(longest as u32)
}
