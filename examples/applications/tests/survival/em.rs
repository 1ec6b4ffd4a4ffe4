//! Each event is acted on once, whatever is cut.

use crate::common::{check_many_losses, check_some_cuts, machines, run};
use example_applications::{Checked, Em};
use intos::host::{Random, Settings};

#[test]
fn each_event_is_acted_on_once_whatever_is_cut() {
    for settings in machines(1) {
        check_some_cuts::<Em>(settings, 100);
    }
}

#[test]
fn each_event_is_acted_on_once_however_often_the_power_goes() {
    for settings in (0..4).flat_map(machines) {
        check_many_losses::<Em>(settings, 200);
    }
}

#[test]
fn an_actor_that_waits_in_vain_waits_again() {
    // Starts, and what they repeat, take longer than the 100 ticks of a wait.
    let hasty = Settings {
        accesses_per_tick: 3,
        ..Settings::default()
    };
    let mut random = Random::new(1);
    let run = run::<Em>(hasty, 1, |_| Some(random.below(500)));
    assert_eq!(run.results, Em::EXPECTED);
    // Those that an undisturbed run has, and 10 in vain.
    assert!(run.transactions > 303 + 10, "{run:?}");
}
