//! Each result arrives once, whatever is cut.

use crate::common::{check_many_losses, check_some_cuts};
use example_applications::Stats;
use intos::host::Settings;

#[test]
fn each_result_arrives_once_whatever_is_cut() {
    check_some_cuts::<Stats>(Settings::default(), 300);
}

#[test]
fn each_result_arrives_once_however_often_the_power_goes() {
    for seed in 0..4 {
        let settings = Settings {
            seed,
            ..Settings::default()
        };
        check_many_losses::<Stats>(settings, 200);
    }
}
