//! The one type parameter of a portable program.

use core::fmt::Debug;

use intos_sched::Port;
use nvm_core::Nvm;

/// What a program runs on: its NVM and its port.
pub trait Board: Sized {
    /// The NVM: a cheap handle, often a reference.
    type Nvm: Nvm + Copy + Debug;
    /// The port.
    type Port: Port + Debug;
}
