//! All algorithms count the same bits, and no vector leaks, whatever is cut.

use crate::common::{check_many_losses, check_some_cuts, machines};
use example_applications::Bc;

#[test]
fn every_bit_is_counted_once_whatever_is_cut() {
    for settings in machines(1) {
        check_some_cuts::<Bc>(settings, 100);
    }
}

#[test]
fn every_bit_is_counted_once_however_often_the_power_goes() {
    for settings in (0..4).flat_map(machines) {
        check_many_losses::<Bc>(settings, 200);
    }
}
