//! Which instructions a program executes in the window: those before which the simulator stops, one step after the other,
//! in a run without cuts. How many there are it counts by itself, in another run.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::program::Program;
use super::script::{Break, Script};
use super::{iterations, simulator};

const LONGEST_RUN: Duration = Duration::from_mins(1);
/// All steps are shown one by one, where they are no more than these.
const LONGEST_TRACE: Duration = Duration::from_mins(5);
const MOST_STEPS: u32 = 300_000;

/// What a run executes while the window is open.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// How many instructions.
    pub(super) length: u32,
    /// Their addresses; nobody knows them of a window that is too long to be stepped through.
    pub(super) executed: Option<BTreeSet<u64>>,
}

impl Trace {
    /// Runs a program to its end without cuts, twice; keeps in `formatted` the NVM as its first boot has formatted it, or of
    /// an application as it is before the last iterations. The window is the first boot's `formatting`, or all that follows
    /// from the next start on.
    pub(super) fn take(
        name: &str,
        program: &Program,
        formatted: &Path,
        formatting: bool,
    ) -> Result<Self, String> {
        let opens = program.symbol("__window_opens")?;
        let closes = program.symbol("__window_closes")?;
        let mut boot = Script::new(program)?;
        boot.count();
        boot.break_at(Break::Opens, opens);
        boot.lose_power();
        boot.run();
        let mut script = boot.clone();
        script.save_nvm(formatted);
        script.no_break_at(Break::Opens);
        script.break_at(Break::Ended, closes);
        script.tell_counts();
        script.run();
        script.tell_counts();
        script.memory(program.symbol("__run_results")?, 32);
        let answers = simulator::run(&script, LONGEST_RUN)?.done()?;
        let [.., before, end, after, results] = &answers[..] else {
            return Err("the simulator does not answer".into());
        };
        if end.program_counter()? != closes || !results.are_right()? {
            return Err("the program fails without power cuts".into());
        }
        let all = after.counts()?.0.saturating_sub(before.counts()?.0);
        if let Some(passed) = iterations::before_the_last(name, all) {
            boot.step(passed as u32);
            boot.save_nvm(formatted);
            simulator::run(&boot, LONGEST_RUN)?.done()?;
        }

        let mut begin = Script::new(program)?;
        begin.count();
        if formatting {
            begin.break_at(Break::Ended, opens);
            begin.lose_power();
        } else {
            begin.break_at(Break::Ended, closes);
            begin.load_nvm(formatted);
            begin.break_at(Break::Opens, opens);
            begin.lose_power();
            begin.run();
            begin.no_break_at(Break::Opens);
        }
        let mut counting = begin.clone();
        counting.tell_counts();
        counting.run();
        counting.tell_counts();
        let answers = simulator::run(&counting, LONGEST_RUN)?.done()?;
        let [.., before, _, after] = &answers[..] else {
            return Err("the simulator does not answer".into());
        };
        let length = after.counts()?.0.saturating_sub(before.counts()?.0) as u32;

        if length > MOST_STEPS {
            let executed = None;
            return Ok(Self { length, executed });
        }
        let mut stepping = begin;
        stepping.registers();
        let steps = stepping.len() - 1;
        for _ in 1..length {
            stepping.step(1);
        }
        let answers = simulator::run(&stepping, LONGEST_TRACE)?.done()?;
        let executed = answers
            .iter()
            .skip(steps)
            .map(simulator::Answer::program_counter)
            .collect::<Result<_, _>>()?;
        Ok(Self {
            length,
            executed: Some(executed),
        })
    }
}
