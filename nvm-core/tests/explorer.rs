//! The explorer itself: a harness that cannot fail is worthless, so here it must.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nvm_core::sim::{Explorer, SimNvm};
use nvm_core::{Class, Nvm, for_each_atom};

/// Two words that must be equal.
const PAIR: u32 = 0;
/// A copy of the old pair, and whether it counts.
const COPY: u32 = 8;
const VALID: u32 = 16;

fn pair(nvm: &impl Nvm) -> (u32, u32) {
    (nvm.read_u32(PAIR).unwrap(), nvm.read_u32(PAIR + 4).unwrap())
}

fn set_pair(nvm: &impl Nvm, value: u32) {
    nvm.write_u32(Class::Data, PAIR, value).unwrap();
    nvm.write_u32(Class::Data, PAIR + 4, value).unwrap();
}

fn equal(nvm: &impl Nvm) -> Result<(), String> {
    let (a, b) = pair(nvm);
    if a == b {
        Ok(())
    } else {
        Err(format!("{a:#x} != {b:#x}"))
    }
}

fn set_up(nvm: &impl Nvm) {
    set_pair(nvm, 0x1111_1111);
    nvm.write_u8(Class::UndoLog, VALID, 0).unwrap();
}

/// Stores the pair under the protection of a copy.
fn update(nvm: &impl Nvm) {
    let mut old = [0; 8];
    nvm.read(PAIR, &mut old).unwrap();
    nvm.write(Class::UndoLog, COPY, &old).unwrap();
    nvm.write_u8(Class::UndoLog, VALID, 1).unwrap();
    set_pair(nvm, 0x2222_2222);
    nvm.write_u8(Class::UndoLog, VALID, 0).unwrap();
}

fn roll_back(nvm: &impl Nvm) {
    if nvm.read_u8(VALID).unwrap() == 1 {
        let mut old = [0; 8];
        nvm.read(COPY, &mut old).unwrap();
        nvm.write(Class::Data, PAIR, &old).unwrap();
        nvm.write_u8(Class::UndoLog, VALID, 0).unwrap();
    }
}

/// Right unless the power goes again: retires the copy before it has been put back.
fn roll_back_carelessly(nvm: &impl Nvm) {
    if nvm.read_u8(VALID).unwrap() == 1 {
        let mut old = [0; 8];
        nvm.read(COPY, &mut old).unwrap();
        nvm.write_u8(Class::UndoLog, VALID, 0).unwrap();
        nvm.write(Class::Data, PAIR, &old).unwrap();
    }
}

#[test]
fn a_crash_consistent_program_is_clean() {
    for_each_atom!(ATOM => {
        let report = Explorer::<ATOM>::new("undo", 32)
            .depth(3)
            .explore_atomic(set_up, update, roll_back, pair);
        assert!(report.assert_clean().cuts() > report.stores());
        assert_eq!(report.stores(), 2 * (8 / ATOM as u64) + 2);
    });
}

#[test]
fn a_program_that_is_not_crash_consistent_is_caught() {
    for_each_atom!(ATOM => {
        let report = Explorer::<ATOM>::new("unprotected", 32).explore(
            set_up,
            |nvm| set_pair(nvm, 0x2222_2222),
            |_| {},
            equal,
        );
        report.assert_caught();
        assert!(catch_unwind(|| report.assert_clean().cuts()).is_err());
        let failure = &report.failures()[0];
        assert_eq!(failure.cuts, [1], "the first one that leaves half of the pair");
        assert_eq!(failure.stores[0].offset, ATOM as u32);
        assert!(failure.difference.iter().all(|(_, expected, found)| (*expected, *found) == (0x22, 0x11)));
    });
}

#[test]
fn a_recovery_that_is_not_idempotent_needs_the_second_cut() {
    for_each_atom!(ATOM => {
        let explorer = Explorer::<ATOM>::new("careless recovery", 32);
        let explore = |explorer: Explorer<ATOM>| {
            explorer.explore(set_up, update, roll_back_carelessly, equal)
        };
        explore(explorer.clone()).assert_clean();
        let report = explore(explorer.depth(2));
        report.assert_caught();
        assert_eq!(report.failures()[0].cuts.len(), 2);
    });
}

#[test]
fn only_repeats_a_failure_and_the_report_says_how() {
    let explorer = Explorer::<2>::new("careless recovery", 32).depth(2);
    let explore =
        |explorer: &Explorer<2>| explorer.explore(set_up, update, roll_back_carelessly, equal);
    for sampled in [explorer.clone(), explorer.sample(500, 7)] {
        let report = explore(&sampled);
        assert!(!report.failures().is_empty());
        for failure in report.failures() {
            let again = explore(&Explorer::new("again", 32).only(&failure.cuts));
            assert_eq!(again.failures(), std::slice::from_ref(failure));
            assert_eq!(again.cuts(), 2, "the chain and its beginning");
            let line = format!(
                "repeat with: Explorer::<2>::new(…).only(&{:?})",
                failure.cuts
            );
            assert!(report.to_string().contains(&line), "{report}");
        }
    }
}

