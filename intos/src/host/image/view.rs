//! An image, looked at with a program's layout: its tasks, its lists, and what lies where.

use std::collections::BTreeMap;

use intos_ipc::inspect::EventGroupView;
use intos_ipc::inspect::{BufferView, QueueView, SemaphoreView, TimerView, TimersView};
use intos_sched::inspect::{LABEL_OF_MUTEX, MUTEX_BYTES, MutexView, TaskView};
use intos_sched::{Error, PRIORITIES, Scheduler, TaskIndex};
use nvm_core::Offset;
use nvm_list::{List, NodeRef};
use replay::inspect::ThreadView;

use super::program::{ProgramLayout, SlotLayout};
use super::text::hex;
use super::walk::{Walk, walk};
use crate::placed::{Placed, PlacedKind};
use nvm_core::image::Memory;

/// An image that is long enough for a program's layout.
pub(super) struct View<'a> {
    pub(super) nvm: &'a Memory,
    pub(super) program: &'a ProgramLayout,
    pub(super) scheduler: Scheduler<&'a Memory>,
    pub(super) tasks: Vec<TaskSlot<'a>>,
    pub(super) lists: Vec<KnownList>,
    /// Timers, by where their links lie.
    pub(super) timers: BTreeMap<u32, &'a Placed>,
}

/// A task's slot, and what is stored of it.
pub(super) struct TaskSlot<'a> {
    pub(super) task: TaskIndex,
    pub(super) layout: &'a SlotLayout,
    pub(super) block: TaskView,
    pub(super) thread: ThreadView,
}

/// A list, and what should be in it.
#[derive(Debug, Clone)]
pub(super) struct KnownList {
    pub(super) name: String,
    pub(super) list: List,
    pub(super) kind: ListKind,
    pub(super) walk: Walk,
}

/// What a list is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListKind {
    /// The tasks that are ready with a priority.
    Ready(u8),
    /// The tasks that sleep until a tick: whether in the upper half of the range.
    Delayed { upper: bool },
    /// The tasks that wait for something.
    Waiting,
    /// The running timers of the service that lies there.
    Timers { service: u32, upper: bool },
}

impl<'a> View<'a> {
    /// Looks at an image.
    ///
    /// # Errors
    ///
    /// Where it is too short for the layout, or the layout out of the links' reach.
    pub(super) fn of(nvm: &'a Memory, program: &'a ProgramLayout) -> Result<Self, Error> {
        let threads = program.table.threads;
        let scheduler = Scheduler::open(nvm, program.scheduler, threads, intos_ipc::follow_ups());
        let mut tasks = Vec::new();
        for slot in &program.slots {
            tasks.push(TaskSlot {
                task: slot.task,
                layout: slot,
                block: TaskView::load(&nvm, &program.scheduler, slot.task)?,
                thread: ThreadView::load(&nvm, &slot.areas)?,
            });
        }
        let mut view = Self {
            nvm,
            program,
            scheduler,
            tasks,
            lists: Vec::new(),
            timers: BTreeMap::new(),
        };
        for object in &program.objects {
            if matches!(object.kind, PlacedKind::Timer { .. }) {
                let timer = TimerView::load(&nvm, object.offset)?;
                view.timers.insert(timer.node.links_at(), object);
            }
        }
        for (name, list, kind) in view.placed_lists()? {
            view.add_list(name, list, kind);
        }
        view.add_shared_mutexes();
        Ok(view)
    }

    /// Adds a list, and walks it.
    fn add_list(&mut self, name: String, list: List, kind: ListKind) {
        let walk = walk(&self.nvm, list, |links_at| self.is_node(kind, links_at));
        self.lists.push(KnownList {
            name,
            list,
            kind,
            walk,
        });
    }

    /// Whether the links of a node of such a list lie there.
    fn is_node(&self, kind: ListKind, links_at: u32) -> bool {
        match kind {
            ListKind::Ready(_) | ListKind::Delayed { .. } => self.task_of_state(links_at).is_some(),
            ListKind::Waiting => self.task_of_event(links_at).is_some(),
            ListKind::Timers { service, .. } => self
                .timers
                .get(&links_at)
                .is_some_and(|timer| is_of_service(timer, service)),
        }
    }

