//! The one type parameter of a portable program.

use core::fmt::Debug;

use intos_sched::Port;
use nvm_core::Nvm;
use replay::Statistics;

/// What a program runs on: its NVM and its port.
pub trait Board: Sized {
    /// The NVM: a cheap handle, often a reference.
    type Nvm: Nvm + Copy + Debug;
    /// The port.
    type Port: Port + Debug;

    /// Is told what tasks do. Does nothing where you do not say otherwise, and costs nothing then.
    #[inline]
    fn observe(port: &Self::Port, event: Event) {
        let _ = (port, event);
    }
}

/// What a task did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Transactions were run, bypassed or rolled back: how many since the event before.
    Transactions(Statistics),
    /// A task starts, for the `starts_without_commit`th time in a row without having committed anything
    /// in between.
    Started {
        /// Its index.
        task: u8,
        /// See [`replay::Thread::starts_without_commit`].
        starts_without_commit: u16,
    },
}
