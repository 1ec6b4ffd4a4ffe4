//! Power losses at intervals, until the program ends.
//!
//! An interval is time of the machine's clock, from a start of the program to the next power loss: its work, its sleep and
//! the recovery alike. Its length is anything up to twice the mean that is asked for, so that the power goes at any
//! instruction, and again in recoveries.
//!
//! | word | what | written by |
//! | --- | --- | --- |
//! | 0 | `INTV` | xtask |
//! | 1 | the mean interval, in clocks of 25 MHz | xtask |
//! | 2 | what the intervals' lengths follow from | xtask |
//! | 3 | how often the power went | firmware |
//! | 4 | starts of the kernel in a row in which no transaction was committed | firmware |
//! | 5 | the most of these | firmware |

use crate::control::{get, increase, set};
use crate::{fail, power};

const MEAN: usize = 1;
const SEED: usize = 2;
const LOSSES: usize = 3;
const STARTS_WITHOUT_COMMIT: usize = 4;
const MOST_STARTS_WITHOUT_COMMIT: usize = 5;

/// More starts without progress than any program needs that makes some.
const LIVELOCK: u32 = 2_000;

/// The program starts, and with it an interval.
pub(crate) fn begin() {
    let mean = get(MEAN).max(2);
    let random = scatter(get(SEED) ^ scatter(get(LOSSES)));
    power::cut_after(1 + random % (2 * mean));
}

/// Spreads neighbouring numbers over all (the finaliser of `MurmurHash3`, by Austin Appleby).
fn scatter(number: u32) -> u32 {
    let mut mixed = number.wrapping_add(0x9E37_79B9);
    mixed = (mixed ^ (mixed >> 16)).wrapping_mul(0x85EB_CA6B);
    mixed = (mixed ^ (mixed >> 13)).wrapping_mul(0xC2B2_AE35);
    mixed ^ (mixed >> 16)
}

/// The kernel starts.
pub(crate) fn started() {
    increase(STARTS_WITHOUT_COMMIT);
    let starts = get(STARTS_WITHOUT_COMMIT);
    if starts > get(MOST_STARTS_WITHOUT_COMMIT) {
        set(MOST_STARTS_WITHOUT_COMMIT, starts);
    }
    if starts > LIVELOCK {
        fail(format_args!(
            "livelock: no transaction was committed in {LIVELOCK} starts in a row, since no interval was long enough"
        ));
    }
}

/// A transaction is committed.
pub(crate) fn committed() {
    set(STARTS_WITHOUT_COMMIT, 0);
}

/// The power goes.
pub(crate) fn note_cut() {
    increase(LOSSES);
}
