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

use core::mem::offset_of;

use nvm_core::{Area, Class, Layout, Offset, RawOffset, ablation};
use nvm_list::{Head, List, NodeRef, OpLog};
use nvm_tx::LOG_HEADER_BYTES;
use replay::ThreadAreas;

use crate::error::{Error, ErrorKind};
use crate::follow_up::{FOLLOW_UP_BYTES, FollowUpRecord};
use crate::task::{ControlBlock, Priority, TaskAt, TaskIndex};
use crate::time::Half;

/// How many priorities there are.
pub const PRIORITIES: usize = 8;
/// The most tasks.
pub const MAX_TASKS: usize = 64;
/// The most list operations of one system call.
pub(crate) const OPERATIONS: usize = 4;
/// Bytes of the entries of the kernel's own undo log.
const KERNEL_LOG_BYTES: RawOffset = LOG_HEADER_BYTES + 48 + ablation::MORE_KERNEL_LOG_BYTES;

/// No task runs.
pub(crate) const NO_TASK: u8 = 0xFF;

/// Where each part of the kernel's state lies.
pub(crate) struct Places {
    pub(crate) tick: Offset<[u32; 2]>,
    pub(crate) current: Offset<u8>,
    pub(crate) ready: Offset<[Head; PRIORITIES]>,
    pub(crate) delayed: Offset<[Head; 2]>,
    pub(crate) notified: Offset<Head>,
    pub(crate) op_log: Area,
    pub(crate) follow_up: Area,
    pub(crate) kernel_log: Area,
    /// The control block of the first task.
    pub(crate) tasks: TaskAt,
}

/// The kernel's state comes first in its region: so it is known when the program is built where all of it lies, and no
/// address has to be loaded, compared or found out to be aligned.
pub(crate) const PLACES: Places = Places::place(&mut Layout::new("", 0));

/// The log of all list operations.
pub(crate) const OP_LOG: OpLog = match OpLog::open(PLACES.op_log, Class::Kernel) {
    Ok(log) => log,
    Err(_) => panic!("the operation log is too small"),
};

/// The record of the follow-up.
pub(crate) const FOLLOW_UP: FollowUpRecord = FollowUpRecord::at(PLACES.follow_up);

/// The list whose head lies at an offset.
const fn list(head: RawOffset) -> List {
    match List::at(Offset::new(head)) {
        Ok(list) => list,
        Err(_) => panic!("a list is out of reach"),
    }
}

/// The ready list of the least urgent tasks; those of the more urgent ones lie behind it.
const READY: List = list(PLACES.ready.get());
/// The first delay list.
const DELAYED: List = list(PLACES.delayed.get());
/// The wait list of the tasks that wait to be notified.
pub(crate) const NOTIFIED: List = list(PLACES.notified.get());
/// Bytes from one list's head to the next one.
const HEAD_BYTES: RawOffset = size_of::<Head>() as RawOffset;

/// A node of the first task.
const fn node(offset: usize) -> NodeRef {
    match NodeRef::at(Offset::new(PLACES.tasks.0.get() + offset as RawOffset)) {
        Ok(node) => node,
        Err(_) => panic!("a node is out of reach"),
    }
}

/// The state node of the first task, and its event node; those of the others lie behind them.
const NODES: [NodeRef; 2] = [
    node(offset_of!(ControlBlock, state)),
    node(offset_of!(ControlBlock, event)),
];
// Where those of the last task are within reach, those of all tasks are.
const _: NodeRef =
    node(offset_of!(ControlBlock, event) + (MAX_TASKS - 1) * size_of::<ControlBlock>());

impl Places {
    const fn place(layout: &mut Layout) -> Self {
        Self {
            tick: layout.object("tick"),
            current: layout.object::<u32>("current task").cast(),
            ready: Offset::new(heads(layout, "ready lists", PRIORITIES)),
            delayed: Offset::new(heads(layout, "delay lists", 2)),
            notified: Offset::new(heads(layout, "wait list of notifications", 1)),
            op_log: layout.area("operation log", OpLog::bytes_for(OPERATIONS)),
            follow_up: layout.area("follow-up", FOLLOW_UP_BYTES),
            kernel_log: layout.area("kernel undo log", KERNEL_LOG_BYTES),
            tasks: TaskAt(Offset::new(layout.size())),
        }
    }
}

const fn heads(layout: &mut Layout, name: &str, count: usize) -> RawOffset {
    layout
        .area(name, (count * size_of::<Head>()) as RawOffset)
        .offset()
}

