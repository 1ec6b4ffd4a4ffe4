//! Lists without an operation log, for a measurement (`nvm_core::ablation`): they are changed in the kernel transaction
//! that their change goes with, through its undo log.

use core::cell::RefCell;

use nvm_core::{Class, Nvm, RawOffset, ablation};
use nvm_list::Operation;
use replay::SystemTx;

use crate::areas::OP_LOG;
use crate::error::Error;
use crate::scheduler::Scheduler;
use crate::work::Work;

/// A running transaction as memory: what is stored there is logged.
struct Logged<'t, 'log, N: Nvm>(RefCell<&'t mut SystemTx<'log, N>>);

impl<N: Nvm> Nvm for Logged<'_, '_, N> {
    const ATOM: usize = N::ATOM;

    fn size(&self) -> RawOffset {
        self.0.borrow().nvm().size()
    }

    fn read(&self, offset: RawOffset, bytes: &mut [u8]) -> Result<(), nvm_core::Error> {
        self.0.borrow().nvm().read(offset, bytes)
    }

    fn write(&self, class: Class, offset: RawOffset, bytes: &[u8]) -> Result<(), nvm_core::Error> {
        let stored = self.0.borrow_mut().write_as(class, offset, bytes);
        // The transaction keeps the fault, and does not commit.
        stored.map_err(|_| nvm_core::Error::OutOfRange { offset })
    }
}

impl<N: Nvm + Copy> Scheduler<N> {
    /// Carries list operations out at once. In a critical section, and not in a kernel transaction.
    pub(crate) fn change_lists(&self, operations: &[Operation]) -> Result<(), Error> {
        if ablation::LISTS_RECORD {
            return Ok(OP_LOG.run(self.nvm(), operations)?);
        }
        let change = |kernel: &mut SystemTx<'_, N>| self.change_in(kernel, operations);
        self.transact(&Work::none(), || {}, change)
    }

    /// Changes the lists in the kernel transaction that the work goes with, where they are not changed after it.
    #[inline]
    pub(crate) fn change_lists_in(
        &self,
        kernel: &mut SystemTx<'_, N>,
        work: &Work,
    ) -> Result<(), replay::Error> {
        if ablation::LISTS_RECORD {
            return Ok(());
        }
        self.change_in(kernel, work.operations())
    }

    fn change_in(
        &self,
        kernel: &mut SystemTx<'_, N>,
        operations: &[Operation],
    ) -> Result<(), replay::Error> {
        let changed = if ablation::CRASH_CONSISTENCY {
            let memory = Logged(RefCell::new(&mut *kernel));
            OP_LOG.run_unrecorded(&memory, operations)
        } else {
            OP_LOG.run_unrecorded(self.nvm(), operations)
        };
        if changed.is_ok() {
            return Ok(());
        }
        match kernel.fault() {
            Some(fault) => Err(fault.into()),
            None => Err(nvm_core::Error::OutOfRange { offset: 0 }.into()),
        }
    }
}
