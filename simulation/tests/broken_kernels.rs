//! Kernels with a mistake made on purpose are caught by the histories of the default run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use intos::{Variant, with_broken};
use intos_simulation::history;

/// Fewer than the default run has.
const HISTORIES: u64 = 4_000;

/// The first history that notices.
fn caught_by(variant: Variant) -> Option<(u64, String)> {
    with_broken(variant, || {
        (0..HISTORIES).find_map(|seed| {
            match catch_unwind(AssertUnwindSafe(|| history::run(seed))) {
                Ok(Ok(_)) => None,
                Ok(Err(error)) => Some((seed, error)),
                Err(_) => Some((seed, "it panics".into())),
            }
        })
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
        match caught_by(variant) {
            Some((seed, error)) => println!("{variant:?}: caught by seed {seed}: {error}"),
            None => missed.push(variant),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
