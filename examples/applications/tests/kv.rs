//! The key-value store keeps every key, and leaks no memory, whatever is cut.
#![allow(clippy::unwrap_used)] // a failure fails the test

mod common;

use common::{check_each_cut, check_many_losses, run};
use example_applications::{Checked, Kv};
use intos::host::Settings;

/// The two tasks come between each other wherever they can.
fn contended(seed: u64) -> Settings {
    Settings {
        seed,
        preempt_one_in: 5,
        ..Settings::default()
    }
}

#[test]
fn every_key_is_there_whatever_is_cut() {
    for atom in [1, 4] {
        check_each_cut::<Kv>(Settings {
            atom,
            ..Settings::default()
        });
    }
    check_each_cut::<Kv>(contended(1));
}

#[test]
fn every_key_is_there_however_often_the_power_goes() {
    for seed in 0..20 {
        check_many_losses::<Kv>(contended(seed), 100);
    }
}

#[test]
fn keys_that_are_inserted_again_do_not_leak() {
    let [before, after, entries, bytes] = Kv::EXPECTED;
    let run = run::<Kv>(contended(3), 3, |_| None);
    assert_eq!(run.results, [3 * before, 3 * after, entries, bytes]);
}
