//! The timer that cuts the power.
//!
//! The machine's CMSDK timer 0 counts 25 MHz. Its interrupt has priority 0, which nothing holds back, and its handler
//! resets the processor: so with `-icount shift=6`, where an instruction takes 64 ns, each number of clocks is a cut
//! before a certain instruction, and none is left out.

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use cortex_m_rt::exception;

use crate::sweep;

/// CMSDK timer 0.
const TIMER_CTRL: usize = 0x4000_0000;
const TIMER_VALUE: usize = 0x4000_0004;
const TIMER_RELOAD: usize = 0x4000_0008;
/// In its control register: it counts, and interrupts at 0.
const COUNTS: u32 = 0b1001;
/// Its interrupt.
const TIMER_IRQ: i16 = 8;
/// Enables interrupts.
const NVIC_ISER0: usize = 0xE000_E100;
/// Application interrupt and reset control: a store with the key and this bit resets the processor.
const AIRCR: usize = 0xE000_ED0C;
const RESET: u32 = 0x05FA_0004;

/// Whether the timer is a limit for a run that hangs, in place of a power cut.
static IS_LIMIT: AtomicBool = AtomicBool::new(false);

/// After how many clocks a cut comes that was planned, once it is [armed](arm); 0: none is.
static PLANNED: AtomicU32 = AtomicU32::new(0);

fn store(address: usize, value: u32) {
    // SAFETY: one of the registers above, which are this module's; none lets the machine access memory.
    unsafe { ptr::with_exposed_provenance_mut::<u32>(address).write_volatile(value) }
}

fn load(address: usize) -> u32 {
    // SAFETY: as above.
    unsafe { ptr::with_exposed_provenance::<u32>(address).read_volatile() }
}

/// Cuts the power after so many clocks from now on, sleep not counted.
pub(crate) fn cut_after(clocks: u32) {
    begin(clocks, false);
}

/// Plans such a cut, or its [limit] where it is `u32::MAX`: counted from when it is [armed](arm).
pub(crate) fn plan(clocks: u32) {
    PLANNED.store(clocks, Ordering::Relaxed);
}

/// Begins to count what was planned.
pub(crate) fn arm() {
    let clocks = PLANNED.load(Ordering::Relaxed);
    if clocks > 0 {
        PLANNED.store(0, Ordering::Relaxed);
        begin(clocks, clocks == u32::MAX);
    }
}

/// Ends the run as one that hangs, after so many clocks.
pub(crate) fn limit(clocks: u32) {
    begin(clocks, true);
}

fn begin(clocks: u32, is_limit: bool) {
    IS_LIMIT.store(is_limit, Ordering::Relaxed);
    store(TIMER_RELOAD, u32::MAX);
    store(TIMER_VALUE, clocks.max(1));
    store(NVIC_ISER0, 1 << TIMER_IRQ);
    store(TIMER_CTRL, COUNTS);
}

/// How many clocks are left.
pub(crate) fn clocks_left() -> u32 {
    load(TIMER_VALUE)
}

/// Lets the timer stand while the processor sleeps.
pub(crate) fn pause<R>(sleep: impl FnOnce() -> R) -> R {
    let control = load(TIMER_CTRL);
    store(TIMER_CTRL, 0);
    let result = sleep();
    store(TIMER_CTRL, control);
    result
}

/// No cut any more.
pub(crate) fn never() {
    store(TIMER_CTRL, 0);
}

/// Takes the power away for a moment.
pub fn reset() -> ! {
    store(AIRCR, RESET);
    loop {
        core::hint::spin_loop();
    }
}

#[exception]
unsafe fn DefaultHandler(interrupt: i16) {
    if interrupt != TIMER_IRQ {
        intos::cortex_m::interrupt(interrupt as u8);
    } else if IS_LIMIT.load(Ordering::Relaxed) {
        sweep::failed(format_args!("it hangs"));
    } else {
        reset();
    }
}
