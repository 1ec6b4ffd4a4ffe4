//! All algorithms count the same bits, and no vector leaks, whatever is cut.
#![allow(clippy::unwrap_used)] // a failure fails the test

mod common;

use common::{check_many_losses, check_some_cuts};
use example_applications::Bc;
use intos::host::Settings;

#[test]
fn every_bit_is_counted_once_whatever_is_cut() {
    check_some_cuts::<Bc>(Settings::default(), 300);
}

#[test]
fn every_bit_is_counted_once_however_often_the_power_goes() {
    for seed in 0..4 {
        let settings = Settings {
            seed,
            ..Settings::default()
        };
        check_many_losses::<Bc>(settings, 200);
    }
}
