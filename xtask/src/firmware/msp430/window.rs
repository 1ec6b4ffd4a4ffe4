//! What is swept: the instructions that a program executes between two of its addresses, in a run without cuts. How many
//! there are the simulator counts by itself; which ones it shows, one step after the other.

use std::path::Path;
use std::time::Duration;

use super::instructions::Registers;
use super::program::Program;
use super::script::{Break, Script};
use super::simulator::Answer;
use super::{iterations, simulator};
use crate::parallel;

const LONGEST_RUN: Duration = Duration::from_mins(1);
/// So many steps are shown in one simulator.
const STEPS: u32 = 5_000;

/// Which part of a program is swept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The first boot, until it has formatted the NVM.
    Formatting,
    /// The first boot, to the program's end.
    FirstBoot,
    /// The next start, on an NVM that the first boot has formatted, to the program's end.
    NextStart,
}

/// What a run executes while the window is open.
#[derive(Debug)]
pub(super) struct Window {
    /// How many steps: instructions, and cycles in which the processor sleeps.
    pub(super) length: u32,
    /// Ends before the first of them.
    pub(super) begin: Script,
    /// The address of what follows the last of them.
    end: u64,
}

impl Window {
    /// Runs a program to its end without cuts, twice; keeps in `formatted` the NVM as its first boot has formatted it, or of
    /// an application as it is before the last iterations.
    pub(super) fn find(
        name: &str,
        program: &Program,
        formatted: &Path,
        part: Part,
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
        let end = if part == Part::Formatting {
            opens
        } else {
            closes
        };
        begin.break_at(Break::Ended, end);
        begin.open_window(program, (part == Part::NextStart).then_some(formatted))?;
        Self::of(begin, end)
    }

    /// What is executed from where a script ends on until the program's `end`, where there is a breakpoint.
    pub(super) fn of(begin: Script, end: u64) -> Result<Self, String> {
        let mut counting = begin.clone();
        counting.count();
        counting.tell_counts();
        counting.run();
        counting.tell_counts();
        let answers = simulator::run(&counting, LONGEST_RUN)?.done()?;
        let [.., before, _, after] = &answers[..] else {
            return Err("the simulator does not answer".into());
        };
        let awake = after.counts()?.0.saturating_sub(before.counts()?.0) as u32;
        let asleep = after.asleep()?.saturating_sub(before.asleep()?) as u32;
        let length = if asleep == 0 {
            awake
        } else {
            // An interrupt that wakes it takes one step, and several cycles.
            let most = awake.saturating_add(asleep).saturating_add(1);
            let steps = steps(&begin, most)?;
            let steps = steps.iter().position(|step| step.program_counter() == end);
            steps.ok_or("no step leads to the window's end")? as u32
        };
        Ok(Self { length, begin, end })
    }

    /// What the registers hold before each of its steps. An error where so many steps do not lead to its end.
    pub(super) fn steps(&self) -> Result<Vec<Registers>, String> {
        let mut all = steps(&self.begin, self.length.saturating_add(1))?;
        match all.pop() {
            Some(end) if end.program_counter() == self.end => Ok(all),
            _ => Err(format!(
                "{} steps do not lead from the window's beginning to its end",
                self.length
            )),
        }
    }
}

/// What the registers hold before each of so many steps, from where a script ends on.
pub(super) fn steps(begin: &Script, length: u32) -> Result<Vec<Registers>, String> {
    let parts = parallel::map(length.div_ceil(STEPS).into(), |part| {
        let first = part as u32 * STEPS;
        let mut script = begin.clone();
        if first == 0 {
            script.registers();
        } else {
            script.step(first);
        }
        let shown = script.len() - 1;
        for _ in 1..STEPS.min(length - first) {
            script.step(1);
        }
        let answers = simulator::run(&script, LONGEST_RUN)?.done()?;
        let shown = answers.iter().skip(shown);
        shown.map(Answer::registers).collect()
    })?;
    let parts: Vec<Vec<Registers>> = parts;
    Ok(parts.concat())
}
