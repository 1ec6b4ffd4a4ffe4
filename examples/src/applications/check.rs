//! Whether an application's results are right, whatever power losses there are.

use example_applications::{RESULTS, Results};
use intos::host::Random;

use super::application::Application;
use super::error::RunError;
use super::run::{Order, Run, Work};
use super::supply::{Even, Losses, Spread, Steady};

/// What an application is put through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// How often the power goes.
    pub losses: Losses,
    /// What all random decisions follow from.
    pub seed: u64,
    /// By how much the application's outer iterations are multiplied.
    pub scale: u16,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The results of the last run.
    pub results: Results,
    /// How many runs there were, beside the one without power loss.
    pub runs: u64,
    /// What was done in all of these.
    pub work: Work,
    /// The run without power loss.
    pub undisturbed: Run,
    /// What is wrong with the results, in words: nothing, if they are right.
    pub disagreements: Vec<String>,
}

impl Verdict {
    /// Whether all results agree.
    pub fn is_right(&self) -> bool {
        self.disagreements.is_empty()
    }
}

/// How far a trial has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// So much is done.
    pub done: u64,
    /// Of so much.
    pub all: u64,
    /// How often the power went.
    pub power_losses: u64,
}

/// Runs an application without power loss, and then with power losses: once, or again and again from a blank NVM with
/// other seeds until the power went as often as was asked for. Each run's results are compared with the oracle (at scale
/// 1), with the plain computation and with the run without power loss; the first that differ end the trial.
pub fn check(
    application: &Application,
    trial: Trial,
    progress: &mut dyn FnMut(Progress),
) -> Result<Verdict, RunError> {
    let Trial {
        losses,
        seed,
        scale,
    } = trial;
    let order = |seed| Order { seed, scale };
    let undisturbed = application.run(order(seed), &mut Steady, &mut |_, _| {})?;
    let references = References {
        names: application.names,
        expected: (scale == 1).then_some(application.expected),
        plain: (application.plain)(scale),
        undisturbed: undisturbed.results,
    };
    let mut verdict = Verdict {
        results: undisturbed.results,
        runs: 0,
        work: Work::default(),
        undisturbed,
        disagreements: references.differences("without power loss", &undisturbed.results),
    };
    let commits = undisturbed.work.transactions_run;
    let mut seeds = Random::new(seed);
    while verdict.is_right() {
        let (machine_seed, supply_seed) = (seeds.next(), seeds.next());
        let before = verdict.work.power_losses;
        let run = match losses {
            Losses::Every(mean) => application.run(
                order(machine_seed),
                &mut Even::new(supply_seed, mean),
                &mut |committed, power_losses| {
                    progress(Progress {
                        done: committed.min(commits),
                        all: commits,
                        power_losses,
                    });
                },
            )?,
            Losses::InTotal(all) => application.run(
                order(machine_seed),
                &mut Spread::new(supply_seed, all - before, &undisturbed),
                &mut |_, power_losses| {
                    let power_losses = before + power_losses;
                    progress(Progress {
                        done: power_losses,
                        all,
                        power_losses,
                    });
                },
            )?,
        };
        verdict.runs += 1;
        verdict.work += run.work;
        verdict.results = run.results;
        let which = format!("run {}", verdict.runs);
        verdict.disagreements = references.differences(&which, &run.results);
        let is_enough = match losses {
            Losses::Every(_) => true,
            Losses::InTotal(all) => verdict.work.power_losses >= all,
        };
        if is_enough {
            break;
        }
    }
    Ok(verdict)
}

/// What results are compared with.
struct References {
    names: [&'static str; RESULTS],
    expected: Option<Results>,
    plain: Results,
    undisturbed: Results,
}

impl References {
    /// Each number that differs from one of the references, in words.
    fn differences(&self, run: &str, results: &Results) -> Vec<String> {
        let references = [
            ("expected", self.expected),
            ("computed plainly", Some(self.plain)),
            ("without power loss", Some(self.undisturbed)),
        ];
        let mut differences = Vec::new();
        for (reference, wanted) in references {
            let Some(wanted) = wanted else { continue };
            for ((name, found), wanted) in self.names.iter().zip(results).zip(wanted) {
                if *found != wanted {
                    differences.push(format!("{run}: {name}: {found}, {reference} {wanted}"));
                }
            }
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::applications::application::Application;
    use crate::applications::plain;
    use example_applications::{self as applications, Checked, Kv, Scale};
    use intos::prelude::*;

    const TRIAL: Trial = Trial {
        losses: Losses::InTotal(50),
        seed: 1,
        scale: 1,
    };

    #[test]
    fn the_power_goes_as_often_as_was_asked_for_in_as_many_runs_as_that_takes() {
        let kv = Application::new::<Kv>(plain::kv::results);
        let mut last = None;
        let verdict = check(&kv, TRIAL, &mut |progress| last = Some(progress)).unwrap();
        assert!(verdict.is_right(), "{:?}", verdict.disagreements);
        assert_eq!(verdict.work.power_losses, 50);
        assert!(verdict.runs > 1);
        assert_eq!(last.map(|progress| progress.all), Some(50));
    }

    #[test]
    fn a_result_that_differs_is_found() {
        let kv = Application::new::<Kv>(|scale| {
            let mut results = plain::kv::results(scale);
            results[2] += 1;
            results
        });
        let verdict = check(&kv, TRIAL, &mut |_| {}).unwrap();
        assert_eq!(
            verdict.disagreements,
            ["without power loss: entries with the right values: 24, computed plainly 25"]
        );
    }

    /// Counts without a log what it has read before: a repetition counts once more.
    #[derive(Debug, Clone, Copy)]
    struct Careless {
        scale: Scale,
        count: Offset<u32>,
    }

    impl<B: Board> Program<B> for Careless {
        const NAME: &'static str = "careless";
        const VERSION: u32 = 1;

        fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
            Ok(Self {
                scale: Scale::place(objects)?,
                count: objects.object("count", 0)?,
            })
        }

        fn task(index: usize) -> Option<TaskEntry<B, Self>> {
            (index == 0).then_some(TaskEntry::new("counter", 1, |task, app| {
                nv_for_loop!(task, _step in 0..100u32 => {
                    task.transaction_write_first(0, |tx| {
                        let count = tx.get(app.count)?;
                        Ok(tx.set_unlogged(app.count, count + 1)?)
                    })?;
                });
                Ok(())
            }))
        }
    }

    impl Checked for Careless {
        const NAMES: [&'static str; RESULTS] = ["count", "", "", ""];
        const EXPECTED: Results = [100, 0, 0, 0];

        fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
            Ok([nvm.load(self.count)?, 0, 0, 0])
        }
    }

    impl applications::Application for Careless {
        const STEADY_ITERATION: Range<u32> = 1..2;

        fn scale(&self) -> Scale {
            self.scale
        }
    }

    #[test]
    fn a_program_that_does_not_survive_its_power_losses_is_found() {
        let careless = Application::new::<Careless>(|_| Careless::EXPECTED);
        for losses in [Losses::InTotal(200), Losses::Every(60)] {
            let trial = Trial { losses, ..TRIAL };
            let verdict = check(&careless, trial, &mut |_| {}).unwrap();
            let told = verdict.disagreements.join("; ");
            for reference in ["expected", "computed plainly", "without power loss"] {
                assert!(told.contains(&format!("{reference} 100")), "{told}");
            }
        }
    }
}
