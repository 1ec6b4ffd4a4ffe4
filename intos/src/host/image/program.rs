//! The layout of a program, without its type: what an image has to be read with.

use intos_sched::{SchedulerAreas, TaskIndex};
use nvm_core::{Area, Layout};
use replay::ThreadAreas;

use crate::board::Board;
use crate::kernel::{BootError, Plan};
use crate::placed::{Placed, PlacedKind};
use crate::placement::{Placement, Purpose};
use crate::program::{Instances, Program};
use crate::table::{self, TaskTable};

/// Where everything of a program lies, and what it is called.
#[derive(Debug, Clone)]
pub struct ProgramLayout {
    pub(super) name: &'static str,
    pub(super) version: u32,
    pub(super) layout: Layout,
    pub(super) scheduler: SchedulerAreas,
    pub(super) table: TaskTable,
    pub(super) slots: Vec<SlotLayout>,
    pub(super) objects: Vec<Placed>,
}

/// A task of a program, or a slot for one that is created.
#[derive(Debug, Clone)]
pub(super) struct SlotLayout {
    pub(super) task: TaskIndex,
    /// Its name, with the slot's number where several have the same.
    pub(super) name: String,
    pub(super) areas: ThreadAreas,
    pub(super) whole: Area,
    /// Whether tasks are created in the slot.
    pub(super) created: bool,
}

/// A place of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// First byte.
    pub offset: u32,
    /// Bytes.
    pub bytes: u32,
    /// What lies there.
    pub kind: &'static str,
    /// What it is called.
    pub name: String,
}

impl ProgramLayout {
    /// The layout of a program. Only its table of tasks and its `place` are asked: no board is needed, but its type.
    ///
    /// # Errors
    ///
    /// Where the program's table is wrong.
    pub fn of<B: Board, P: Program<B>>() -> Result<Self, BootError> {
        let plan = Plan::<B, P>::make()?;
        let table = TaskTable::of::<B, P>(plan.threads);
        let mut placement = Placement::<B::Nvm>::new(plan.before_objects, Purpose::Plan);
        P::place(&mut placement)?;
        let (objects, layout) = placement.into_placed();
        let mut slots = Vec::new();
        for task in (0..plan.scheduler.task_count()).map(TaskIndex) {
            let slot = table.slot(task)?;
            let areas = *slot.areas();
            let created = table::entry_of::<B, P>(task)
                .is_some_and(|entry| entry.instances != Instances::One);
            let is_shared = created
                || (0..plan.scheduler.task_count()).any(|other| {
                    let other = TaskIndex(other);
                    other != task && table.slot(other).is_ok_and(|other| other.name == slot.name)
                });
            let begin = areas.log().offset();
            let end = slot.argument.offset() + (slot.argument.len().saturating_add(3) & !3);
            slots.push(SlotLayout {
                task,
                name: if is_shared {
                    format!("{} (slot {})", slot.name, task.0)
                } else {
                    slot.name.to_owned()
                },
                areas,
                whole: Area::new(begin, end.saturating_sub(begin)),
                created,
            });
        }
        Ok(Self {
            name: P::NAME,
            version: P::VERSION,
            layout,
            scheduler: plan.scheduler,
            table,
            slots,
            objects,
        })
    }

    /// The program's name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The version of the program's layout.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// What images of the program are recognised by.
    pub const fn fingerprint(&self) -> u32 {
        self.layout.fingerprint()
    }

    /// Bytes that the program needs.
    pub const fn bytes(&self) -> u32 {
        self.layout.size()
    }

    /// Everything that is placed, in order.
    pub fn places(&self) -> Vec<Place> {
        let place = |area: Area, kind, name: &str| Place {
            offset: area.offset(),
            bytes: area.len(),
            kind,
            name: name.to_owned(),
        };
        let header = Area::new(0, nvm_core::HEADER_BYTES);
        let mut places = vec![place(header, "header", "region")];
        let kernel = self.scheduler.parts();
        places.extend(
            kernel
                .iter()
                .map(|(name, area)| place(*area, "kernel", name)),
        );
        places.extend(self.slots.iter().map(|slot| {
            let block = self.scheduler.control_block(slot.task);
            place(block, "control block", &slot.name)
        }));
        places.extend(
            self.slots
                .iter()
                .map(|slot| place(slot.whole, "thread", &slot.name)),
        );
        places.extend(self.objects.iter().map(|object| {
            let area = Area::new(object.offset, object.bytes);
            place(area, object.kind.name(), &object.name)
        }));
        places
    }

    /// The heaps.
    pub(super) fn heaps(&self) -> impl Iterator<Item = (&Placed, nvm_alloc::Heap)> {
        self.objects.iter().filter_map(|object| match object.kind {
            PlacedKind::Heap(Some(heap)) => Some((object, heap)),
            _ => None,
        })
    }
}
