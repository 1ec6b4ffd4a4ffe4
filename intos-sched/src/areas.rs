//! Where the kernel's state lies.
//!
//! | object | bytes |
//! | --- | --- |
//! | tick, even cell and odd cell (module `time`) | 8 |
//! | current: the index of the task that runs, 255 for none; and 3 bytes not used | 4 |
//! | ready lists, one head a priority | 8 each |
//! | delay lists, one head for each half of the tick's range | 8 each |
//! | operation log of all lists, for [`OPERATIONS`] operations | 40 |
//! | control blocks (module `task`) | 32 each |

use nvm_core::{Area, Layout, Offset};
use nvm_list::{Head, OpLog};

use crate::error::Error;
use crate::task::{ControlBlock, Priority, TaskAt, TaskIndex};
use crate::time::Half;

/// How many priorities there are.
pub const PRIORITIES: usize = 8;
/// The most tasks.
pub const MAX_TASKS: usize = 64;
/// The most list operations of one system call.
const OPERATIONS: usize = 4;

/// No task runs.
pub(crate) const NO_TASK: u8 = 0xFF;

/// Where the kernel's state lies.
#[derive(Debug, Clone, Copy)]
pub struct SchedulerAreas {
    pub(crate) tick: Offset<[u32; 2]>,
    pub(crate) current: Offset<u8>,
    ready: Offset<[Head; PRIORITIES]>,
    delayed: Offset<[Head; 2]>,
    pub(crate) op_log: Area,
    tasks: Offset<ControlBlock>,
    task_count: u8,
}

impl SchedulerAreas {
    /// Places the state of a kernel with so many tasks. Place it first: lists must lie in the first
    /// 256 KiB of a region.
    pub fn place(layout: &mut Layout, tasks: usize) -> Result<Self, Error> {
        if tasks > MAX_TASKS {
            return Err(Error::TooManyTasks { maximum: MAX_TASKS });
        }
        Ok(Self {
            tick: layout.object("tick"),
            current: layout.object::<u32>("current task").cast(),
            ready: Offset::new(
                layout
                    .area("ready lists", (PRIORITIES * size_of::<Head>()) as u32)
                    .offset(),
            ),
            delayed: Offset::new(
                layout
                    .area("delay lists", (2 * size_of::<Head>()) as u32)
                    .offset(),
            ),
            op_log: layout.area("operation log", OpLog::bytes_for(OPERATIONS)),
            tasks: Offset::new(
                layout
                    .area("tasks", (tasks * size_of::<ControlBlock>()) as u32)
                    .offset(),
            ),
            task_count: tasks as u8,
        })
    }

    /// How many tasks there are.
    pub const fn task_count(&self) -> u8 {
        self.task_count
    }

    pub(crate) fn ready(&self, priority: Priority) -> Result<Offset<Head>, Error> {
        self.ready
            .element(usize::from(priority.0))
            .ok_or(Error::NoSuchPriority {
                priority: priority.0,
            })
    }

    /// The list of the tasks that sleep until a tick in the lower or the upper half of a `u32`.
    pub(crate) const fn delayed(&self, half: Half) -> Offset<Head> {
        Offset::new(self.delayed.get() + half as u32 * size_of::<Head>() as u32)
    }

    pub(crate) fn task(&self, task: TaskIndex) -> Result<TaskAt, Error> {
        if task.0 >= self.task_count {
            return Err(Error::NoSuchTask { index: task.0 });
        }
        Ok(TaskAt(Offset::new(
            self.tasks.get() + u32::from(task.0) * size_of::<ControlBlock>() as u32,
        )))
    }
}