    /// The lists of the kernel, and of the objects that are placed.
    fn placed_lists(&self) -> Result<Vec<(String, List, ListKind)>, Error> {
        let mut lists = Vec::new();
        let areas = &self.program.scheduler;
        for priority in 0..PRIORITIES as u8 {
            let name = format!("ready list {priority}");
            lists.push((name, areas.ready_list(priority)?, ListKind::Ready(priority)));
        }
        let [lower, upper] = areas.delay_lists();
        for (list, upper, half) in [(lower, false, "lower"), (upper, true, "upper")] {
            let name = format!("delay list of the {half} half");
            lists.push((name, list, ListKind::Delayed { upper }));
        }
        let name = "wait list of notifications".to_owned();
        lists.push((name, areas.notification_list(), ListKind::Waiting));
        for object in &self.program.objects {
            let title = title(object);
            let mut waiting = |what: &str, list| {
                lists.push((format!("{title}: {what}"), list, ListKind::Waiting));
            };
            match object.kind {
                PlacedKind::Queue { .. } => {
                    let queue = QueueView::load(&self.nvm, object.offset)?;
                    waiting("receivers", queue.receivers);
                    waiting("senders", queue.senders);
                }
                PlacedKind::Semaphore { .. } => {
                    let semaphore = SemaphoreView::load(&self.nvm, object.offset)?;
                    waiting("wait list", semaphore.waiting);
                }
                PlacedKind::Mutex { .. } => {
                    let mutex = MutexView::load(&self.nvm, object.offset)?;
                    waiting("wait list", mutex.waiting);
                }
                PlacedKind::EventGroup => {
                    let group = EventGroupView::load(&self.nvm, object.offset)?;
                    waiting("wait list", group.waiting);
                }
                PlacedKind::StreamBuffer { .. } | PlacedKind::MessageBuffer { .. } => {
                    let buffer = BufferView::load(&self.nvm, object.offset)?;
                    waiting("reader", buffer.reading);
                    waiting("writer", buffer.writing);
                }
                PlacedKind::Timers => {
                    let timers = TimersView::at(object.offset)?;
                    waiting("serving task", timers.serving);
                    let halves = [(false, "lower"), (true, "upper")];
                    for (list, (upper, half)) in timers.running.into_iter().zip(halves) {
                        let service = object.offset;
                        let name = format!("{title}: running timers of the {half} half");
                        lists.push((name, list, ListKind::Timers { service, upper }));
                    }
                }
                PlacedKind::Object { .. }
                | PlacedKind::Area
                | PlacedKind::Timer { .. }
                | PlacedKind::Heap(_) => {}
            }
        }
        Ok(lists)
    }

    /// Mutexes of shared objects are not placed: they are found by who waits for them, or holds them contended.
    fn add_shared_mutexes(&mut self) {
        let mut found = Vec::new();
        for slot in &self.tasks {
            if let Ok(links) = slot.block.event.links(&self.nvm)
                && links.owner != 0
            {
                found.push(links.owner);
            }
            found.extend(self.held_mutexes(slot).0.iter().map(|mutex| mutex.at));
        }
        found.sort_unstable();
        found.dedup();
        for at in found {
            let is_known = self.lists.iter().any(|known| known.list.head().get() == at);
            if !is_known
                && let Some(name) = self.shared_mutex_name(at)
                && let Ok(list) = List::at(Offset::new(at))
                && list.label(&self.nvm) == Ok(LABEL_OF_MUTEX)
            {
                self.add_list(format!("{name}: wait list"), list, ListKind::Waiting);
            }
        }
    }

    /// The contended mutexes that a task holds, from the last on, and where the chain ends if it does not end well.
    pub(super) fn held_mutexes(&self, slot: &TaskSlot<'_>) -> (Vec<MutexView>, Option<u32>) {
        let mut mutexes: Vec<MutexView> = Vec::new();
        let mut link_at = slot.block.at + TaskView::HELD_AT;
        let mut at = slot.block.held;
        while at != 0 {
            let is_new = mutexes.iter().all(|mutex| mutex.at != at);
            match MutexView::load(&self.nvm, at) {
                Ok(mutex) if is_new && self.mutex_name(at).is_some() => {
                    mutexes.push(mutex);
                    link_at = at + MutexView::NEXT_AT;
                    at = mutex.next;
                }
                _ => return (mutexes, Some(link_at)),
            }
        }
        (mutexes, None)
    }

    /// What a mutex is called, if there can be one at an offset.
    pub(super) fn mutex_name(&self, at: u32) -> Option<String> {
        let placed =
            self.program.objects.iter().find(|object| {
                object.offset == at && matches!(object.kind, PlacedKind::Mutex { .. })
            });
        placed.map(title).or_else(|| self.shared_mutex_name(at))
    }

