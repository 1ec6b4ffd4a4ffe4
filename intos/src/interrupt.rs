//! What an interrupt handler works with.

use core::fmt;

use intos_sched::{Call, CallName, InterruptCalls};
use nvm_tx::UndoLog;
use replay::Site;

use crate::board::Board;
use crate::kernel::Kernel;

/// The handler of an interrupt, in [`Program::interrupt`](crate::Program::interrupt): makes the calls whose
/// names end with `_from_isr`, none of which blocks. Each is one kernel transaction on an undo log of the
/// kernel's own.
pub struct Interrupt<'k, B: Board> {
    kernel: &'k Kernel<B>,
    log: UndoLog<B::Nvm>,
    woke: bool,
}

impl<B: Board> fmt::Debug for Interrupt<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupt")
            .field("woke", &self.woke)
            .finish_non_exhaustive()
    }
}

impl<'k, B: Board> Interrupt<'k, B> {
    pub(crate) const fn new(kernel: &'k Kernel<B>) -> Self {
        Self {
            kernel,
            log: kernel.scheduler.kernel_log(),
            woke: false,
        }
    }

    /// The port, for the device that raised the interrupt.
    pub const fn port(&self) -> &'k B::Port {
        &self.kernel.port
    }

    /// Whether a task may have been woken, which may be more urgent than the one that was interrupted: whether a
    /// call has changed lists.
    pub(crate) const fn woke(&self) -> bool {
        self.woke
    }
}

impl<B: Board> InterruptCalls for Interrupt<'_, B> {
    type Nvm = B::Nvm;
    type Port = B::Port;

    fn call_from_isr(&mut self, site: Site, name: CallName) -> Call<'_, B::Nvm, B::Port> {
        Call::from_isr(
            &self.kernel.scheduler,
            &self.kernel.port,
            &mut self.woke,
            &mut self.log,
            site,
            name,
        )
    }
}
