//! What the port must know of a board.

use core::arch::asm;

use intos_sched::Event;

use super::port::Msp430;
use crate::board::Board;
use crate::device::failure::Failure;
use crate::device::fram::Region;
use crate::device::machine::Machine;

/// What a timer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerClock {
    /// ACLK, the slow one: it goes on in the deeper sleep LPM3.
    Aclk,
    /// SMCLK: it goes on in the sleep LPM0 only.
    Smclk,
}

/// A board with an MSP430: what the port must know of it.
pub trait Firmware: Board<Nvm: Region, Port = Msp430<Self>> + 'static {
    /// The address of the Timer_A that is the port's: 0x0340 for TA0 of the FR5xx and FR6xx.
    const TIMER: usize;

    /// What it counts.
    const TIMER_CLOCK: TimerClock;

    /// Clocks of the timer in a second.
    const TIMER_HZ: u32;

    /// Ticks of the persistent clock in a second.
    const TICKS_PER_SECOND: u32 = 100;

    /// Whether interrupts of the program's own may wake tasks. Where they may, tasks that all wait without a limit are
    /// no deadlock.
    const WOKEN_BY_INTERRUPTS: bool = false;

    /// Whether [`stack_use`](super::stack_use) measures. It takes some instructions for each word of all stacks at each
    /// start: for choosing stack sizes, not for a device that lives on few instructions for each power loss.
    const MEASURE_STACKS: bool = false;

    /// Tells that the program cannot go on, and stops. Interrupts are held back.
    fn failed(failure: &Failure<'_>) -> !;

    /// Lets the processor sleep until any interrupt, and has it handled. Called with interrupts held back, and it must
    /// return so: the handlers of this port see to that. LPM3 with a timer that counts ACLK, and LPM0 otherwise, unless a
    /// board says more.
    #[inline]
    fn sleep() {
        // SAFETY: sleeps with interrupts on, in one instruction, so that none comes before the sleep; the handler clears
        // the bits that this sets before it returns. Accesses to memory stay on their side of it.
        unsafe {
            match Self::TIMER_CLOCK {
                TimerClock::Aclk => asm!("nop", "bis #0x00D8, r2", "nop", options(nostack)),
                TimerClock::Smclk => asm!("nop", "bis #0x0018, r2", "nop", options(nostack)),
            }
        }
    }

    /// Is told what the kernel does: see [`Port::observe`](crate::Port::observe).
    #[inline]
    fn observe(event: Event) {
        let _ = event;
    }
}

impl<B: Firmware> Machine for B {
    const WOKEN_BY_INTERRUPTS: bool = B::WOKEN_BY_INTERRUPTS;
    const IDLE_STACK_BYTES: usize = 0;
    const GUARD_STACKS: bool = false;
    const MEASURE_STACKS: bool = B::MEASURE_STACKS;
    const CLOCKS_PER_TICK: u32 = {
        assert!(
            B::TICKS_PER_SECOND > 0
                && B::TIMER_HZ / B::TICKS_PER_SECOND >= 16
                && B::TIMER_HZ / B::TICKS_PER_SECOND <= 1 << 14,
            "a tick takes 16 to 2^14 clocks of the timer: choose another TICKS_PER_SECOND"
        );
        B::TIMER_HZ / B::TICKS_PER_SECOND
    };

    fn failed(failure: &Failure<'_>) -> ! {
        B::failed(failure)
    }

    #[inline]
    fn sleep() {
        B::sleep();
    }

    #[inline]
    fn observe(event: Event) {
        B::observe(event);
    }
}
