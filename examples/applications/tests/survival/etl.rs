//! Every reading goes through the pipe once, whatever is cut.

use crate::common::{check_many_losses, check_some_cuts, run};
use example_applications::{Checked, Etl};
use intos::host::Settings;

#[test]
fn every_reading_is_stored_once_whatever_is_cut() {
    for atom in [1, 4] {
        let settings = Settings {
            atom,
            ..Settings::default()
        };
        check_some_cuts::<Etl>(settings, 150);
    }
}

#[test]
fn every_reading_is_stored_once_however_often_the_power_goes() {
    for seed in 0..4 {
        let settings = Settings {
            seed,
            ..Settings::default()
        };
        check_many_losses::<Etl>(settings, 200);
    }
}

#[test]
fn later_entries_take_the_places_of_earlier_ones() {
    let [entries, .., bytes] = Etl::EXPECTED;
    let run = run::<Etl>(Settings::default(), 3, |_| None);
    assert_eq!(run.results, [entries, 776_715_764, 1_491_726_380, bytes]);
}
