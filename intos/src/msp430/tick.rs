//! The timer, and sleeping without ticks.
//!
//! The timer counts on without an end; its register 0 says at which count it interrupts. While tasks run that is the end of
//! the running tick, while they all sleep the tick at which the first of them wakes, as far as 16 bits can count. What has
//! passed is always told by the count itself, so a tick that is handled late makes none of the next ones late, and none is
//! lost while interrupts are held back for less than 2^16 clocks.
//!
//! The ticks of a sleep are stored when it ends. A power loss would take them all, and where the power always went before
//! the end of a sleep, time would stand still for the kernel: so no sleep is longer than the time since the start, of which
//! a power loss then takes half at most. Each of these wakings stores one word.

use core::marker::PhantomData;

use super::firmware::Firmware;
use super::timer::Timer;
use crate::device::machine::Machine;

/// Clocks of the longest sleep: some are left for those who come late.
const MOST_CLOCKS: u16 = 0xC000;

/// The persistent clock's source.
pub(super) struct Ticks<B> {
    /// The count at which the running tick began.
    began_at: u16,
    /// Ticks since the start, as far as 16 bits count them: a sleep is not longer.
    passed: u16,
    /// The timer interrupts later than at the end of the running tick.
    is_set_for_sleep: bool,
    board: PhantomData<fn() -> B>,
}

impl<B: Firmware> Ticks<B> {
    const CLOCKS: u16 = <B as Machine>::CLOCKS_PER_TICK as u16;
    const MOST: u16 = MOST_CLOCKS / Self::CLOCKS;

    /// Lets the ticks begin.
    pub(super) fn begin() -> Self {
        Timer::<B>::begin(Self::CLOCKS);
        Self {
            began_at: 0,
            passed: 0,
            is_set_for_sleep: false,
            board: PhantomData,
        }
    }

    /// How many ticks have ended since this was last asked. The timer interrupts at the end of the next one.
    pub(super) fn take_passed(&mut self) -> u32 {
        let mut passed: u16 = 0;
        loop {
            // Not a division: there are few of them, and the processor does not divide.
            let before = passed;
            while self.clocks_since_begin() >= Self::CLOCKS {
                self.began_at = self.began_at.wrapping_add(Self::CLOCKS);
                passed += 1;
            }
            if passed == before && !self.is_set_for_sleep {
                break;
            }
            self.is_set_for_sleep = false;
            Timer::<B>::interrupt_at(self.began_at.wrapping_add(Self::CLOCKS));
            // Once more: the count may just have passed that.
        }
        self.passed = self.passed.saturating_add(passed);
        passed.into()
    }

    /// Sleeps until an interrupt, or until so many ticks have ended. With interrupts held back.
    pub(super) fn sleep(&mut self, ticks: Option<u32>) {
        let most = self.passed.min(Self::MOST).max(1);
        let ticks = ticks.map_or(most, |ticks| ticks.min(most.into()) as u16);
        if ticks > 1 {
            let clocks = ticks * Self::CLOCKS;
            self.is_set_for_sleep = true;
            Timer::<B>::interrupt_at(self.began_at.wrapping_add(clocks));
            if self.clocks_since_begin() >= clocks {
                return;
            }
        }
        B::sleep();
    }

    fn clocks_since_begin(&self) -> u16 {
        Timer::<B>::count().wrapping_sub(self.began_at)
    }
}
