//! Both models are the same, whatever is cut.

use crate::common::{check_each_cut, check_many_losses, run};
use example_applications::Train;
use intos::host::Settings;

#[test]
fn both_models_are_the_same_whatever_is_cut() {
    for atom in [1, 4] {
        check_each_cut::<Train>(Settings {
            atom,
            ..Settings::default()
        });
    }
}

// A data set is a transaction of 40 stores: with fewer between two losses it would never be there.
#[test]
fn both_models_are_the_same_however_often_the_power_goes() {
    for seed in 0..50 {
        let settings = Settings {
            seed,
            ..Settings::default()
        };
        check_many_losses::<Train>(settings, 70);
    }
}

#[test]
fn each_round_trains_anew() {
    let run = run::<Train>(Settings::default(), 5, |_| None);
    assert_eq!(run.results, [9, 4_122_666_893, 20_811_057, 12]);
}
