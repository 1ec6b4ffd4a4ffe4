//! Objects as they stand in an image, for tools: reads, and stores nothing.

pub use crate::event_group::inspect::{AwaitedBits, EventGroupView};
pub use crate::queue::inspect::QueueView;
pub use crate::ring::inspect::BufferView;
pub use crate::semaphore::inspect::SemaphoreView;
pub use crate::timers::inspect::{TimerView, TimersView};
