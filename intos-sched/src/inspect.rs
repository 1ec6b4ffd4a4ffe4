//! The kernel's state as it stands in an image, for tools: reads, and stores nothing.

use nvm_core::{Area, Nvm, Offset, RawOffset, narrowed, of_words};
use nvm_list::inspect::OpLogView;
use nvm_list::{Head, List, Node, NodeRef};

use crate::areas::{self, NO_TASK, NOTIFIED, OP_LOG, PLACES, PRIORITIES, SchedulerAreas};
use crate::error::Error;
use crate::follow_up::{Fields, FollowUp, IN_FORCE, NOTHING};
use crate::mutex::{MUTEX_LABEL, MutexBlock};
use crate::scheduler::{KERNEL, Scheduler};
use crate::task::{ControlBlock, Settings, TaskIndex};
use crate::time::{self, Half};
use crate::work::WaitClass;

pub use crate::mutex::inspect::MutexView;

/// In place of a task's index: no task runs.
pub const NOBODY_RUNS: u8 = NO_TASK;

impl SchedulerAreas {
    /// What the kernel has besides its control blocks, in order, with its names.
    pub fn parts(&self) -> [(&'static str, Area); 8] {
        let of = |name, at: RawOffset, len: usize| (name, Area::new(at, len as RawOffset));
        let heads = |count: usize| count * size_of::<Head>();
        [
            of("tick", PLACES.tick.get(), 8),
            of("current task", PLACES.current.get(), 4),
            of("ready lists", PLACES.ready.get(), heads(PRIORITIES)),
            of("delay lists", PLACES.delayed.get(), heads(2)),
            of(
                "wait list of notifications",
                PLACES.notified.get(),
                heads(1),
            ),
            ("operation log", PLACES.op_log),
            ("follow-up", PLACES.follow_up),
            ("undo log", PLACES.kernel_log),
        ]
    }

    /// Where a task's control block lies.
    pub fn control_block(&self, task: TaskIndex) -> Area {
        let bytes = size_of::<ControlBlock>() as RawOffset;
        let at = PLACES.tasks.0.get() + RawOffset::from(task.0) * bytes;
        Area::new(at, bytes)
    }

    /// The undo log of the kernel's own transactions.
    pub const fn kernel_log(&self) -> Area {
        PLACES.kernel_log
    }

    /// Where the index of the running task lies.
    pub const fn current_at(&self) -> RawOffset {
        PLACES.current.get()
    }

    /// Where the cells of even and of odd ticks lie.
    pub const fn tick_at(&self) -> RawOffset {
        PLACES.tick.get()
    }

    /// The list of the tasks that are ready with a priority.
    ///
    /// # Errors
    ///
    /// Where there is no such priority.
    pub fn ready_list(&self, priority: u8) -> Result<List, Error> {
        areas::ready_list(crate::Priority(priority))
    }

    /// The lists of those who sleep until a tick in the lower and in the upper half of the range.
    pub const fn delay_lists(&self) -> [List; 2] {
        [areas::delayed(Half::Lower), areas::delayed(Half::Upper)]
    }

    /// The list of those who wait to be notified.
    pub const fn notification_list(&self) -> List {
        NOTIFIED
    }
}

/// Where the fields of a control block lie, and what is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskView {
    /// Where the control block lies.
    pub at: RawOffset,
    /// In a ready list, a delay list, or in none.
    pub state: NodeRef,
    /// In the wait list of what the task waits for, or in none.
    pub event: NodeRef,
    /// Where the result of its blocked system call goes.
    pub result_at: RawOffset,
    /// Its notification value.
    pub notification: u32,
    /// The byte of its settings.
    pub settings: u8,
    /// Its own priority.
    pub base: u8,
    /// Whether a notification is pending.
    pub is_notified: bool,
    /// Whether it is suspended.
    pub is_suspended: bool,
    /// Its priority: its own, or an inherited one.
    pub priority: u8,
    /// How often a task was created in its slot.
    pub generation: u16,
    /// Where the first one lies of the contended mutexes that it holds; 0: none.
    pub held: RawOffset,
    /// Bytes that are not used: 0.
    pub unused: u16,
}

impl TaskView {
    /// Bits of the settings that are not used.
    pub const UNUSED_SETTINGS: u8 = 0x30;

    /// Reads a control block.
    ///
    /// # Errors
    ///
    /// Where there is no such task, or it does not lie in the NVM.
    pub fn load<N: Nvm>(nvm: &N, areas: &SchedulerAreas, task: TaskIndex) -> Result<Self, Error> {
        let at = areas.task(task)?;
        let block: ControlBlock = nvm.load(at.0)?;
        let settings = Settings(block.settings);
        let node = |node: Offset<Node>| NodeRef::at(node);
        Ok(Self {
            at: at.0.get(),
            state: node(at.state())?,
            event: node(at.event())?,
            result_at: narrowed(block.result_at),
            notification: block.notification,
            settings: block.settings,
            base: settings.base().0,
            is_notified: settings.is_notified(),
            is_suspended: settings.is_suspended(),
            priority: block.priority,
            generation: block.generation,
            held: of_words(block.held),
            unused: block.unused,
        })
    }

