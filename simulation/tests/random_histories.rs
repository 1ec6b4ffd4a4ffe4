//! Random histories of the whole kernel, each step held against a plain model.
//!
//! `INTOS_SEED=N` repeats one history, `INTOS_SEEDS=N` runs more.

use intos_simulation::history;

const HISTORIES: u64 = 5_000;

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn every_step_of_every_history_is_as_the_model_says() {
    let seeds = match number_of("INTOS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number_of("INTOS_SEEDS").unwrap_or(HISTORIES),
    };
    let (mut histories, mut cuts, mut calls, mut deadlocked) = (0, 0, 0, 0);
    let mut failed = Vec::new();
    for seed in seeds {
        match history::run(seed) {
            Ok(report) => {
                cuts += report.cuts;
                calls += report.calls;
                deadlocked += u64::from(report.deadlocked);
            }
            Err(error) => failed.push(format!(
                "seed {seed}: {error}\nrepeat with: INTOS_SEED={seed} cargo test -p intos-simulation --test random_histories"
            )),
        }
        histories += 1;
    }
    println!(
        "{histories} histories, {calls} system calls, {cuts} power losses, {deadlocked} ended in a deadlock, {} failed",
        failed.len()
    );
    assert!(
        failed.is_empty(),
        "{}",
        failed
            .iter()
            .take(12)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
}
