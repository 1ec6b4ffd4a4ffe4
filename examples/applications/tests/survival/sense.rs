//! Each expiry gives one photo, whatever is cut.

use crate::common::{check_many_losses, check_some_cuts, machines};
use example_applications::Sense;

#[test]
fn each_expiry_gives_one_photo_whatever_is_cut() {
    for settings in machines(1) {
        check_some_cuts::<Sense>(settings, 100);
    }
}

// A photo is a transaction of 100 stores: with fewer between two losses it would never be taken.
#[test]
fn each_expiry_gives_one_photo_however_often_the_power_goes() {
    for settings in (0..4).flat_map(machines) {
        check_many_losses::<Sense>(settings, 130);
    }
}
