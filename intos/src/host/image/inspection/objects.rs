//! Objects: what is in them, and who waits for them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use intos_ipc::inspect::{
    BufferView, EventGroupView, QueueView, SemaphoreView, TimerView, TimersView,
};
use intos_sched::inspect::MutexView;
use nvm_core::Nvm as _;
use serde::Serialize;

use crate::host::image::view::View;
use crate::placed::{Placed, PlacedKind};

/// The most bytes of plain data that are told.
const MOST_SHOWN: u32 = 16;

/// An object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectReport {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
    /// Where it lies.
    pub offset: u32,
    /// Bytes.
    pub bytes: u32,
    /// What is in it, by its kind.
    #[serde(flatten)]
    pub state: ObjectState,
}

/// What is in an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ObjectState {
    /// Plain data.
    Object {
        /// Its type.
        type_name: String,
        /// Its value, where it is an integer.
        value: Option<String>,
        /// Its first bytes, in hexadecimal.
        begins_with: String,
    },
    /// A queue.
    Queue {
        /// How many items it holds at most.
        capacity: u16,
        /// How many there are.
        items: u16,
        /// Whether it was deleted.
        deleted: bool,
        /// An item's type.
        item_type: String,
        /// The tasks that wait for an item.
        receivers: Vec<String>,
        /// The tasks that wait for room.
        senders: Vec<String>,
    },
    /// A semaphore.
    Semaphore {
        /// How many units are free.
        count: u32,
        /// How many it has at most.
        maximum: u32,
        /// Whether it was deleted.
        deleted: bool,
        /// The tasks that wait for one.
        waiting: Vec<String>,
    },
    /// A mutex.
    Mutex {
        /// Who holds it.
        holder: Option<String>,
        /// How often.
        depth: u8,
        /// Whether it was deleted.
        deleted: bool,
        /// The tasks that wait for it.
        waiting: Vec<String>,
    },
    /// An event group.
    EventGroup {
        /// The bits that are set.
        bits: u32,
        /// Whether it was deleted.
        deleted: bool,
        /// The tasks that wait, and for what.
        waiting: Vec<AwaitedBits>,
    },
    /// A service of software timers.
    Timers {
        /// The timers that run.
        running: Vec<String>,
        /// The task that serves them, while it waits.
        serving: Vec<String>,
    },
    /// A software timer.
    Timer {
        /// What the task gets that serves it.
        number: u16,
        /// Whether it goes on when it has expired.
        repeats: bool,
        /// Its period in ticks.
        period: u32,
        /// The tick of its next expiry; nothing where it does not run.
        expiry: Option<u32>,
    },
    /// A stream or message buffer.
    Buffer {
        /// How many bytes it holds at most.
        capacity: u16,
        /// How many there are.
        filled: u16,
        /// Whether it was deleted.
        deleted: bool,
        /// The task that waits to read.
        reader: Vec<String>,
        /// The task that waits to write.
        writer: Vec<String>,
    },
    /// A heap.
    Heap {
        /// Bytes of its blocks.
        used: u32,
        /// Bytes that are free.
        free: u32,
        /// Bytes of the largest free block.
        largest_free: u32,
        /// The blocks.
        blocks: Vec<HeapBlock>,
        /// Where its map is damaged, if it is: what follows is not told.
        damaged_at: Option<u32>,
    },
    /// Bytes that the program formats.
    Area {
        /// The first ones, in hexadecimal.
        begins_with: String,
    },
}

/// What a task waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AwaitedBits {
    /// The task.
    pub task: String,
    /// The bits.
    pub bits: u32,
    /// All of them, and not one.
    pub all: bool,
}

/// A block of a heap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeapBlock {
    /// Where it begins.
    pub offset: u32,
    /// Bytes.
    pub bytes: u32,
    /// Whether its offset stands anywhere in the image: of one that does not, the program has lost the way to it.
    pub mentioned: bool,
}

pub(super) fn report(view: &View<'_>) -> Vec<ObjectReport> {
    let objects = view.program.objects.iter();
    objects
        .filter_map(|object| {
            Some(ObjectReport {
                name: object.name.clone(),
                kind: object.kind.name(),
                offset: object.offset,
                bytes: object.bytes,
                state: state(view, object)?,
            })
        })
        .collect()
}

