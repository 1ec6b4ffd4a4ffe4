//! Operations of the kernel: the program around them.
//!
//! | task | priority | what it does |
//! | --- | --- | --- |
//! | measured | 3 | the operation, again and again |
//! | above | 4 | what the operation has a more urgent task do |
//! | equal | 3 | what it has one of the same priority do |
//! | child | 2 | is created, and ends at once |

use core::sync::atomic::{AtomicUsize, Ordering};

use intos::ThreadLayout;
use intos::prelude::*;
use intos_firmware::fail;

use crate::measure::{measure, or_fail};
use intos_firmware::bench::board::Bench;

mod operations;

pub(crate) use operations::Operation;

/// Larger than the default ones: what an operation prepares is recorded, and stays.
const TABLES: ThreadLayout = ThreadLayout {
    transactions: 64,
    ..ThreadLayout::DEFAULT
};

/// The kind of tasks that are created.
pub(crate) const CHILD: TaskKind<u32> = TaskKind::at(3);

intos::persist! {
    pub(crate) struct Large { before: [u32; 7], field: u32, after: [u32; 8] }
}

/// Every object that an operation needs.
pub(crate) struct Objects {
    pub(crate) there: Queue<u32>,
    pub(crate) back: Queue<u32>,
    pub(crate) last: Queue<u32>,
    pub(crate) units: Semaphore,
    pub(crate) free: Semaphore,
    pub(crate) events: EventGroup,
    pub(crate) mutex: Mutex,
    pub(crate) recursive: RecursiveMutex,
    pub(crate) timers: Timers,
    pub(crate) timer: Timer,
    pub(crate) stream: StreamBuffer,
    pub(crate) messages: MessageBuffer,
    pub(crate) heap: Heap,
    pub(crate) words: Offset<[u32; 12]>,
    pub(crate) large: Offset<Large>,
}

impl Objects {
    pub(crate) fn word(&self, index: usize) -> Offset<u32> {
        self.words.element(index).unwrap_or(Offset::new(u32::MAX))
    }
}

impl Program<Bench> for Objects {
    const NAME: &'static str = "bench";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<<Bench as Board>::Nvm>) -> Result<Self, Error> {
        let timers = objects.timers("timers")?;
        let large = Large {
            before: [0; 7],
            field: 0,
            after: [0; 8],
        };
        Ok(Self {
            there: objects.queue("there", 4)?,
            back: objects.queue("back", 4)?,
            last: objects.queue("last", 1)?,
            units: objects.semaphore("units", 0, 1)?,
            free: objects.semaphore("free", 1, 1)?,
            events: objects.event_group("events")?,
            mutex: objects.mutex("mutex")?,
            recursive: objects.recursive_mutex("recursive")?,
            timer: objects.timer("timer", timers, Repeat::AutoReload, 1, 1)?,
            timers,
            stream: objects.stream_buffer("stream", 16)?,
            messages: objects.message_buffer("messages", 16)?,
            heap: objects.heap("heap", 256)?,
            words: objects.object("words", [0; 12])?,
            large: objects.object("large", large)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<Bench, Self>> {
        match index {
            0 => Some(TaskEntry::new("measured", 3, measured).with_tables(TABLES)),
            1 => Some(TaskEntry::new("above", 4, above)),
            2 => Some(TaskEntry::new("equal", 3, equal)),
            3 => Some(TaskEntry::created(CHILD, "child", 2, 1, |_, _| Ok(()))),
            _ => None,
        }
    }

    fn interrupt(&self, isr: &mut Interrupt<'_, Bench>, _number: u8) -> Result<(), Error> {
        match operation().handler {
            Some(handler) => handler(isr, self),
            None => Ok(()),
        }
    }
}

/// Which operation is measured.
static OPERATION: AtomicUsize = AtomicUsize::new(0);

fn operation() -> &'static Operation {
    let index = OPERATION.load(Ordering::Relaxed);
    operations::ALL.get(index).unwrap_or(&operations::ALL[0])
}

/// Measures the operation of that name.
pub(crate) fn run(name: &str) -> ! {
    let index = operations::ALL
        .iter()
        .position(|operation| operation.name == name);
    let Some(index) = index else {
        fail(format_args!("there is no operation `{name}`"));
    };
    OPERATION.store(index, Ordering::Relaxed);
    intos::cortex_m::start::<Bench, Objects>(|_, _| or_fail(Ok::<(), Error>(())))
}

fn measured(task: &mut Task<Bench>, objects: &Objects) -> Result<(), Error> {
    let operation = operation();
    (operation.prepare)(task, objects)?;
    measure(operation.windows, |repetitions| {
        (operation.run)(task, objects, repetitions)
    })
}

fn above(task: &mut Task<Bench>, objects: &Objects) -> Result<(), Error> {
    match operation().above {
        Some(run) => run(task, objects),
        None => Ok(()),
    }
}

fn equal(task: &mut Task<Bench>, objects: &Objects) -> Result<(), Error> {
    match operation().equal {
        Some(run) => run(task, objects),
        None => Ok(()),
    }
}
