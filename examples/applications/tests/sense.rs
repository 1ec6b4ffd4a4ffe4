//! Each expiry gives one photo, whatever is cut.
#![allow(clippy::unwrap_used)] // a failure fails the test

mod common;

use common::{check_many_losses, check_some_cuts};
use example_applications::Sense;
use intos::host::Settings;

#[test]
fn each_expiry_gives_one_photo_whatever_is_cut() {
    check_some_cuts::<Sense>(Settings::default(), 300);
}

// A photo is a transaction of 100 stores: with fewer between two losses it would never be taken.
#[test]
fn each_expiry_gives_one_photo_however_often_the_power_goes() {
    for seed in 0..4 {
        let settings = Settings {
            seed,
            ..Settings::default()
        };
        check_many_losses::<Sense>(settings, 130);
    }
}
