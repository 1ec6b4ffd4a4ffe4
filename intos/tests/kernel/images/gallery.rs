//! A program in which a task waits for each kind of object.

use intos::host::image::{Image, ProgramLayout, inspect};
use intos::host::{CycleEnd, Host, Machine, Settings};
use intos::prelude::*;
use nvm_core::sim::SimNvm;

pub type Ram = SimNvm<4>;

#[derive(Debug, Clone, Copy)]
pub struct Gallery {
    books: Mutex,
    jobs: Queue<u32>,
    full: Queue<u16>,
    units: Semaphore,
    events: EventGroup,
    timers: Timers,
    beat: Timer,
    stream: StreamBuffer,
    messages: MessageBuffer,
    heap: Heap,
    block: Offset<u32>,
    spins: Offset<u32>,
}

impl<B: Board> Program<B> for Gallery {
    const NAME: &'static str = "gallery";
    const VERSION: u32 = 7;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        let timers = objects.timers("timers")?;
        Ok(Self {
            books: objects.mutex("books")?,
            jobs: objects.queue("jobs", 4)?,
            full: objects.queue("full", 2)?,
            units: objects.semaphore("units", 0, 3)?,
            events: objects.event_group("events")?,
            timers,
            beat: objects.timer("beat", timers, Repeat::AutoReload, 1, 60_000)?,
            stream: objects.stream_buffer("stream", 16)?,
            messages: objects.message_buffer("messages", 32)?,
            heap: objects.heap("heap", 256)?,
            block: objects.object("block", 0)?,
            spins: objects.object("spins", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("holder", 1, hold),
            1 => TaskEntry::new("waiter", 5, wait),
            2 => TaskEntry::new("receiver", 4, receive),
            3 => TaskEntry::new("taker", 3, take),
            4 => TaskEntry::new("watcher", 6, watch),
            5 => TaskEntry::new("server", 7, serve),
            6 => TaskEntry::new("reader", 2, read),
            7 => TaskEntry::new("sender", 3, send),
            8 => TaskEntry::new("writer", 2, write),
            9 | 10 => TaskEntry::new("sleeper", 2, sleep),
            11 => TaskEntry::new("spinner", 0, spin),
            _ => return None,
        })
    }
}

fn hold<B: Board>(task: &mut Task<B>, app: &Gallery) -> Result<(), Error> {
    let mut guard = app.books.lock(task, Timeout::Forever)?;
    guard.delay(1_000_000)?;
    guard.unlock()
}

fn wait<B: Board>(task: &mut Task<B>, app: &Gallery) -> Result<(), Error> {
    task.delay(5)?;
    app.books.lock(task, Timeout::Forever)?.unlock()
}

fn receive<B: Board>(task: &mut Task<B>, app: &Gallery) -> Result<(), Error> {
    task.transaction(|tx| app.jobs.receive(tx, Timeout::Forever).map(drop))
}

fn take<B: Board>(task: &mut Task<B>, app: &Gallery) -> Result<(), Error> {
    task.transaction(|tx| app.units.acquire(tx, Timeout::Ticks(500_000)))
}

fn watch<B: Board>(task: &mut Task<B>, app: &Gallery) -> Result<(), Error> {
    let forever = Timeout::Forever;
    task.transaction(|tx| {
        app.events
            .wait_all(tx, 0b110, OnExit::Keep, forever)
            .map(drop)
    })
}

fn serve<B: Board>(task: &mut Task<B>, app: &Gallery) -> Result<(), Error> {
    task.transaction(|tx| app.beat.start(tx))?;
    task.transaction(|tx| app.timers.next(tx, Timeout::Forever).map(drop))
}

fn read<B: Board>(task: &mut Task<B>, app: &Gallery) -> Result<(), Error> {
    task.transaction(|tx| app.stream.read::<4>(tx, 1, Timeout::Forever).map(drop))
}

fn send<B: Board>(task: &mut Task<B>, app: &Gallery) -> Result<(), Error> {
    nv_for_loop!(task, item in 0..3u16 => {
        task.transaction(|tx| app.full.send(tx, item, Timeout::Forever))?;
    });
    Ok(())
}

fn write<B: Board>(task: &mut Task<B>, app: &Gallery) -> Result<(), Error> {
    task.transaction(|tx| {
        let block = app.heap.allocate_for(tx, 7u32)?;
        Ok(tx.set(app.block, block.get())?)
    })?;
    task.transaction(|tx| app.messages.send(tx, b"hello", Timeout::Forever))?;
    task.transaction(|tx| Notification::take(tx, Timeout::Forever).map(drop))
}

fn sleep<B: Board>(task: &mut Task<B>, _: &Gallery) -> Result<(), Error> {
    task.delay(900_000)
}

fn spin<B: Board>(task: &mut Task<B>, app: &Gallery) -> Result<(), Error> {
    nv_loop!(task => {
        task.transaction(|tx| {
            let block = tx.get(app.block)?;
            tx.set(app.block, block)?;
            Ok(tx.update(app.spins, |spins| spins + 1)?)
        })?;
    });
    Ok(())
}

/// The gallery's layout.
pub fn layout() -> ProgramLayout {
    ProgramLayout::of::<Host<'static, Ram>, Gallery>().unwrap()
}

/// The gallery with everybody at their places, and nothing under way.
pub fn image() -> Vec<u8> {
    let settings = Settings {
        accesses_per_tick: 200,
        ..Settings::default()
    };
    let layout = layout();
    let machine = Machine::new(Ram::new(layout.bytes()), settings);
    let end = machine.power_cycle_with::<Gallery>(false, |_| {
        let image = Image::from_bytes(&machine.nvm().image()).unwrap();
        let inspection = inspect(&image, Some(&layout));
        let waits = |task: &intos::host::image::TaskReport| {
            task.name == "waiter" && task.state == "blocked"
        };
        !(inspection.tasks.iter().any(waits) && inspection.in_flight.is_empty())
    });
    assert_eq!(end, Ok(CycleEnd::Stopped));
    machine.nvm().image()
}

/// The gallery as a power loss leaves it in the midst of a transaction of the spinner's.
pub fn interrupted_image() -> Vec<u8> {
    let machine = Machine::new(Ram::new(layout().bytes()), Settings::default());
    machine.nvm().set_image(&image());
    for stores in 0.. {
        machine.cut_after(stores);
        assert_eq!(machine.power_cycle::<Gallery>(), Ok(CycleEnd::PowerLost));
        let image = Image::from_bytes(&machine.nvm().image()).unwrap();
        let inspection = inspect(&image, Some(&layout()));
        let spinner = inspection.tasks.iter().find(|task| task.name == "spinner");
        if spinner.is_some_and(|spinner| spinner.undo_log.entries.len() == 2) {
            return machine.nvm().image();
        }
    }
    unreachable!("the loop ends with the two entries, or by an assertion")
}
