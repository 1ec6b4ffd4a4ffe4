//! `cargo xtask firmware helpers`.

use std::time::Duration;

use super::script::Script;
use super::{build, simulator};
use crate::firmware::build::Profile;

/// Fewer comparisons are a sign that some were left out.
const FEWEST: u32 = 5_000;
const LONGEST_RUN: Duration = Duration::from_mins(1);

/// Runs the comparisons in programs built for little text and for few instructions, and answers how many failed.
pub(crate) fn run() -> Result<u64, String> {
    simulator::check()?;
    let mut failed = 0;
    for profile in [Profile::Release, Profile::Fast] {
        let program = build::build_with("helpers", profile, "")?;
        let mut script = Script::new(&program)?;
        script.console();
        script.lose_power();
        script.run();
        script.memory(program.symbol("__run_results")?, 32);
        let answers = simulator::run(&script, LONGEST_RUN)?.done()?;
        let [.., run, results] = &answers[..] else {
            return Err("the simulator does not answer".into());
        };
        for line in run
            .printed()
            .lines()
            .filter(|line| line.contains("differs"))
        {
            println!("{line}");
        }
        let results = results.words()?;
        let [compared, same, ..] = results[..] else {
            return Err("the program has no results".into());
        };
        if run.program_counter()? != program.symbol("__run_ended")? {
            return Err("the program fails".into());
        }
        println!(
            "helpers, profile `{}`: {compared} comparisons, {same} as expected",
            profile.name()
        );
        failed += u64::from(compared.abs_diff(same)) + u64::from(compared < FEWEST);
    }
    Ok(failed)
}