/// `None` where the object does not lie in the image, which is long enough for all.
fn state(view: &View<'_>, object: &Placed) -> Option<ObjectState> {
    let (nvm, at) = (&view.nvm, object.offset);
    Some(match object.kind {
        PlacedKind::Object { type_name, bytes } => ObjectState::Object {
            type_name: type_name.to_owned(),
            value: integer(view, at, type_name),
            begins_with: begin(view, at, bytes),
        },
        PlacedKind::Area => ObjectState::Area {
            begins_with: begin(view, at, object.bytes),
        },
        PlacedKind::Queue {
            capacity,
            type_name,
            ..
        } => {
            let queue = QueueView::load(nvm, at).ok()?;
            ObjectState::Queue {
                capacity,
                items: queue.count.unwrap_or(0),
                deleted: queue.count.is_none(),
                item_type: type_name.to_owned(),
                receivers: view.names_at(queue.receivers.head().get()),
                senders: view.names_at(queue.senders.head().get()),
            }
        }
        PlacedKind::Semaphore { maximum } => {
            let semaphore = SemaphoreView::load(nvm, at).ok()?;
            ObjectState::Semaphore {
                count: semaphore.count.unwrap_or(0),
                maximum,
                deleted: semaphore.count.is_none(),
                waiting: view.names_at(semaphore.waiting.head().get()),
            }
        }
        PlacedKind::Mutex { .. } => mutex(view, at)?,
        PlacedKind::EventGroup => event_group(view, at)?,
        PlacedKind::Timers => {
            let timers = TimersView::at(at).ok()?;
            let running = timers.running.iter();
            let nodes = running
                .filter_map(|list| view.list_at(list.head().get()))
                .flat_map(|known| &known.walk.nodes);
            ObjectState::Timers {
                running: nodes
                    .filter_map(|node| Some(view.timers.get(&node.links_at())?.name.clone()))
                    .collect(),
                serving: view.names_at(timers.serving.head().get()),
            }
        }
        PlacedKind::Timer { .. } => {
            let timer = TimerView::load(nvm, at).ok()?;
            let runs = view.owner_of(timer.node).is_some();
            ObjectState::Timer {
                number: timer.number,
                repeats: timer.repeats,
                period: timer.period,
                expiry: timer.node.key(nvm).ok().filter(|_| runs),
            }
        }
        PlacedKind::StreamBuffer { capacity } | PlacedKind::MessageBuffer { capacity } => {
            let buffer = BufferView::load(nvm, at).ok()?;
            ObjectState::Buffer {
                capacity,
                filled: buffer.count.unwrap_or(0),
                deleted: buffer.count.is_none(),
                reader: view.names_at(buffer.reading.head().get()),
                writer: view.names_at(buffer.writing.head().get()),
            }
        }
        PlacedKind::Heap(heap) => heap_state(view, heap?),
    })
}

fn mutex(view: &View<'_>, at: u32) -> Option<ObjectState> {
    let mutex = MutexView::load(&view.nvm, at).ok()?;
    let holder = view.holder_of(&mutex);
    Some(ObjectState::Mutex {
        holder: holder.map(|holder| holder.name().to_owned()),
        depth: if holder.is_some() { mutex.depth } else { 0 },
        deleted: mutex.owner == MutexView::DELETED,
        waiting: view.names_at(at),
    })
}

fn event_group(view: &View<'_>, at: u32) -> Option<ObjectState> {
    let group = EventGroupView::load(&view.nvm, at).ok()?;
    let known = view.list_at(group.waiting.head().get())?;
    let nodes = known.walk.nodes.iter();
    Some(ObjectState::EventGroup {
        bits: group.bits,
        deleted: group.is_deleted,
        waiting: nodes
            .filter_map(|node| {
                let slot = view.task_of_event(node.links_at())?;
                let awaited =
                    intos_ipc::inspect::AwaitedBits::of(&view.scheduler, slot.task).ok()?;
                Some(AwaitedBits {
                    task: slot.name().to_owned(),
                    bits: awaited.bits,
                    all: awaited.all,
                })
            })
            .collect(),
    })
}

fn heap_state(view: &View<'_>, heap: nvm_alloc::Heap) -> ObjectState {
    let (mut blocks, mut damaged_at) = (Vec::new(), None);
    let found = heap.blocks(&view.nvm);
    match found {
        Ok(found) => {
            for block in found {
                match block {
                    Ok(block) => blocks.push(block),
                    Err(error) => damaged_at = Some(place_of_damage(error)),
                }
            }
        }
        Err(error) => damaged_at = Some(place_of_damage(error)),
    }
    let statistics = heap.statistics(&view.nvm).unwrap_or_default();
    let mentioned = mentions(view, blocks.iter().map(|block| block.offset).collect());
    ObjectState::Heap {
        used: statistics.used,
        free: statistics.free,
        largest_free: statistics.largest_free,
        blocks: blocks
            .into_iter()
            .map(|block| HeapBlock {
                offset: block.offset,
                bytes: block.bytes,
                mentioned: mentioned.contains(&block.offset),
            })
            .collect(),
        damaged_at,
    }
}

const fn place_of_damage(error: nvm_alloc::AllocError) -> u32 {
    match error {
        nvm_alloc::AllocError::Damaged { offset } => offset,
        _ => 0,
    }
}

/// Which of these offsets stand in the image, at any place: in objects and in records, which are not aligned.
fn mentions(view: &View<'_>, offsets: BTreeSet<u32>) -> BTreeSet<u32> {
    if offsets.is_empty() {
        return offsets;
    }
    let image = view.nvm.image();
    let words = image.windows(4).filter_map(|bytes| {
        let word = u32::from_le_bytes(bytes.try_into().ok()?);
        offsets.contains(&word).then_some(word)
    });
    words.collect()
}

fn integer(view: &View<'_>, at: u32, type_name: &str) -> Option<String> {
    let (bytes, signed) = match type_name {
        "u8" => (1, false),
        "i8" => (1, true),
        "u16" => (2, false),
        "i16" => (2, true),
        "u32" => (4, false),
        "i32" => (4, true),
        "u64" => (8, false),
        "i64" => (8, true),
        _ => return None,
    };
    let mut buffer = [0; 8];
    view.nvm.read(at, buffer.get_mut(..bytes)?).ok()?;
    let value = u64::from_le_bytes(buffer);
    if !signed {
        return Some(value.to_string());
    }
    let unused = 64 - 8 * bytes as u32;
    Some((value.cast_signed() << unused >> unused).to_string())
}

fn begin(view: &View<'_>, at: u32, bytes: u32) -> String {
    let mut text = String::new();
    for at in at..at.saturating_add(bytes.min(MOST_SHOWN)) {
        let byte = view.nvm.read_u8(at).unwrap_or_default();
        // Cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl ObjectReport {
    /// What it is called.
    pub fn title(&self) -> String {
        format!("{} {}", self.kind, self.name)
    }
}