    /// Where a field lies, from the beginning of a control block.
    pub const RESULT_AT: RawOffset = core::mem::offset_of!(ControlBlock, result_at) as RawOffset;
    /// The same of the settings.
    pub const SETTINGS_AT: RawOffset = core::mem::offset_of!(ControlBlock, settings) as RawOffset;
    /// The same of the priority.
    pub const PRIORITY_AT: RawOffset = core::mem::offset_of!(ControlBlock, priority) as RawOffset;
    /// The same of the generation.
    pub const GENERATION_AT: RawOffset =
        core::mem::offset_of!(ControlBlock, generation) as RawOffset;
    /// The same of the first held mutex.
    pub const HELD_AT: RawOffset = core::mem::offset_of!(ControlBlock, held) as RawOffset;
    /// The same of what is not used.
    pub const UNUSED_AT: RawOffset = core::mem::offset_of!(ControlBlock, unused) as RawOffset;
}

/// The key in a wait list of a task with a priority: `looks` where it is one of those who only look.
pub const fn wait_key(looks: bool, priority: u8) -> u32 {
    let class = if looks {
        WaitClass::Onlookers
    } else {
        WaitClass::Takers
    };
    class.key(priority)
}

/// Whether a tick lies in the half of the range whose delay list is the second one.
pub const fn is_upper_half(tick: u32) -> bool {
    matches!(Half::of(tick), Half::Upper)
}

/// Whether a tick has come.
pub const fn has_come(tick: u32, now: u32) -> bool {
    time::has_come(tick, now)
}

/// What a follow-up's record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FollowUpView {
    /// Where the byte of the kind lies.
    pub at: RawOffset,
    /// That byte; 0: nothing to do.
    pub kind: u8,
    /// The commit that puts it in force; `None`: it is.
    pub tag: Option<u16>,
    /// What is to be done; `None` where the record tells nothing that there is.
    pub work: Option<FollowUp>,
}

/// Whose commit a tag names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagOwner {
    /// The kernel's own.
    Kernel,
    /// A task's.
    Task(TaskIndex),
}

/// The commit that a tag names: its sequence number, and whose log it is in.
pub const fn tag_parts(tag: u16) -> (u8, TagOwner) {
    let [sequence, owner] = tag.to_le_bytes();
    let owner = match owner {
        KERNEL => TagOwner::Kernel,
        task => TagOwner::Task(TaskIndex(task)),
    };
    (sequence, owner)
}

impl<N: Nvm + Copy> Scheduler<N> {
    /// What the log of list operations holds.
    ///
    /// # Errors
    ///
    /// Where it does not lie in the NVM.
    pub fn list_work(&self) -> Result<OpLogView, Error> {
        Ok(OP_LOG.view(self.nvm())?)
    }

    /// Where the state byte of that log lies.
    pub fn list_work_at(&self) -> RawOffset {
        OP_LOG.state_offset()
    }

    /// What is left to do after a commit; `None`: nothing.
    ///
    /// # Errors
    ///
    /// Where it does not lie in the NVM.
    pub fn follow_up_view(&self) -> Result<Option<FollowUpView>, Error> {
        let area = PLACES.follow_up;
        let end = area.offset() + area.len();
        let kind = self.nvm().read_u8(end - 1)?;
        if kind == NOTHING {
            return Ok(None);
        }
        let work = FollowUp::from_fields(Fields {
            kind,
            a: self.nvm().read_u16(end - 5)?,
            b: self.nvm().read_u16(end - 7)?,
            c: self.nvm().read_u32(end - 11)?,
        });
        let tag = if kind & IN_FORCE == 0 {
            Some(self.nvm().read_u16(end - 3)?)
        } else {
            None
        };
        Ok(Some(FollowUpView {
            at: end - 1,
            kind,
            tag,
            work,
        }))
    }

    /// Whether the commit that a tag names has come.
    ///
    /// # Errors
    ///
    /// Where the tag names no task, or its log is damaged.
    pub fn has_committed(&self, tag: u16) -> Result<bool, Error> {
        self.is_committed(tag)
    }
}

/// The label of a delay list.
pub const LABEL_OF_DELAYED: u16 = 0xFF;

/// The label of a mutex's wait list, by which it is told from other lists.
pub const LABEL_OF_MUTEX: u16 = MUTEX_LABEL;

/// Bytes of a mutex.
pub const MUTEX_BYTES: RawOffset = size_of::<MutexBlock>() as RawOffset;
