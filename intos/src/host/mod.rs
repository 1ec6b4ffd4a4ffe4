//! The host port: a deterministic machine on an ordinary computer.
//!
//! A [`Machine`] has one processor, an NVM, a tick and a power supply. Tasks run on stacks of their own and
//! may be preempted at every access to NVM outside of a critical section; time passes with these accesses;
//! the power may go before any atomic store. Everything follows from a seed, so a run can be repeated to
//! the last store. There is no global state: many machines can run in one process.
//!
//! [`Machine::power_cycle`] runs a program from power on to the end of all tasks, or to a power loss,
//! which leaves nothing but the NVM: stacks are abandoned as they are, and no destructor runs.
//! [`Machine::start_trace`] writes what happens into a file for a trace viewer.

mod cycle;
pub mod image;
mod machine;
mod random;
mod stacks;
mod trace;

pub use cycle::{CycleEnd, HostError};
pub use image::image_tool;
pub use machine::{Host, Machine, Observer, Settings};
pub use random::Random;
pub use trace::Trace;
