//! Each message is received once, whatever is cut.
#![allow(clippy::unwrap_used)] // a failure fails the test

mod common;

use common::{check_many_losses, check_some_cuts};
use example_applications::Mq;
use intos::host::Settings;

#[test]
fn each_message_is_received_once_whatever_is_cut() {
    check_some_cuts::<Mq>(Settings::default(), 300);
}

#[test]
fn each_message_is_received_once_however_often_the_power_goes() {
    for seed in 0..4 {
        let settings = Settings {
            seed,
            ..Settings::default()
        };
        check_many_losses::<Mq>(settings, 200);
    }
}
