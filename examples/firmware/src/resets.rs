//! Power losses for a machine without the timer of `power`: at the first event that the program tells at the first start,
//! at the second event at the second start, and so on, until a start comes to the program's end before.
//!
//! How often the power went stands behind the kernel's NVM, in a word that is 0 when the emulator starts.

use core::fmt;
use core::ops::Range;
use core::sync::atomic::{AtomicU32, Ordering};

use example_programs::{Milestone, Results};
use intos::Event;

use crate::console::print;
use crate::loss::lose_power;

/// How many events are left to this start; 0: the power does not go.
static LEFT: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" {
    static mut __resets: u32;
}

fn resets() -> u32 {
    // SAFETY: a word of its own, behind the kernel's memory.
    unsafe { (&raw const __resets).read_volatile() }
}

/// Plans this start's power loss.
pub(crate) fn begin(_: u32, _: Option<&Range<u32>>) {
    LEFT.store(resets() + 1, Ordering::Relaxed);
}

/// The kernel has come so far.
pub(crate) fn observe(_: Event) {
    count();
}

/// A program without the kernel has come so far.
pub(crate) fn reached(_: Milestone) {
    count();
}

/// Counts an event; the power goes where it is this start's last.
fn count() {
    // ARMv6-M has no atomic subtraction. An event in an interrupt may be lost, which changes only when the power goes.
    match LEFT.load(Ordering::Relaxed) {
        0 => {}
        1 => {
            // SAFETY: as in `resets`.
            unsafe { (&raw mut __resets).write_volatile(resets() + 1) };
            lose_power()
        }
        left => LEFT.store(left - 1, Ordering::Relaxed),
    }
}

/// Sleeps.
pub(crate) fn asleep(sleep: impl FnOnce()) {
    sleep();
}

/// Tells how often the power went.
pub(crate) fn ended(_: Results, _: Results) {
    print(format_args!("power losses: {}", resets()));
}

/// What fails is told by the board.
pub(crate) const fn failed(_: fmt::Arguments<'_>) {}
