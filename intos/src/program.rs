//! A program: its table of tasks, and its objects.

use intos_sched::{Error, Priority};
use replay::ThreadLayout;

use crate::board::Board;
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
}

/// A task's function.
pub(crate) type TaskFunction<B, P> = fn(&mut Task<'_, B>, &P) -> Result<(), Error>;

/// A task of a program.
#[derive(Debug)]
pub struct TaskEntry<B: Board, P> {
    pub(crate) name: &'static str,
    pub(crate) priority: Priority,
    pub(crate) tables: ThreadLayout,
    pub(crate) function: TaskFunction<B, P>,
}

impl<B: Board, P> TaskEntry<B, P> {
    /// A task that begins ready, with the default sizes of logs and tables.
    pub const fn new(name: &'static str, priority: u8, function: TaskFunction<B, P>) -> Self {
        Self {
            name,
            priority: Priority(priority),
            tables: ThreadLayout::DEFAULT,
            function,
        }
    }

    /// The same with other sizes.
    #[must_use]
    pub const fn with_tables(mut self, tables: ThreadLayout) -> Self {
        self.tables = tables;
        self
    }
}
