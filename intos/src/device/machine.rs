//! What the shared code must know of a board, whichever the port is.

use intos_sched::Event;

use super::failure::Failure;
use crate::board::Board;

/// A port's `Firmware`, without what is the port's own.
#[allow(dead_code)] // a port does not need all of it
pub(crate) trait Machine: Board + 'static {
    /// Whether interrupts of the program's own may wake tasks.
    const WOKEN_BY_INTERRUPTS: bool;
    /// Bytes of the stack for idling; means nothing where it is the main stack.
    const IDLE_STACK_BYTES: usize;
    /// Whether the processor guards stacks, where it can.
    const GUARD_STACKS: bool;
    /// Whether it is measured how much of the stacks is used.
    const MEASURE_STACKS: bool;
    /// Clocks of the timer in a tick.
    const CLOCKS_PER_TICK: u32;

    /// Tells that the program cannot go on, and stops.
    fn failed(failure: &Failure<'_>) -> !;
    /// Lets the processor sleep.
    fn sleep();
    /// Is told what the kernel does.
    fn observe(event: Event);
}
