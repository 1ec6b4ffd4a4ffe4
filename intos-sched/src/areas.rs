//! Where the kernel's state lies.
//!
//! | object | bytes |
//! | --- | --- |
//! | tick, even cell and odd cell (module `time`) | 8 |
//! | current: the index of the task that runs, 255 for none; and 3 bytes not used | 4 |
//! | ready lists, one head a priority | 8 each |
//! | delay lists, one head for each half of the tick's range | 8 each |
//! | wait list of the tasks that wait to be notified | 8 |
//! | operation log of all lists, for [`OPERATIONS`] operations | 40 |
//! | follow-up (module `follow_up`) | 12 |
//! | undo log of the kernel's own transactions: of interrupt handlers and follow-ups | 60 |
//! | control blocks (module `task`) | 40 each |

use nvm_core::{Area, Layout, Offset, ablation};
use nvm_list::{Head, OpLog};
use nvm_tx::LOG_HEADER_BYTES;
use replay::ThreadAreas;

use crate::error::{Error, ErrorKind};
use crate::follow_up::FOLLOW_UP_BYTES;
use crate::task::{ControlBlock, Priority, TaskAt, TaskIndex};
use crate::time::Half;

/// How many priorities there are.
pub const PRIORITIES: usize = 8;
/// The most tasks.
pub const MAX_TASKS: usize = 64;
/// The most list operations of one system call.
pub(crate) const OPERATIONS: usize = 4;
/// Bytes of the entries of the kernel's own undo log.
const KERNEL_LOG_BYTES: u32 = LOG_HEADER_BYTES + 48 + ablation::MORE_KERNEL_LOG_BYTES;

/// No task runs.
pub(crate) const NO_TASK: u8 = 0xFF;

/// Where the kernel's state lies.
#[derive(Debug, Clone, Copy)]
pub struct SchedulerAreas {
    pub(crate) tick: Offset<[u32; 2]>,
    pub(crate) current: Offset<u8>,
    pub(crate) ready: Offset<[Head; PRIORITIES]>,
    pub(crate) delayed: Offset<[Head; 2]>,
    pub(crate) notified: Offset<Head>,
    pub(crate) op_log: Area,
    pub(crate) follow_up: Area,
    pub(crate) kernel_log: Area,
    pub(crate) tasks: Offset<ControlBlock>,
    task_count: u8,
}

impl SchedulerAreas {
    /// Places the state of a kernel with so many tasks. Place it first: lists must lie in the first
    /// 256 KiB of a region.
    pub fn place(layout: &mut Layout, tasks: usize) -> Result<Self, Error> {
        if tasks > MAX_TASKS {
            return Err(ErrorKind::TooManyTasks { maximum: MAX_TASKS }.error());
        }
        let heads = |layout: &mut Layout, name, count: usize| {
            layout
                .area(name, (count * size_of::<Head>()) as u32)
                .offset()
        };
        Ok(Self {
            tick: layout.object("tick"),
            current: layout.object::<u32>("current task").cast(),
            ready: Offset::new(heads(layout, "ready lists", PRIORITIES)),
            delayed: Offset::new(heads(layout, "delay lists", 2)),
            notified: Offset::new(heads(layout, "wait list of notifications", 1)),
            op_log: layout.area("operation log", OpLog::bytes_for(OPERATIONS)),
            follow_up: layout.area("follow-up", FOLLOW_UP_BYTES),
            kernel_log: layout.area("kernel undo log", KERNEL_LOG_BYTES),
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

    #[inline]
    pub(crate) fn ready(&self, priority: Priority) -> Result<Offset<Head>, Error> {
        self.ready.element(usize::from(priority.0)).ok_or(
            ErrorKind::NoSuchPriority {
                priority: priority.0,
            }
            .error(),
        )
    }

    /// The list of the tasks that sleep until a tick in the lower or the upper half of a `u32`.
    #[inline]
    pub(crate) const fn delayed(&self, half: Half) -> Offset<Head> {
        Offset::new(self.delayed.get() + half as u32 * size_of::<Head>() as u32)
    }

    #[inline]
    pub(crate) fn task(&self, task: TaskIndex) -> Result<TaskAt, Error> {
        Ok(self.at(self.distance(task)?))
    }

    /// How many bytes behind that of the first task a task's control block lies.
    #[inline]
    pub(crate) fn distance(&self, task: TaskIndex) -> Result<u32, Error> {
        if task.0 >= self.task_count {
            return Err(ErrorKind::NoSuchTask { index: task.0 }.error());
        }
        Ok(u32::from(task.0) * CONTROL_BLOCK_BYTES)
    }

    /// The control block of the first task, where there is one.
    pub(crate) const fn first(&self) -> TaskAt {
        self.at(0)
    }

    /// That of the last one.
    pub(crate) fn last(&self) -> TaskAt {
        self.at(u32::from(self.task_count.saturating_sub(1)) * CONTROL_BLOCK_BYTES)
    }

    #[inline]
    const fn at(&self, distance: u32) -> TaskAt {
        TaskAt(Offset::new(self.tasks.get() + distance))
    }
}

const CONTROL_BLOCK_BYTES: u32 = size_of::<ControlBlock>() as u32;

/// Tells where a task's logs and tables lie: a function of the program's, and what it is to be called with.
#[derive(Debug, Clone, Copy)]
pub struct ThreadPlaces {
    /// Passed to `find`: where the first thread begins.
    pub base: u32,
    /// Finds a task's areas; `None` where there is no such task.
    pub find: fn(u32, TaskIndex) -> Option<ThreadAreas>,
}

impl ThreadPlaces {
    /// No task has any.
    pub const NONE: Self = Self {
        base: 0,
        find: |_, _| None,
    };

    pub(crate) fn of(&self, task: TaskIndex) -> Result<ThreadAreas, Error> {
        (self.find)(self.base, task).ok_or(ErrorKind::NoSuchTask { index: task.0 }.error())
    }
}
