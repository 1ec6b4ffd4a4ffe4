//! What the port must know of a board.

use core::arch::asm;

use intos_sched::Event;

use super::port::CortexM;
use crate::board::Board;
use crate::device::failure::Failure;
use crate::device::fram::Region;
use crate::device::machine::Machine;
use crate::program::DEFAULT_STACK_BYTES;

/// A board with a Cortex-M: what the port must know of it.
pub trait Firmware: Board<Nvm: Region, Port = CortexM<Self>> + 'static {
    /// The processor's clock, which `SysTick` counts.
    const CLOCK_HZ: u32;

    /// Ticks of the persistent clock in a second.
    const TICKS_PER_SECOND: u32 = 1_000;

    /// Whether interrupts of the program's own may wake tasks. Where they may, tasks that all wait without a limit are
    /// no deadlock.
    const WOKEN_BY_INTERRUPTS: bool = false;

    /// Bytes of the stack on which the processor idles, and on which the program's end is told.
    const IDLE_STACK_BYTES: usize = DEFAULT_STACK_BYTES;

    /// Whether an overflow of a stack is found at once, by a region of the processor's MPU, where that is one of ARMv7-M
    /// (Cortex-M3, M4, M7): the port then takes the region of the highest number, and the handler `MemoryManagement`.
    /// Regions of the program's own are set before [`start`](super::start()). Without it, or without an MPU, an overflow
    /// is found when its task is left, most often.
    const GUARD_STACKS: bool = true;

    /// Whether [`stack_use`](super::stack_use) measures. It takes some instructions for each word of all stacks at each
    /// start: for choosing stack sizes, not for a device that lives on few instructions for each power loss.
    const MEASURE_STACKS: bool = false;

    /// Tells that the program cannot go on, and stops. Interrupts that may use the kernel are held back.
    fn failed(failure: &Failure<'_>) -> !;

    /// Lets the processor sleep until any interrupt is pending, with interrupts held back. A board may choose a deeper
    /// sleep, in which `SysTick` goes on.
    #[inline]
    fn sleep() {
        // SAFETY: waits for an interrupt; no access to memory passes it.
        unsafe { asm!("dsb", "wfi", "isb", options(nostack, preserves_flags)) }
    }

    /// Is told what the kernel does: see [`Port::observe`](crate::Port::observe).
    #[inline]
    fn observe(event: Event) {
        let _ = event;
    }
}

impl<B: Firmware> Machine for B {
    const WOKEN_BY_INTERRUPTS: bool = B::WOKEN_BY_INTERRUPTS;
    const IDLE_STACK_BYTES: usize = B::IDLE_STACK_BYTES;
    const GUARD_STACKS: bool = B::GUARD_STACKS;
    const MEASURE_STACKS: bool = B::MEASURE_STACKS;
    const CLOCKS_PER_TICK: u32 = {
        assert!(
            B::TICKS_PER_SECOND > 0
                && B::CLOCK_HZ / B::TICKS_PER_SECOND >= 2
                && B::CLOCK_HZ / B::TICKS_PER_SECOND <= 1 << 24,
            "SysTick counts 2 to 2^24 clocks in a tick: choose another TICKS_PER_SECOND"
        );
        B::CLOCK_HZ / B::TICKS_PER_SECOND
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