    /// The task that holds a mutex: not one that has ended, nor one that was created in its slot since.
    pub(super) fn holder_of(&self, mutex: &MutexView) -> Option<&TaskSlot<'a>> {
        if matches!(mutex.owner, MutexView::NOBODY | MutexView::DELETED) {
            return None;
        }
        let slot = self.slot(TaskIndex(mutex.owner))?;
        (slot.block.generation == mutex.generation && !self.has_ended(slot)).then_some(slot)
    }

    /// Whether a recursive mutex is placed at an offset.
    pub(super) fn is_recursive_mutex(&self, at: u32) -> bool {
        self.program.objects.iter().any(|object| {
            object.offset == at && object.kind == PlacedKind::Mutex { recursive: true }
        })
    }

    /// The same of one in a heap's block.
    fn shared_mutex_name(&self, at: u32) -> Option<String> {
        self.program.heaps().find_map(|(object, heap)| {
            // Damage further on is told elsewhere.
            let blocks = heap.blocks(&self.nvm).ok()?;
            let is_block = blocks
                .map_while(Result::ok)
                .any(|block| block.offset == at && block.bytes >= MUTEX_BYTES);
            is_block.then(|| format!("shared object {} in heap {}", hex(at), object.name))
        })
    }

    /// Whether a task is in no list, and not suspended: it has ended, or was never created. Its logs and tables are nobody's
    /// then, and may be in the midst of being formatted for the next one.
    pub(super) fn has_ended(&self, slot: &TaskSlot<'_>) -> bool {
        !slot.block.is_suspended
            && self.owner_of(slot.block.state).is_none()
            && self.owner_of(slot.block.event).is_none()
    }

    /// Whether a slot's logs and tables are a task's: one that has not ended, or that ran last, whose log the next start
    /// looks at.
    pub(super) fn is_in_use(&self, slot: &TaskSlot<'_>) -> bool {
        !self.has_ended(slot) || self.scheduler.current() == Ok(Some(slot.task))
    }

    /// The slots whose logs and tables are a task's.
    pub(super) fn in_use(&self) -> impl Iterator<Item = &TaskSlot<'a>> {
        self.tasks.iter().filter(|slot| self.is_in_use(slot))
    }

    /// The task whose state node's links lie there.
    pub(super) fn task_of_state(&self, links_at: u32) -> Option<&TaskSlot<'a>> {
        self.tasks
            .iter()
            .find(|slot| slot.block.state.links_at() == links_at)
    }

    /// The task whose event node's links lie there.
    pub(super) fn task_of_event(&self, links_at: u32) -> Option<&TaskSlot<'a>> {
        self.tasks
            .iter()
            .find(|slot| slot.block.event.links_at() == links_at)
    }

    /// A task's name; of one that there is not, its number.
    pub(super) fn task_name(&self, task: TaskIndex) -> String {
        self.slot(task)
            .map_or_else(|| format!("task {}", task.0), |slot| slot.name().to_owned())
    }

    /// A task's slot.
    pub(super) fn slot(&self, task: TaskIndex) -> Option<&TaskSlot<'a>> {
        self.tasks.get(usize::from(task.0))
    }

    /// The list whose head lies there.
    pub(super) fn list_at(&self, head: u32) -> Option<&KnownList> {
        self.lists
            .iter()
            .find(|known| known.list.head().get() == head)
    }

    /// The list that a node says that it is in, by where its head lies; `None`: in none.
    pub(super) fn owner_of(&self, node: NodeRef) -> Option<u32> {
        let owner = node.links(&self.nvm).ok()?.owner;
        (owner != 0).then_some(owner)
    }

    /// The names of the tasks in a list.
    pub(super) fn names_in(&self, known: &KnownList) -> Vec<String> {
        let nodes = known.walk.nodes.iter().map(|node| node.links_at());
        nodes
            .filter_map(|links_at| {
                let slot = match known.kind {
                    ListKind::Waiting => self.task_of_event(links_at),
                    _ => self.task_of_state(links_at),
                };
                slot.map(|slot| slot.name().to_owned())
            })
            .collect()
    }

    /// The names of the tasks in the list whose head lies there.
    pub(super) fn names_at(&self, head: u32) -> Vec<String> {
        self.list_at(head)
            .map_or_else(Vec::new, |known| self.names_in(known))
    }

    /// What lies at an offset, in words.
    pub(super) fn place_of(&self, offset: u32) -> String {
        let places = self.program.places();
        let place = places
            .iter()
            .find(|place| offset >= place.offset && offset - place.offset < place.bytes);
        match place {
            Some(place) => format!(
                "{} {}, byte {}",
                place.kind,
                place.name,
                offset - place.offset
            ),
            None => "outside of the layout".to_owned(),
        }
    }
}

impl TaskSlot<'_> {
    pub(super) fn name(&self) -> &str {
        &self.layout.name
    }
}

/// What an object is called.
pub(super) fn title(object: &Placed) -> String {
    format!("{} {}", object.kind.name(), object.name)
}

/// Whether a timer belongs to the service that lies there.
pub(super) const fn is_of_service(timer: &Placed, wanted: u32) -> bool {
    match timer.kind {
        PlacedKind::Timer { service, .. } => service == wanted,
        _ => false,
    }
}
