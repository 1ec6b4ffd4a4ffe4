//! The recovery of a copy: what the next start does, and then each task's first.

use intos_sched::{Error, Scheduler};
use nvm_core::Class;
use nvm_tx::UndoLog;

use super::program::ProgramLayout;
use super::view::View;
use nvm_core::image::Memory;

/// Recovers a copy of an image, as the kernel's next start does, and rolls back what tasks were in the midst of.
///
/// # Errors
///
/// What the start would end with.
pub(super) fn recover(nvm: &Memory, program: &ProgramLayout) -> Result<(), Error> {
    let scheduler = Scheduler::open(
        nvm,
        program.scheduler,
        program.table.threads,
        intos_ipc::follow_ups(),
    );
    scheduler.recover(|_| {})?;
    for (object, heap) in program.heaps() {
        let area = nvm_core::Area::new(object.offset, object.bytes);
        // A heap that is none is told by what is checked afterwards.
        let _ = nvm_alloc::Heap::open(&nvm, area).map(|opened| opened == heap);
    }
    // The one that ran first: others may have changed bits of the same bytes before it.
    let current = scheduler.current()?;
    let view = View::of(nvm, program)?;
    let mut slots: Vec<_> = view.in_use().map(|slot| slot.layout).collect();
    slots.sort_by_key(|slot| Some(slot.task) != current);
    for slot in slots {
        UndoLog::unopened(nvm, slot.areas.log(), Class::Data).recover()?;
        UndoLog::unopened(nvm, slot.areas.kernel_log(), Class::Kernel).recover()?;
    }
    Ok(())
}
