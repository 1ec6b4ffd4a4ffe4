//! Each event is acted on once, whatever is cut.
#![allow(clippy::unwrap_used)] // a failure fails the test

mod common;

use common::{check_many_losses, check_some_cuts};
use example_applications::Em;
use intos::host::Settings;

#[test]
fn each_event_is_acted_on_once_whatever_is_cut() {
    check_some_cuts::<Em>(Settings::default(), 300);
}

#[test]
fn each_event_is_acted_on_once_however_often_the_power_goes() {
    for seed in 0..4 {
        let settings = Settings {
            seed,
            ..Settings::default()
        };
        check_many_losses::<Em>(settings, 200);
    }
}
