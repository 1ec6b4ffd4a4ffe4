//! The program's table of tasks, as the kernel sees it: which slot belongs to which entry, and where its logs
//! and tables lie.
//!
//! An entry has one slot, or as many as there can be tasks of its kind. The threads' areas follow each other in
//! the order of the slots; behind each one the argument of a task that is created.

use intos_sched::{Error, ErrorKind, MAX_TASKS, PRIORITIES, Priority, TaskIndex, ThreadPlaces};
use nvm_core::{Area, Layout, RawOffset};
use replay::ThreadAreas;

use crate::board::Board;
use crate::program::{Instances, Program, TaskEntry};

/// What the kernel must know of a program's tasks, without its type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskTable {
    pub(crate) threads: ThreadPlaces,
    slot: fn(RawOffset, TaskIndex) -> Option<Slot>,
    slots: fn(usize) -> Option<Slots>,
    named: fn(&str) -> Option<TaskIndex>,
}

/// A slot of a task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) entry: usize,
    pub(crate) name: &'static str,
    pub(crate) argument: Area,
    areas: ThreadAreas,
}

/// The slots for the tasks of a kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slots {
    pub(crate) first: u8,
    pub(crate) count: u8,
    pub(crate) priority: Priority,
    pub(crate) argument_bytes: RawOffset,
}

impl Slot {
    /// Where its logs and tables lie.
    pub(crate) const fn areas(&self) -> &ThreadAreas {
        &self.areas
    }
}

impl TaskTable {
    /// The table of a program whose first thread begins at `base`.
    pub(crate) fn of<B: Board, P: Program<B>>(base: RawOffset) -> Self {
        Self {
            threads: ThreadPlaces {
                base,
                find: |base, task| Some(slot_of::<B, P>(base, task)?.areas),
            },
            slot: slot_of::<B, P>,
            slots: slots_of::<B, P>,
            named: named::<B, P>,
        }
    }

    pub(crate) fn slot(&self, task: TaskIndex) -> Result<Slot, Error> {
        (self.slot)(self.threads.base, task).ok_or(ErrorKind::NoSuchTask { index: task.0 }.error())
    }

    /// The slots of the kind whose entry has an index.
    pub(crate) fn slots(&self, entry: usize) -> Option<Slots> {
        (self.slots)(entry)
    }

    /// The first slot of the entry with a name.
    pub(crate) fn named(&self, name: &str) -> Option<TaskIndex> {
        (self.named)(name)
    }
}

/// Places all threads, and answers how many slots there are.
pub(crate) fn place_threads<B: Board, P: Program<B>>(layout: &mut Layout) {
    each_slot::<B, P, _>(|_, entry, _| {
        let _ = layout.area(entry.name, slot_bytes(entry));
        None::<()>
    });
}

/// How many slots there are.
pub(crate) fn count_slots<B: Board, P: Program<B>>() -> Result<usize, Error> {
    let mut slots = 0;
    let mut index = 0;
    while let Some(entry) = P::task(index) {
        if usize::from(entry.priority.0) >= PRIORITIES {
            return Err(ErrorKind::NoSuchPriority {
                priority: entry.priority.0,
            }
            .error());
        }
        slots += instances(&entry);
        if slots > MAX_TASKS {
            return Err(ErrorKind::TooManyTasks { maximum: MAX_TASKS }.error());
        }
        index += 1;
        if index > MAX_TASKS {
            return Err(ErrorKind::TooManyTasks { maximum: MAX_TASKS }.error());
        }
    }
    Ok(slots)
}

/// The entry of a task.
pub(crate) fn entry_of<B: Board, P: Program<B>>(task: TaskIndex) -> Option<TaskEntry<B, P>> {
    P::task(index_of::<B, P>(task)?)
}

/// The priority with which a task is ready at the first boot, if it is.
pub(crate) fn first_priority<B: Board, P: Program<B>>(task: TaskIndex) -> Option<Priority> {
    let entry = entry_of::<B, P>(task)?;
    (entry.instances == Instances::One).then_some(entry.priority)
}

fn index_of<B: Board, P: Program<B>>(task: TaskIndex) -> Option<usize> {
    each_slot::<B, P, _>(|slot, _, index| (slot == task.0).then_some(index))
}

fn slot_of<B: Board, P: Program<B>>(base: RawOffset, task: TaskIndex) -> Option<Slot> {
    let mut at = base;
    each_slot::<B, P, _>(|slot, entry, index| {
        let bytes = entry.tables.bytes();
        if slot == task.0 {
            return Some(Slot {
                entry: index,
                name: entry.name,
                areas: ThreadAreas::split(Area::new(at, bytes), &entry.tables),
                argument: Area::new(at.saturating_add(bytes), argument_bytes(entry)),
            });
        }
        at = at.saturating_add(slot_bytes(entry));
        None
    })
}

fn slots_of<B: Board, P: Program<B>>(wanted: usize) -> Option<Slots> {
    each_slot::<B, P, _>(|slot, entry, index| match entry.instances {
        Instances::Created {
            most,
            argument_bytes,
        } if index == wanted => Some(Slots {
            first: slot,
            count: most,
            priority: entry.priority,
            argument_bytes,
        }),
        _ => None,
    })
}

fn named<B: Board, P: Program<B>>(name: &str) -> Option<TaskIndex> {
    each_slot::<B, P, _>(|slot, entry, _| (entry.name == name).then_some(TaskIndex(slot)))
}

/// Tells `each` the bytes of the stacks of all slots before one, in order.
#[cfg(any(
    all(feature = "cortex-m", target_arch = "arm", target_os = "none"),
    all(feature = "msp430", target_arch = "msp430"),
))]
pub(crate) fn each_stack_before<B: Board, P: Program<B>>(
    task: TaskIndex,
    mut each: impl FnMut(usize),
) {
    if task.0 == 0 {
        return;
    }
    each_slot::<B, P, ()>(|slot, entry, _| {
        each(entry.stack_bytes);
        (slot + 1 == task.0).then_some(())
    });
}

/// Goes over all slots, with their entries and these one's indices, until `each` answers something.
fn each_slot<B: Board, P: Program<B>, R>(
    mut each: impl FnMut(u8, &TaskEntry<B, P>, usize) -> Option<R>,
) -> Option<R> {
    let mut slot: u8 = 0;
    for index in 0..MAX_TASKS {
        let entry = P::task(index)?;
        for _ in 0..instances(&entry) {
            if let Some(answer) = each(slot, &entry, index) {
                return Some(answer);
            }
            // `count_slots` has refused a table with more of them than a byte counts.
            slot = slot.wrapping_add(1);
        }
    }
    None
}

fn instances<B: Board, P>(entry: &TaskEntry<B, P>) -> usize {
    match entry.instances {
        Instances::One => 1,
        Instances::Created { most, .. } => most.into(),
    }
}

fn argument_bytes<B: Board, P>(entry: &TaskEntry<B, P>) -> RawOffset {
    match entry.instances {
        Instances::One => 0,
        Instances::Created { argument_bytes, .. } => argument_bytes,
    }
}

fn slot_bytes<B: Board, P>(entry: &TaskEntry<B, P>) -> RawOffset {
    let argument = argument_bytes(entry).saturating_add(3) & !3;
    entry.tables.bytes().saturating_add(argument)
}
