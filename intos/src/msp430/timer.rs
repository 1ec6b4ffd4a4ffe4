//! The registers of a Timer_A.

use core::marker::PhantomData;
use core::ptr;

use super::firmware::{Firmware, TimerClock};

/// Where the registers lie, from the timer's address on.
const CONTROL: usize = 0x00;
const CAPTURE_CONTROL: usize = 0x02;
const COUNT: usize = 0x10;
const COMPARE: usize = 0x12;

/// In `CONTROL`: counts from 0 to 0xFFFF, and on from 0.
const CONTINUOUS: u16 = 0b10 << 4;
/// In `CONTROL`: counts from 0.
const CLEAR: u16 = 1 << 2;
/// In `CAPTURE_CONTROL`: interrupts when the count is that of `COMPARE`.
const INTERRUPTS: u16 = 1 << 4;

/// A board's timer.
pub(super) struct Timer<B>(PhantomData<fn() -> B>);

impl<B: Firmware> Timer<B> {
    /// Lets it count, and interrupt after so many clocks.
    pub(super) fn begin(clocks: u16) {
        let source = match B::TIMER_CLOCK {
            TimerClock::Aclk => 0b01 << 8,
            TimerClock::Smclk => 0b10 << 8,
        };
        Self::store(COMPARE, clocks);
        Self::store(CAPTURE_CONTROL, INTERRUPTS);
        Self::store(CONTROL, source | CONTINUOUS | CLEAR);
    }

    /// What it has counted to.
    pub(super) fn count() -> u16 {
        // With a clock of its own it may change while it is read.
        let mut before = Self::load(COUNT);
        loop {
            let now = Self::load(COUNT);
            if now == before || matches!(B::TIMER_CLOCK, TimerClock::Smclk) {
                return now;
            }
            before = now;
        }
    }

    /// When it interrupts next. What it would have interrupted for before does not count any more.
    pub(super) fn interrupt_at(count: u16) {
        Self::store(COMPARE, count);
        Self::store(CAPTURE_CONTROL, INTERRUPTS);
    }

    fn load(register: usize) -> u16 {
        // SAFETY: a register of the timer that the board says; loading it changes no memory.
        unsafe { ptr::with_exposed_provenance::<u16>(B::TIMER + register).read_volatile() }
    }

    fn store(register: usize, value: u16) {
        // SAFETY: as above; the port alone writes these registers, and they lead to no memory.
        unsafe {
            ptr::with_exposed_provenance_mut::<u16>(B::TIMER + register).write_volatile(value);
        }
    }
}
