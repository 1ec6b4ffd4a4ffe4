//! `cargo xtask firmware run --target msp430`.

use std::time::{Duration, Instant};

use intos::host::Random;
use tempfile::NamedTempFile;

use super::nvm_file::NvmFile;
use super::part::INSTRUCTIONS_PER_MILLISECOND;
use super::program::Program;
use super::script::{Break, Script};
use super::{build, simulator};
use crate::firmware::run::Options;

/// A run takes a fraction of a second.
const LONGEST_RUN: Duration = Duration::from_mins(1);
/// Power losses in one simulator, and in all.
const BATCH: usize = 250;
const MOST_LOSSES: u64 = 20_000;
/// A shorter interval ends before the program has begun.
const FEWEST_INSTRUCTIONS: u64 = 20;

/// Runs it, and answers how many runs failed.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    if options.kill_every.is_some() {
        return Err("a part that is simulated has no --kill-every".into());
    }
    simulator::check()?;
    let program = build::build(&options.program, false)?;
    let file = options.nvm.as_deref();
    let open = |path| NvmFile::open(path, program.nvm()?.1);
    let nvm = file.map(open).transpose()?;
    let began = Instant::now();
    let (has_passed, losses) = match options.losses_every {
        Some(mean) => with_losses(&program, mean, options.seed.unwrap_or(1))?,
        None => (undisturbed(&program, nvm.as_ref())?, None),
    };
    println!(
        "{}: {}{}, {:.1} s",
        options.program,
        if has_passed { "passed" } else { "failed" },
        losses.map_or(String::new(), |losses| format!(", {losses} power losses")),
        began.elapsed().as_secs_f64()
    );
    Ok(u64::from(!has_passed))
}

/// Runs a program to its end, on a blank NVM or on what a file has, shows what it prints, and answers whether it
/// succeeds.
fn undisturbed(program: &Program, nvm: Option<&NvmFile<'_>>) -> Result<bool, String> {
    let mut script = Script::new(program)?;
    script.console();
    if let Some(kept) = nvm.and_then(NvmFile::loaded) {
        script.load_nvm(kept);
    }
    script.lose_power();
    script.run();
    let run = script.len() - 1;
    if let Some(nvm) = nvm {
        script.save_nvm(nvm.saved());
    }
    script.memory(program.symbol("__run_results")?, 32);
    let answers = simulator::run(&script, LONGEST_RUN)?.done()?;
    let (Some(run), Some(results)) = (answers.get(run), answers.last()) else {
        return Err("the simulator does not answer".into());
    };
    if let Some(nvm) = nvm {
        nvm.keep()?;
    }
    print!("{}", run.printed());
    Ok(run.program_counter()? == program.symbol("__run_ended")? && results.are_right()?)
}

/// Runs a program to its end from where the NVM is formatted on, with power losses at intervals, and answers whether it
/// succeeds and how many there were.
fn with_losses(
    program: &Program,
    mean: Duration,
    seed: u64,
) -> Result<(bool, Option<u64>), String> {
    let mean = instructions(mean)?;
    let mut random = Random::new(seed);
    let file = NamedTempFile::new().map_err(|error| format!("no temporary file: {error}"))?;
    let (ended, failed) = (
        program.symbol("__run_ended")?,
        program.symbol("__run_failed")?,
    );
    let mut script = Script::new(program)?;
    script.break_at(Break::Opens, program.symbol("__window_opens")?);
    script.lose_power();
    script.run();
    script.save_nvm(file.path());
    simulator::run(&script, LONGEST_RUN)?.done()?;
    let mut losses = 0;
    while losses < MOST_LOSSES {
        let mut script = Script::new(program)?;
        script.load_nvm(file.path());
        let mut steps = Vec::new();
        for _ in 0..BATCH {
            script.lose_power();
            script.step(1 + random.below(2 * mean) as u32);
            steps.push(script.len() - 1);
            script.memory(program.symbol("__run_results")?, 32);
        }
        script.save_nvm(file.path());
        let answers = simulator::run(&script, LONGEST_RUN)?.done()?;
        for step in steps {
            let [stopped, results] = answers.get(step..step + 2).unwrap_or_default() else {
                return Err("the simulator does not answer".into());
            };
            let at = stopped.program_counter()?;
            if at == ended || at == failed {
                return Ok((at == ended && results.are_right()?, Some(losses)));
            }
            losses += 1;
        }
    }
    println!("a livelock: the intervals are too short for the program to come on");
    Ok((false, Some(losses)))
}

/// How many instructions are executed in so much time.
fn instructions(time: Duration) -> Result<u64, String> {
    let instructions = time.as_nanos() * u128::from(INSTRUCTIONS_PER_MILLISECOND) / 1_000_000;
    match u32::try_from(instructions) {
        Ok(count) if u64::from(count) >= FEWEST_INSTRUCTIONS && count <= u32::MAX / 2 => {
            Ok(count.into())
        }
        _ => Err(format!(
            "power losses every {} cannot be made: an interval has {FEWEST_INSTRUCTIONS} to {} instructions, {INSTRUCTIONS_PER_MILLISECOND} in a millisecond",
            humantime::format_duration(time),
            u32::MAX / 2
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_instructions() {
        assert_eq!(instructions(Duration::from_millis(2)), Ok(8_000));
        assert!(instructions(Duration::from_micros(1)).is_err());
        assert!(instructions(Duration::from_hours(1000)).is_err());
    }
}
