//! What a processor, or a simulation of one, must offer.

use crate::observe::Event;

/// A port of the kernel. Its calls are made by the task that runs; [`critical`](Port::critical) and
/// [`observe`](Port::observe) by interrupt handlers and the start-up too.
pub trait Port {
    /// Ticks of the persistent clock in a second: what durations with a unit are counted in.
    const TICKS_PER_SECOND: u32 = 1_000;

    /// Runs `section` without preemption. May be nested. A power loss may fall into it all the same.
    fn critical<R>(&self, section: impl FnOnce() -> R) -> R;

    /// Gives the processor to whom the scheduler chooses; returns when it chooses this task again. Not
    /// called in a critical section.
    fn switch(&self);

    /// The same, but the task's time slice is over: a task of the same priority comes first, if one is ready.
    fn yield_now(&self);

    /// Is told what the kernel and its tasks do, as it happens; stores nothing and asks the kernel nothing.
    /// Does nothing where a port does not say otherwise, and costs nothing then.
    #[inline]
    fn observe(&self, event: Event) {
        let _ = event;
    }
}
