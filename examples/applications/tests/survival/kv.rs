//! The key-value store keeps every key, and leaks no memory, whatever is cut.

use crate::common::{check_each_cut, check_many_losses, machines, run};
use example_applications::{Checked, Kv};

#[test]
fn every_key_is_there_whatever_is_cut() {
    for settings in machines(1) {
        check_each_cut::<Kv>(settings);
    }
}

#[test]
fn every_key_is_there_however_often_the_power_goes() {
    for settings in (0..8).flat_map(machines) {
        check_many_losses::<Kv>(settings, 100);
    }
}

#[test]
fn keys_that_are_inserted_again_do_not_leak() {
    let [before, after, entries, bytes] = Kv::EXPECTED;
    for settings in machines(3) {
        let run = run::<Kv>(settings, 3, |_| None);
        assert_eq!(run.results, [3 * before, 3 * after, entries, bytes]);
    }
}
