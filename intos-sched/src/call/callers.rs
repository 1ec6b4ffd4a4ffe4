//! What system calls are made on.

use nvm_core::{Nvm, Record};
use replay::Site;

use super::{Call, CallName, Progress};
use crate::error::Error;
use crate::port::Port;

/// What system calls are made on: a running transaction of a kernel's task.
#[diagnostic::on_unimplemented(
    message = "a system call is part of a transaction, and `{Self}` is none",
    label = "not a transaction",
    note = "in a task, make it in a transaction: `task.transaction(|tx| …)`, and pass it `tx`",
    note = "in an interrupt handler, use the call whose name ends with `_from_isr`, which never blocks"
)]
pub trait SystemCalls {
    /// The kernel's NVM.
    type Nvm: Nvm + Copy;
    /// The kernel's port.
    type Port: Port;

    /// Begins a system call with a name, as `queue.send`.
    fn call(&mut self, site: Site, name: CallName) -> Call<'_, Self::Nvm, Self::Port>;
}

/// What calls are made on that must not be made in a transaction, locking above all: a whole task. Each is
/// a transaction of its own.
#[diagnostic::on_unimplemented(
    message = "a call that is a transaction of its own takes a whole task, and `{Self}` is none",
    label = "not a task",
    note = "to lock, do it before the transaction: `let mut guard = mutex.lock(task, timeout)?`, then \
            `guard.transaction(|tx| …)`",
    note = "to lock another mutex while a guard lives, pass the task that it holds: `&mut *guard`"
)]
pub trait TaskCalls {
    /// The kernel's NVM.
    type Nvm: Nvm + Copy;
    /// The kernel's port.
    type Port: Port;

    /// Makes a system call in a transaction of its own, or bypasses it.
    fn call_alone<R: Record>(
        &mut self,
        site: Site,
        name: CallName,
        attempt: impl FnOnce(&mut Call<'_, Self::Nvm, Self::Port>) -> Result<Progress<R>, Error>,
    ) -> Result<R, Error>;

    /// Lets nothing more happen: what every call of the task answers until a restart.
    fn stop(&mut self, error: Error);
}

/// What the calls of an interrupt handler are made on. They never block.
#[diagnostic::on_unimplemented(
    message = "only an interrupt handler makes this call, and `{Self}` is none",
    label = "not an interrupt handler",
    note = "in a task, use the call whose name does not end with `_from_isr`"
)]
pub trait InterruptCalls {
    /// The kernel's NVM.
    type Nvm: Nvm + Copy;
    /// The kernel's port.
    type Port: Port;

    /// Begins a call, made at `site`, with a name, as `queue.send_from_isr`.
    fn call_from_isr(&mut self, site: Site, name: CallName) -> Call<'_, Self::Nvm, Self::Port>;
}