/// Where the kernel's state lies: at the beginning of its region.
#[derive(Debug, Clone, Copy)]
pub struct SchedulerAreas {
    task_count: u8,
}

impl SchedulerAreas {
    /// Places the state of a kernel with so many tasks.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooManyTasks`]; [`ErrorKind::NotFirst`] where something was placed before it.
    pub const fn place(layout: &mut Layout, tasks: usize) -> Result<Self, Error> {
        let _ = Places::place(layout);
        Self::place_tasks(layout, tasks)
    }

    /// Places what does not depend on the number of tasks, in a layout that is empty: a constant of the program's.
    pub const fn begin(mut layout: Layout) -> Layout {
        let _ = Places::place(&mut layout);
        layout
    }

    /// Places the rest, behind what [`begin`](SchedulerAreas::begin) has placed.
    ///
    /// # Errors
    ///
    /// As [`place`](SchedulerAreas::place).
    pub const fn place_tasks(layout: &mut Layout, tasks: usize) -> Result<Self, Error> {
        if tasks > MAX_TASKS {
            return Err(ErrorKind::TooManyTasks { maximum: MAX_TASKS }.error());
        }
        if layout.size() != PLACES.tasks.0.get() {
            return Err(ErrorKind::NotFirst {
                offset: layout.size(),
            }
            .error());
        }
        let _ = layout.area("tasks", (tasks * size_of::<ControlBlock>()) as RawOffset);
        Ok(Self {
            task_count: tasks as u8,
        })
    }

    /// How many tasks there are.
    pub const fn task_count(&self) -> u8 {
        self.task_count
    }

    #[inline]
    pub(crate) const fn task(self, task: TaskIndex) -> Result<TaskAt, Error> {
        match self.distance(task) {
            Ok(distance) => Ok(PLACES.tasks.behind(distance)),
            Err(error) => Err(error),
        }
    }

    #[inline]
    pub(crate) const fn state_node(self, task: TaskIndex) -> Result<NodeRef, Error> {
        match self.distance(task) {
            Ok(distance) => Ok(NODES[0].behind(distance)),
            Err(error) => Err(error),
        }
    }

    #[inline]
    pub(crate) const fn event_node(self, task: TaskIndex) -> Result<NodeRef, Error> {
        match self.distance(task) {
            Ok(distance) => Ok(NODES[1].behind(distance)),
            Err(error) => Err(error),
        }
    }

    /// How many bytes behind that of the first task a task's control block lies.
    // Where a `usize` has 16 bits text counts most, and to multiply is a call anyway.
    #[cfg_attr(target_pointer_width = "16", inline(never))]
    #[cfg_attr(not(target_pointer_width = "16"), inline)]
    const fn distance(self, task: TaskIndex) -> Result<RawOffset, Error> {
        if task.0 >= self.task_count {
            return Err(ErrorKind::NoSuchTask { index: task.0 }.error());
        }
        Ok(task.0 as RawOffset * CONTROL_BLOCK_BYTES)
    }
}

/// The list of the tasks that are ready with a priority.
#[inline]
pub(crate) const fn ready_list(priority: Priority) -> Result<List, Error> {
    if priority.0 as usize >= PRIORITIES {
        return Err(ErrorKind::NoSuchPriority {
            priority: priority.0,
        }
        .error());
    }
    Ok(ready_list_at(priority.0))
}

/// The same, of a priority that there is.
#[inline]
pub(crate) const fn ready_list_at(priority: u8) -> List {
    READY.behind(priority as RawOffset * HEAD_BYTES)
}

/// Which priority's ready list a list is, if it is one.
pub(crate) const fn priority_of_ready_list(list: List) -> Option<Priority> {
    let distance = list.head().get().wrapping_sub(READY.head().get());
    if distance < PRIORITIES as RawOffset * HEAD_BYTES {
        Some(Priority((distance / HEAD_BYTES) as u8))
    } else {
        None
    }
}

/// The list of the tasks that sleep until a tick in the lower or the upper half of a `u32`.
#[inline]
pub(crate) const fn delayed(half: Half) -> List {
    DELAYED.behind(half as RawOffset * HEAD_BYTES)
}

const CONTROL_BLOCK_BYTES: RawOffset = size_of::<ControlBlock>() as RawOffset;

/// Tells where a task's logs and tables lie: a function of the program's, and what it is to be called with.
#[derive(Debug, Clone, Copy)]
pub struct ThreadPlaces {
    /// Passed to `find`: where the first thread begins.
    pub base: RawOffset,
    /// Finds a task's areas; `None` where there is no such task.
    pub find: fn(RawOffset, TaskIndex) -> Option<ThreadAreas>,
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
