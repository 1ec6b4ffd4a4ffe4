//! `cargo xtask firmware helpers`.

use std::time::Duration;

use clap::Args;

use super::program::Program;
use super::script::Script;
use super::simulator::{self, End};
use super::{build, instructions};
use crate::firmware::build::Profile;
use crate::parallel;

/// Fewer comparisons are a sign that some were left out.
const FEWEST: u32 = 5_000;
const LONGEST_RUN: Duration = Duration::from_mins(1);
/// A run takes some milliseconds.
const LONGEST_RUN_WITH_MISTAKE: Duration = Duration::from_secs(2);

/// The crate's functions that the program compares: helpers of the EABI, what they call, and those of C.
const PREFIXES: [&str; 3] = ["__mspabi_", "__msp430_", "mem"];
/// Functions of the crate that are no helpers.
const OTHERS: [&str; 4] = [
    "__msp430_reset",
    "__msp430_main",
    "__msp430_vectors",
    "__msp430_default_handler",
];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Replaces each instruction of the helpers by one that does nothing, one at a time, and lists those of which nothing is
    /// noticed: they should be there for speed alone.
    #[arg(long)]
    mistakes: bool,
}

/// Runs the comparisons in programs built for little text and for few instructions, and answers how many failed.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    simulator::check()?;
    let mut failed = 0;
    for profile in [Profile::Release, Profile::Fast] {
        let program = build::build_with("helpers", profile, "")?;
        let Some([compared, same]) = compare(&program, None, LONGEST_RUN)? else {
            return Err("the program fails".into());
        };
        println!(
            "helpers, profile `{}`: {compared} comparisons, {same} as expected",
            profile.name()
        );
        failed += u64::from(compared.abs_diff(same)) + u64::from(compared < FEWEST);
        if options.mistakes && profile == Profile::Release {
            mistakes(&program, compared)?;
        }
    }
    Ok(failed)
}

/// An instruction: where it is, and its bytes.
type Instruction = (u64, u64);

/// Runs the comparisons, where an instruction can be replaced: how many there were, and how many as expected. `None`: the
/// program does not come to its end.
fn compare(
    program: &Program,
    without: Option<Instruction>,
    longest: Duration,
) -> Result<Option<[u32; 2]>, String> {
    let mut script = Script::new(program)?;
    script.console();
    if let Some((address, bytes)) = without {
        // `mov r3, r3`, as often as it fits.
        script.add(&format!("fill {address:#x} {bytes} 0x03 0x43"));
    }
    script.lose_power();
    script.run();
    script.memory(program.symbol("__run_results")?, 32);
    let answers = match simulator::run(&script, longest)? {
        End::Done(answers) => answers,
        End::Stuck(..) if without.is_some() => return Ok(None),
        End::Stuck(_, reason) => return Err(reason),
    };
    let [.., run, results] = &answers[..] else {
        return Err("the simulator does not answer".into());
    };
    if without.is_none() {
        let printed = run.printed().lines();
        for line in printed.filter(|line| line.contains("differs")) {
            println!("{line}");
        }
    }
    if run.program_counter()? != program.symbol("__run_ended")? {
        return Ok(None);
    }
    match results.words()?[..] {
        [compared, same, ..] => Ok(Some([compared, same])),
        _ => Err("the program has no results".into()),
    }
}

/// Replaces each instruction of the helpers, one at a time, and tells where that was not noticed.
fn mistakes(program: &Program, compared: u32) -> Result<(), String> {
    let mut all: Vec<Instruction> = Vec::new();
    for (name, range) in program.functions()? {
        let is_helper = PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        if !is_helper || OTHERS.contains(&name.as_str()) {
            continue;
        }
        let mut at = range.start;
        while at < range.end {
            let bytes = 2 * instructions::words(program.word(at)?);
            all.push((at, bytes));
            at += bytes;
        }
    }
    let bar = parallel::progress_bar(all.len() as u64, "instructions");
    let mut unnoticed = 0;
    let mut broken = None;
    parallel::for_each(
        all.len() as u64,
        None,
        |number| {
            let without = all.get(number as usize).copied();
            compare(program, without, LONGEST_RUN_WITH_MISTAKE)
        },
        |number, result| {
            bar.inc(1);
            match result {
                Ok(Some([others, same])) if others == compared && same == compared => {
                    unnoticed += 1;
                    if let Some((address, _)) = all.get(number as usize) {
                        let function = program.function_at(*address);
                        bar.suspend(|| {
                            println!("without the instruction at {address:#06x} in {function}: not noticed");
                        });
                    }
                    true
                }
                Ok(_) => true,
                Err(error) => {
                    broken = Some(error);
                    false
                }
            }
        },
    );
    bar.finish_and_clear();
    println!(
        "{} instructions left out, one at a time: {unnoticed} not noticed",
        all.len()
    );
    broken.map_or(Ok(()), Err)
}
