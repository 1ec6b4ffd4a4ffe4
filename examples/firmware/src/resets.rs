//! Power losses for a machine without the timer of `power`: at the first event that the kernel tells at the first start,
//! at the second event at the second start, and so on, until a start comes to the program's end before.
//!
//! Nothing is swept. How often the power went stands behind the kernel's NVM, in a word that is 0 when the emulator starts.

use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};

use example_programs::Checked;
use intos::Program;
use semihosting::process::exit;

use crate::board::Emulated;
use crate::console::print;

/// Application interrupt and reset control: a store with the key and this bit resets the processor.
const AIRCR: usize = 0xE000_ED0C;
const RESET: u32 = 0x05FA_0004;

/// Events since the start.
static EVENTS: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" {
    static mut __resets: u32;
}

fn resets() -> u32 {
    // SAFETY: a word of its own, behind the kernel's memory.
    unsafe { (&raw const __resets).read_volatile() }
}

/// Counts an event, and takes the power away for a moment where it is this start's last.
pub(crate) fn count() {
    // ARMv6-M has no atomic addition. An event in an interrupt may be lost, which changes only when the power goes.
    let events = EVENTS.load(Ordering::Relaxed) + 1;
    EVENTS.store(events, Ordering::Relaxed);
    let resets = resets();
    if events <= resets {
        return;
    }
    // SAFETY: as in `resets`; then one of the processor's own registers.
    unsafe {
        (&raw mut __resets).write_volatile(resets + 1);
        ptr::with_exposed_provenance_mut::<u32>(AIRCR).write_volatile(RESET);
    }
    loop {
        core::hint::spin_loop();
    }
}

/// Tells how often the power went.
pub(crate) fn report() {
    print(format_args!("power losses: {}", resets()));
}

pub(crate) const fn is_planned() -> bool {
    false
}

pub(crate) fn run<P: Program<Emulated> + Checked + Sync>() -> ! {
    failed(format_args!("this machine cannot sweep"))
}

pub(crate) fn failed(reason: fmt::Arguments<'_>) -> ! {
    print(reason);
    exit(1)
}

pub(crate) const fn arm() {}

pub(crate) fn pause<R>(sleep: impl FnOnce() -> R) -> R {
    sleep()
}
