//! The timer, and sleeping without ticks.
//!
//! While tasks run, `SysTick` interrupts at each tick. While they all sleep it is set to the tick at which the first of
//! them wakes, as far as it can count, so that nobody is woken for nothing; what has passed of a tick when it begins or
//! ends is kept.
//!
//! The ticks of a sleep are stored when it ends. A power loss would take them all, and where the power always went before
//! the end of a sleep, time would stand still for the kernel: so no sleep is longer than the time since the start, of which
//! a power loss then takes half at most. Each of these wakings stores one word.

use core::sync::atomic::{AtomicU32, Ordering};

use super::critical;
use super::port::pend_switch;
use super::registers::{ICSR, PENDSTCLR, PENDSTSET, SHPR3, SYST_CSR, SYST_CVR, SYST_RVR};
use crate::device::failure::Failure;
use crate::device::system::{self, Core, SLICE_IS_OVER};

/// The processor's clock, with an interrupt at 0, but standing still.
const STANDS: u32 = 0b110;
/// The same, counting.
const COUNTS: u32 = 0b111;
/// It has come to 0 since this was last read.
const CAME_TO_0: u32 = 1 << 16;
/// The most clocks that it counts.
const MOST_CLOCKS: u32 = 1 << 24;

/// Ticks since the start; changed in critical sections only.
static TICKS: AtomicU32 = AtomicU32::new(0);

fn have_passed(ticks: u32) {
    let all = TICKS.load(Ordering::Relaxed).saturating_add(ticks);
    TICKS.store(all, Ordering::Relaxed);
}

/// Gives the kernel's exceptions the lowest priority, and lets the ticks begin.
pub(super) fn begin(core: &dyn Core) {
    SHPR3.write(SHPR3.read() | 0xFFFF_0000);
    SYST_RVR.write(core.clocks_per_tick() - 1);
    SYST_CVR.write(0);
    SYST_CSR.write(COUNTS);
}

/// Sleeps for so many ticks, or until an interrupt, and answers how many ticks have passed. In a critical section.
pub(super) fn sleep(core: &dyn Core, ticks: Option<u32>) -> u32 {
    let clocks_per_tick = core.clocks_per_tick();
    let most = (MOST_CLOCKS / clocks_per_tick).min(TICKS.load(Ordering::Relaxed));
    let most = most.max(1);
    let ticks = ticks.map_or(most, |ticks| ticks.min(most));
    if ticks == 0 {
        return 0;
    }
    let passed = critical::asleep(|| {
        SYST_CSR.write(STANDS);
        if ICSR.read() & PENDSTSET != 0 {
            // A tick has just come: its handler first.
            SYST_CSR.write(COUNTS);
            return 0;
        }
        let left = match SYST_CVR.read() {
            0 => clocks_per_tick,
            left => left,
        };
        let clocks = left + (ticks - 1) * clocks_per_tick;
        count(clocks);
        core.sleep();
        SYST_CSR.write(STANDS);
        let came_to_0 = SYST_CSR.read() & CAME_TO_0 != 0;
        // 0 also where it has not begun to count, or not anew.
        let since = match SYST_CVR.read() {
            0 => 0,
            now => clocks.saturating_sub(now),
        };
        let slept = if came_to_0 { clocks + since } else { since };
        let passed = clocks_per_tick - left + slept;
        ICSR.write(PENDSTCLR);
        count(clocks_per_tick - passed % clocks_per_tick);
        SYST_RVR.write(clocks_per_tick - 1);
        passed / clocks_per_tick
    });
    have_passed(passed);
    passed
}

/// Has the timer come to 0 after so many clocks.
fn count(clocks: u32) {
    // It needs a clock to begin, and does not count from 0.
    SYST_RVR.write(clocks.saturating_sub(1).max(1));
    SYST_CVR.write(0);
    SYST_CSR.write(COUNTS);
}

/// A tick.
#[unsafe(no_mangle)]
extern "C" fn SysTick() {
    let Some(system) = system::get() else {
        return;
    };
    let before = critical::enter();
    have_passed(1);
    if let Err(error) = system.core.advance(1) {
        system.core.fail(&Failure::Kernel(error));
    }
    SLICE_IS_OVER.raise();
    pend_switch();
    critical::leave(before);
}
