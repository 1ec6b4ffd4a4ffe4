//! What an operation costs by itself.

use std::time::Duration;

use super::operations;
use crate::bench::rows::Row;
use crate::firmware::build::Profile;
use crate::firmware::msp430::build;
use crate::firmware::msp430::program::Program;
use crate::firmware::msp430::script::{Break, Script};
use crate::firmware::msp430::simulator;
use crate::table::{Table, number};

/// Of the firmware.
const REPETITIONS: f64 = 64.0;
const CLASSES: usize = 5;
const LONGEST_RUN: Duration = Duration::from_mins(1);

/// What one repetition costs, on average.
#[derive(Debug, Clone, Copy, Default)]
struct Exact {
    instructions: f64,
    cycles: f64,
    bytes: f64,
    stores: f64,
}

/// What an operation costs, rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Costs {
    /// Instructions and cycles, built for little text.
    small: (u32, u32),
    /// The same, built for few instructions.
    fast: (u32, u32),
    /// Bytes and stores.
    bytes: u32,
    stores: u32,
}

/// The builds of the programs that are measured: of each one in every place.
#[derive(Debug)]
pub(super) struct Programs {
    small: Vec<Program>,
    fast: Vec<Program>,
    counting: Vec<Program>,
}

impl Programs {
    pub(super) fn build() -> Result<Self, String> {
        let all = |profile, features| {
            let programs = operations::PROGRAMS.iter();
            programs
                .map(|(program, _)| build::build_copy(program, profile, features))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            small: all(Profile::Release, "")?,
            fast: all(Profile::Fast, "")?,
            counting: all(Profile::Release, "counting")?,
        })
    }

    /// Measures an operation.
    pub(super) fn measure(&self, row: &Row) -> Result<Costs, String> {
        let small = net(&self.small, row)?;
        let fast = net(&self.fast, row)?;
        let counting = net(&self.counting, row)?;
        Ok(Costs {
            small: (round(small.instructions), round(small.cycles)),
            fast: (round(fast.instructions), round(fast.cycles)),
            bytes: round(counting.bytes),
            stores: round(counting.stores),
        })
    }
}

/// Without what is around it.
fn net(programs: &[Program], row: &Row) -> Result<Exact, String> {
    let mut net = gross(programs, row.name)?;
    for (name, times) in row.minus {
        let around = gross(programs, name)?;
        net.instructions -= times * around.instructions;
        net.cycles -= times * around.cycles;
        net.bytes -= times * around.bytes;
        net.stores -= times * around.stores;
    }
    Ok(net)
}

fn gross(programs: &[Program], name: &str) -> Result<Exact, String> {
    let (program, number) = operations::find(name)?;
    let program = programs
        .get(program)
        .ok_or_else(|| "a program was not built".to_owned())?;
    let [low, high] = number.to_le_bytes();
    // Only the build that counts has them.
    let counters = program.symbol("__bench_stored").ok();
    let mut script = Script::new(program)?;
    script.count();
    script.break_at(Break::Opens, program.symbol("__bench_opens")?);
    script.break_at(Break::Closes, program.symbol("__bench_closes")?);
    script.add(&format!(
        "fill {:#x} 2 {low:#x} {high:#x}",
        program.symbol("__bench_operation")?
    ));
    script.reset();
    let mut places = Vec::new();
    for _ in 0..2 {
        script.run();
        script.tell_counts();
        places.push(script.len() - 1);
        script.memory(counters.unwrap_or(0x1C00), 8 * CLASSES as u64);
    }
    let answers = simulator::run(&script, LONGEST_RUN)?.done()?;
    let mut at = Vec::new();
    for place in places {
        let [run, counts, counters] = answers.get(place - 1..place + 2).unwrap_or_default() else {
            return Err("the simulator does not answer".into());
        };
        let stopped = run.program_counter()?;
        if stopped == program.symbol("__run_failed")? || stopped == program.symbol("__run_ended")? {
            return Err(format!("{name}: the program fails"));
        }
        at.push((counts.counts()?, counters.words()?));
    }
    let [
        ((instructions, cycles), before),
        ((instructions_after, cycles_after), after),
    ] = &at[..]
    else {
        return Err("the simulator does not answer".into());
    };
    let sum = |first: usize| -> f64 {
        let each = before.iter().zip(after).skip(first).step_by(2);
        each.map(|(before, after)| f64::from(after.wrapping_sub(*before)))
            .sum()
    };
    let (bytes, stores) = match counters {
        Some(_) => (sum(0), sum(1)),
        None => (0.0, 0.0),
    };
    #[allow(clippy::cast_precision_loss)] // some thousands
    let passed = |before: u64, after: u64| after.saturating_sub(before) as f64;
    Ok(Exact {
        instructions: passed(*instructions, *instructions_after) / REPETITIONS,
        cycles: passed(*cycles, *cycles_after) / REPETITIONS,
        bytes: bytes / REPETITIONS,
        stores: stores / REPETITIONS,
    })
}

/// To the nearest; what rounding made less than nothing is nothing.
#[allow(clippy::cast_sign_loss)]
fn round(value: f64) -> u32 {
    value.round().max(0.0) as u32
}

/// Columns whose numbers depend on the compiler, and those whose numbers do not.
pub(super) const BY_COMPILER: [&str; 4] =
    ["insn, small", "cycles, small", "insn, fast", "cycles, fast"];
pub(super) const EXACT: [&str; 2] = ["NVM bytes", "stores"];

/// All that was measured.
pub(super) fn table(measured: &[(&Row, Costs)]) -> Table {
    let mut header = vec!["operation"];
    header.extend(BY_COMPILER);
    header.extend(EXACT);
    let mut table = Table::new("Single crates on an MSP430", &header);
    for (row, costs) in measured {
        let mut cells = vec![row.label.to_owned()];
        let numbers = [
            costs.small.0,
            costs.small.1,
            costs.fast.0,
            costs.fast.1,
            costs.bytes,
            costs.stores,
        ];
        cells.extend(numbers.map(number));
        table.rows.push(cells);
    }
    table
}
