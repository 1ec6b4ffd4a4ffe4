//! Every inference has the same outputs, whatever is cut.

use crate::common::{check_many_losses, check_some_cuts, machines};
use example_applications::Dnn;

#[test]
fn every_output_is_right_whatever_is_cut() {
    for settings in machines(1) {
        check_some_cuts::<Dnn>(settings, 100);
    }
}

#[test]
fn every_output_is_right_however_often_the_power_goes() {
    for settings in (0..4).flat_map(machines) {
        check_many_losses::<Dnn>(settings, 200);
    }
}
