//! A program: its table of tasks, and its objects.

use core::marker::PhantomData;

use intos_sched::{Error, Priority};
use nvm_core::{Persist, RawOffset};
use replay::ThreadLayout;

use crate::board::Board;
use crate::interrupt::Interrupt;
use crate::placement::Placement;
use crate::task::Task;

/// A program for the kernel: a struct with the handles of its objects, which all tasks share, and a table
/// of tasks. Written once for every [`Board`].
pub trait Program<B: Board>: Sized {
    /// Goes into the layout's fingerprint: the image of another program is recognised.
    const NAME: &'static str;
    /// The same for another version of this one: change it when the meaning of an object changes.
    const VERSION: u32;

    /// Places the objects. Called at each start, always with the same calls and in the same order.
    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error>;

    /// The table of tasks: the entry at `index`, from 0 on without a gap. NVM holds the index in place of
    /// a code address, so that a rebuilt program cannot jump into the old one.
    fn task(index: usize) -> Option<TaskEntry<B, Self>>;

    /// Handles an interrupt of a device of the program's own: with preemption off, so keep it short. What it
    /// does is not repeated after a power loss; each of its calls is made wholly or not at all.
    ///
    /// # Errors
    ///
    /// Whatever should end the program.
    fn interrupt(&self, isr: &mut Interrupt<'_, B>, number: u8) -> Result<(), Error> {
        let _ = (isr, number);
        Ok(())
    }

    /// Is called when no task is ready, before the processor sleeps: for so many ticks, or until an interrupt.
    /// It may use devices, but no persistent objects.
    fn idle(&self, port: &B::Port, ticks: Option<u32>) {
        let _ = (port, ticks);
    }
}

/// A task's function.
pub(crate) type TaskFunction<B, P> = fn(&mut Task<'_, B>, &P) -> Result<(), Error>;

/// A task of a program, or a kind of tasks that are created while it runs.
#[derive(Debug)]
pub struct TaskEntry<B: Board, P> {
    pub(crate) name: &'static str,
    pub(crate) priority: Priority,
    pub(crate) tables: ThreadLayout,
    pub(crate) function: TaskFunction<B, P>,
    pub(crate) stack_bytes: usize,
    pub(crate) instances: Instances,
}

/// How many tasks there are of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instances {
    /// One, which is ready at the first boot.
    One,
    /// None at the first boot, and up to so many at a time, with an argument of so many bytes each.
    Created { most: u8, argument_bytes: RawOffset },
}

/// Bytes that the undo log of a task's kernel transactions must have: unlocking a mutex for which several tasks
/// wait fills them. Calls that log an item of a queue may need more.
pub const KERNEL_UNDO_LOG_BYTES: RawOffset = 40;

/// Bytes of a task's stack, where its entry does not say otherwise: on a Cortex-M enough for any system call, called
/// from a task's function; on an MSP430, whose whole SRAM may have 4 KiB, for most: measure it there.
pub const DEFAULT_STACK_BYTES: usize = if cfg!(target_arch = "msp430") {
    1024
} else {
    6 * 1024
};

impl<B: Board, P> TaskEntry<B, P> {
    /// A task that begins ready at the first boot, with the default sizes of logs, tables and stack.
    pub const fn new(name: &'static str, priority: u8, function: TaskFunction<B, P>) -> Self {
        Self {
            name,
            priority: Priority(priority),
            tables: ThreadLayout::DEFAULT,
            function,
            stack_bytes: DEFAULT_STACK_BYTES,
            instances: Instances::One,
        }
    }

    /// A kind of tasks of which up to `most` are there at a time: [`Tx::create`](crate::Tx::create) makes one,
    /// with an argument that the function finds by [`Task::argument`]. `kind` stands at its own index of the
    /// program's table.
    pub const fn created<A: Persist>(
        _kind: TaskKind<A>,
        name: &'static str,
        priority: u8,
        most: u8,
        function: TaskFunction<B, P>,
    ) -> Self {
        let mut entry = Self::new(name, priority, function);
        entry.instances = Instances::Created {
            most,
            argument_bytes: size_of::<A>() as RawOffset,
        };
        entry
    }

    /// The same with other sizes. The undo log of kernel transactions gets
    /// [`KERNEL_UNDO_LOG_BYTES`](crate::KERNEL_UNDO_LOG_BYTES) at least.
    #[must_use]
    pub const fn with_tables(mut self, tables: ThreadLayout) -> Self {
        self.tables = tables;
        if self.tables.kernel_undo_log < KERNEL_UNDO_LOG_BYTES {
            self.tables.kernel_undo_log = KERNEL_UNDO_LOG_BYTES;
        }
        self
    }

    /// The same with a stack of so many bytes. The host gives each task more than it has on a device; there
    /// its [settings](crate::host::Settings) say how much.
    #[must_use]
    pub const fn with_stack(mut self, bytes: usize) -> Self {
        self.stack_bytes = bytes;
        self
    }
}

/// A kind of tasks that are created while the program runs, and the type of their argument: a constant of the
/// program's.
///
/// ```
/// use intos::TaskKind;
/// /// Stands at index 3 of the table, made with `TaskEntry::created(WORKER, …)`.
/// const WORKER: TaskKind<u32> = TaskKind::at(3);
/// ```
#[derive(Debug)]
pub struct TaskKind<A> {
    index: usize,
    argument: PhantomData<fn() -> A>,
}

impl<A> TaskKind<A> {
    /// The kind whose entry stands at an index of the program's table of tasks.
    pub const fn at(index: usize) -> Self {
        Self {
            index,
            argument: PhantomData,
        }
    }

    /// The index of its entry.
    pub const fn index(self) -> usize {
        self.index
    }
}

impl<A> Clone for TaskKind<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for TaskKind<A> {}
