//! A trace of a machine in the format of Chrome's and Perfetto's viewers: who runs, what it does, and what
//! a power loss interrupts.
//!
//! | module | owns |
//! | --- | --- |
//! | `document` | the format: JSON, written event by event |
//! | `row` | a row of slices that nest |
//! | `task` | the row of a task |
//! | `timeline` | what each of the kernel's events changes in which row |

mod document;
mod row;
mod task;
#[cfg(test)]
mod tests;
mod timeline;

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};
use std::rc::Rc;

use intos_sched::TaskIndex;
use nvm_core::Nvm;

use super::machine::{Host, Machine};
use crate::kernel::Kernel;
use crate::program::Program;
use timeline::Timeline;

/// Writes what happens on a machine as a trace, as it happens: open the file in the viewer of
/// <https://ui.perfetto.dev>, or in Chrome's `chrome://tracing`.
///
/// | row | what it shows |
/// | --- | --- |
/// | `power` | a slice from power on to power loss, and each loss as an event across all rows |
/// | `kernel` | the recovery with its steps, and calls of interrupt handlers |
/// | one for each task | *running*, and in it transactions and system calls; *blocked*, and in it the call |
///
/// A transaction or call during which another task ran, or the power went, has several slices: all but the first
/// are `continued`. `end` says why a slice ends. A call that blocks stays in its task's row until the task runs
/// again, across power losses too. Transactions that are bypassed are events without length.
///
/// Time is that of the machine: a microsecond in the viewer is an access to the NVM. Sleeping takes none, and
/// neither does being without power. Ticks are left out. Nothing is kept in memory; a transaction takes less
/// than a kilobyte of the file.
///
/// ```
/// use intos::host::{Machine, Settings};
/// use intos::prelude::*;
/// use nvm_core::sim::SimNvm;
///
/// struct Counter(Offset<u32>);
///
/// impl<B: Board> Program<B> for Counter {
///     const NAME: &'static str = "counter";
///     const VERSION: u32 = 1;
///
///     fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
///         Ok(Self(objects.object("count", 0)?))
///     }
///
///     fn task(index: usize) -> Option<TaskEntry<B, Self>> {
///         (index == 0).then_some(TaskEntry::new("count", 1, |task, app| {
///             task.transaction(|tx| Ok(tx.update(app.0, |count| count + 1)?))
///         }))
///     }
/// }
///
/// let machine = Machine::new(SimNvm::<4>::new(2048), Settings::default());
/// let trace = machine.start_trace::<Counter, _>(Vec::new()); // or a file
/// machine.power_cycle::<Counter>()?;
/// let json = String::from_utf8(trace.finish()?)?;
/// assert!(json.contains(r#""name":"transaction""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a trace is complete only when it was finished"]
pub struct Trace<O: Write> {
    /// Shared with the machine's observer; nothing when the trace is finished.
    timeline: Rc<RefCell<Option<Timeline<O>>>>,
}

impl<O: Write> fmt::Debug for Trace<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").finish_non_exhaustive()
    }
}

impl<O: Write> Trace<O> {
    /// Ends the trace, and gives back what it was written to. What happens later is not in it.
    ///
    /// # Errors
    ///
    /// The first that occurred in writing: the trace ends there.
    pub fn finish(self) -> io::Result<O> {
        match self.timeline.take() {
            Some(timeline) => timeline.finish(),
            // Only this function takes it, and it takes `self` too.
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl<N: Nvm + fmt::Debug, W> Machine<N, W> {
    /// Writes what happens from now on into a [`Trace`] of a program, which takes the place of any other
    /// [observer](Machine::set_observer).
    pub fn start_trace<'m, P: Program<Host<'m, N, W>>, O: Write + 'static>(
        &'m self,
        out: O,
    ) -> Trace<O> {
        let names = (0..=u8::MAX)
            .map_while(|index| Kernel::<Host<'m, N, W>>::task_name::<P>(TaskIndex(index)));
        let timeline = Timeline::new(out, P::NAME, names, self.accesses());
        let timeline = Rc::new(RefCell::new(Some(timeline)));
        let observer = Rc::clone(&timeline);
        self.set_observer(Some(Box::new(move |at, event| {
            if let Some(timeline) = observer.borrow_mut().as_mut() {
                timeline.observe(at, event);
            }
        })));
        Trace { timeline }
    }
}
