//! Every window is recognised once, whatever is cut.

use crate::common::{check_many_losses, check_some_cuts, machines};
use example_applications::Ar;

#[test]
fn every_window_is_recognised_once_whatever_is_cut() {
    for settings in machines(1) {
        check_some_cuts::<Ar>(settings, 20);
    }
}

#[test]
fn every_window_is_recognised_once_however_often_the_power_goes() {
    for settings in (0..2).flat_map(machines) {
        check_many_losses::<Ar>(settings, 200);
    }
}
