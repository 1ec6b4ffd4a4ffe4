//! Kernels with a mistake made on purpose are caught by what the default run does: by its histories, or where the
//! mistake shows at one store only by the cuts of each call at every store.

use std::panic::{AssertUnwindSafe, catch_unwind};

use intos::{Variant, with_broken};
use intos_simulation::cases::{self, Peers};
use intos_simulation::explore::{Depth, explore};
use intos_simulation::history;

/// Fewer than the default run has.
const HISTORIES: u64 = 1_500;

/// What a run finds wrong, if it does; a panic is wrong too.
fn wrong<R>(run: impl FnOnce() -> Result<R, String>) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error),
        Err(_) => Some("it panics".into()),
    }
}

/// The first history that notices.
fn caught_by_history() -> Option<String> {
    (0..HISTORIES)
        .find_map(|seed| wrong(|| history::run(seed)).map(|error| format!("seed {seed}: {error}")))
}

/// The first call that notices, cut once before every store.
fn caught_by_call() -> Option<String> {
    let depth = Depth {
        second_cuts: 0,
        among: 0,
        thrice: false,
    };
    cases::all().iter().find_map(|case| {
        wrong(|| explore(&case.plan(Peers::More), case.settings(4), depth))
            .map(|error| format!("{}, {}: {error}", case.call, case.situation))
    })
}

#[test]
fn every_broken_kernel_is_caught() {
    let mut missed = Vec::new();
    for variant in [
        Variant::ListsBeforeCommit,
        Variant::NoRollForward,
        Variant::SlotNotLogged,
        Variant::ForgetsCurrent,
        Variant::NoFollowUp,
        Variant::DropsWakeUp,
        Variant::ResultAfterWakeUp,
        Variant::OwnerAfterCommit,
        Variant::ForgetsPlace,
    ] {
        let caught = with_broken(variant, || caught_by_history().or_else(caught_by_call));
        match caught {
            Some(error) => println!("{variant:?} is caught by {error}"),
            None => missed.push(variant),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
