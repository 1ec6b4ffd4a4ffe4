//! Each message is received once, whatever is cut.

use crate::common::{check_many_losses, check_some_cuts, machines};
use example_applications::Mq;

#[test]
fn each_message_is_received_once_whatever_is_cut() {
    for settings in machines(1) {
        check_some_cuts::<Mq>(settings, 100);
    }
}

#[test]
fn each_message_is_received_once_however_often_the_power_goes() {
    for settings in (0..4).flat_map(machines) {
        check_many_losses::<Mq>(settings, 200);
    }
}
