//! How long a blocking call waits.

/// How long a blocking call waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeout {
    /// Not at all: the call fails at once where it would block.
    None,
    /// So many ticks, counted by the persistent tick: a power loss does not stop the clock for longer
    /// than it lasts, nor begin the count anew. 0 is one tick; at most [`MAX_TICKS`](crate::MAX_TICKS).
    Ticks(u32),
    /// As long as it takes.
    Forever,
}
