//! Every system call in every situation, with peers that are less urgent, as urgent and more urgent, cut before
//! every store at each width of an atomic store, and cut again in the recovery: each step is as the model says.
//!
//! `INTOS_SECOND_CUTS=N` cuts each recovery N times instead of once.

use intos_simulation::cases::{self, Case, Peers};
use intos_simulation::explore::{Depth, explore};

fn second_cuts() -> u64 {
    std::env::var("INTOS_SECOND_CUTS")
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(1)
}

fn cut_everywhere(case: &Case, peers: Peers) -> Result<u64, String> {
    let mut power_losses = 0;
    for atom in [1, 2, 4] {
        let depth = Depth {
            second_cuts: second_cuts(),
            among: 30,
            thrice: true,
        };
        power_losses += explore(&case.plan(peers), case.settings(atom), depth)
            .map_err(|error| format!("ATOM {atom}, {error}"))?;
    }
    Ok(power_losses)
}

/// Half of the cases, so that two processors have something to do.
fn every_second_case(first: usize) {
    let mut total = 0;
    let mut failed = Vec::new();
    println!("| call | situation | peers less urgent | as urgent | more urgent |");
    println!("| --- | --- | --- | --- | --- |");
    for case in cases::all().iter().skip(first).step_by(2) {
        let mut cells = vec![case.call.to_owned(), case.situation.to_owned()];
        for peers in Peers::ALL {
            match cut_everywhere(case, peers) {
                Ok(power_losses) => {
                    total += power_losses;
                    cells.push(format!("{power_losses} cuts, 0 failed"));
                }
                Err(error) => {
                    cells.push("FAILED".into());
                    failed.push(format!(
                        "{}, {}, peers {peers:?}: {error}",
                        case.call, case.situation
                    ));
                }
            }
        }
        println!("| {} |", cells.join(" | "));
    }
    println!("{total} power losses, {} failed", failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_call_survives_every_cut_in_every_situation() {
    every_second_case(0);
}

#[test]
fn every_other_call_survives_every_cut_in_every_situation() {
    every_second_case(1);
}