#[test]
fn samples_are_as_many_as_asked_for_and_repeat_with_their_seed() {
    let explore = |seed| {
        Explorer::<1>::new("sampled", 32)
            .depth(2)
            .sample(300, seed)
            .explore(set_up, update, roll_back, equal)
    };
    assert_eq!(explore(1).assert_clean().cuts(), 600);
    assert_eq!(explore(1), explore(1));
    let unprotected = |seed| {
        let explorer = Explorer::<1>::new("sampled", 32).sample(20, seed);
        let report = explorer.explore(set_up, |nvm| set_pair(nvm, 2), |_| {}, equal);
        report
            .failures()
            .iter()
            .map(|failure| failure.cuts[0])
            .collect::<Vec<_>>()
    };
    assert_eq!(unprotected(3), unprotected(3));
    assert_ne!(unprotected(3), unprotected(4));
}

#[test]
fn a_cut_after_the_last_store_is_a_cut_too() {
    // The recovery rolls back what had ended.
    let report = Explorer::<4>::new("not durable", 32).explore_atomic(
        |nvm| set_pair(nvm, 1),
        |nvm| nvm.write_u32(Class::Data, PAIR, 2).unwrap(),
        |nvm| nvm.write_u32(Class::Data, PAIR, 1).unwrap(),
        pair,
    );
    report.assert_caught();
    assert_eq!(report.failures()[0].cuts, [1]);
    assert!(
        report.to_string().contains("cut after the last store"),
        "{report}"
    );
    assert!(
        report
            .to_string()
            .contains("not durable: (1, 1) instead of (2, 1)"),
        "{report}"
    );
}

#[test]
fn neither_before_nor_after_is_said_with_what_was_seen() {
    let report = Explorer::<4>::new("half", 32).explore_atomic(
        |nvm| set_pair(nvm, 1),
        |nvm| set_pair(nvm, 2),
        |_| {},
        pair,
    );
    let message = &report.failures()[0].message;
    assert_eq!(
        message,
        "neither before nor after: (2, 1), before (1, 1), after (2, 2)"
    );
}

/// Explores a program that is given the number of the run.
fn varying(program: impl Fn(&SimNvm<4>, u32)) -> String {
    let runs = Cell::new(0);
    let report = Explorer::<4>::new("varying", 32).explore(
        |nvm| set_pair(nvm, 1),
        |nvm| {
            runs.set(runs.get() + 1);
            program(nvm, runs.get());
        },
        |_| {},
        |_| Ok(()),
    );
    report.assert_caught();
    report.failures()[0].message.clone()
}

#[test]
fn a_program_that_is_not_deterministic_is_reported() {
    let elsewhere = varying(|nvm, run| {
        nvm.write_u32(Class::Data, 4 * u32::from(run > 1), 7)
            .unwrap();
        nvm.write_u32(Class::Data, 8, 7).unwrap();
    });
    assert!(elsewhere.contains("not deterministic"), "{elsewhere}");
    assert!(
        elsewhere.ends_with("store 0: 4 B of data at 0x0, then 4 B of data at 0x4"),
        "{elsewhere}"
    );
    let fewer = varying(|nvm, run| {
        (0..4 - run.min(3)).for_each(|_| nvm.write_u32(Class::Data, 0, 7).unwrap());
    });
    assert!(fewer.ends_with("3 stores, then 1"), "{fewer}");
    let more = varying(|nvm, run| {
        (0..run.min(2)).for_each(|_| nvm.write_u32(Class::Data, 0, 7).unwrap());
    });
    assert!(more.ends_with("1 stores, then more"), "{more}");
}

#[test]
fn a_panic_is_reported_with_its_message_and_its_cut() {
    let report = Explorer::<4>::new("panicking recovery", 32).explore(
        set_up,
        |nvm| set_pair(nvm, 2),
        |nvm| assert!(pair(nvm).0 == pair(nvm).1, "half a pair: {:?}", pair(nvm)),
        |_| Ok(()),
    );
    let failure = &report.failures()[0];
    assert_eq!(failure.cuts, [1]);
    assert_eq!(
        failure.message,
        "panic in the recovery: half a pair: (2, 286331153)"
    );

    let report = Explorer::<4>::new("panicking check", 32).explore(
        set_up,
        |nvm| set_pair(nvm, 2),
        |_| {},
        |nvm| {
            assert!(pair(nvm).0 == pair(nvm).1, "in the check");
            Ok(())
        },
    );
    assert_eq!(
        report.failures()[0].message,
        "panic in the check: in the check"
    );
}

#[test]
fn a_scenario_that_fails_without_a_cut_is_the_scenarios_fault() {
    let explored = catch_unwind(AssertUnwindSafe(|| {
        Explorer::<4>::new("wrong", 32).explore(|_| {}, |_| {}, |_| {}, |_| Err("always".into()))
    }));
    let message = explored.unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert!(
        message.contains("fails without any power loss: always"),
        "{message}"
    );
}

#[test]
fn memory_is_junk_unless_asked_otherwise() {
    let report = Explorer::<4>::new("counts on zeros", 32).explore_atomic(
        |_| {},
        |_| {},
        |_| {},
        |nvm| nvm.read_u8(31).unwrap(),
    );
    report.assert_clean();
    let seen = Cell::new(0);
    Explorer::<4>::new("junk", 32)
        .explore(
            |nvm| seen.set(nvm.read_u8(31).unwrap()),
            |_| {},
            |_| {},
            |_| Ok(()),
        )
        .assert_clean();
    assert_eq!(seen.get(), 0xA5);
}
