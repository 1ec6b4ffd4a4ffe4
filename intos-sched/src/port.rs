//! What a processor, or a simulation of one, must offer.

/// A port of the kernel. All calls are made by the task that runs.
pub trait Port {
    /// Runs `section` without preemption. May be nested. A power loss may fall into it all the same.
    fn critical<R>(&self, section: impl FnOnce() -> R) -> R;

    /// Gives the processor to whom the scheduler chooses; returns when it chooses this task again. Not
    /// called in a critical section.
    fn switch(&self);
}
