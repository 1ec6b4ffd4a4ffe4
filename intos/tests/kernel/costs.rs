//! What operations store, in bytes of NVM, and how many loads and stores they take: prints the table of the
//! README, and keeps the numbers from growing unnoticed.
//!
//! `cargo test -p intos --test kernel costs -- --nocapture`

use intos::host::{CycleEnd, Machine, Settings};
use intos::prelude::*;
use nvm_core::sim::SimNvm;

const ROUNDS: u32 = 100;

const EMPTY: usize = 0;
const ONE_WORD: usize = 1;
const NOW: usize = 2;
const SEND_RECEIVE: usize = 3;
const PING_PONG: usize = 4;
const ACQUIRE_RELEASE: usize = 5;
const DELAY: usize = 6;
const HAND_OVER: usize = 7;
const NOTHING: usize = 8;
const EVENT: usize = 9;
const WAKE_BY_EVENT: usize = 10;
const LOCK: usize = 11;
const CONTEND: usize = 12;
const NOTIFY: usize = 13;
const ALLOCATE: usize = 14;
const CREATE: usize = 15;
const YIELD: usize = 16;
const EXPIRY: usize = 17;
const STREAM: usize = 18;
const MESSAGE: usize = 19;

/// The kind of tasks that are created: the last of the table.
const CHILD: TaskKind<u32> = TaskKind::at(2);

struct Costs<const WHAT: usize> {
    there: Queue<u32>,
    back: Queue<u32>,
    units: Semaphore,
    events: EventGroup,
    mutex: Mutex,
    timers: Timers,
    timer: Timer,
    stream: StreamBuffer,
    messages: MessageBuffer,
    heap: Heap,
    word: Offset<u32>,
}

impl<B: Board, const WHAT: usize> Program<B> for Costs<WHAT> {
    const NAME: &'static str = "costs";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        let timers = objects.timers("timers")?;
        Ok(Self {
            there: objects.queue("there", 4)?,
            back: objects.queue("back", 4)?,
            units: objects.semaphore("units", u32::from(WHAT == ACQUIRE_RELEASE), 1)?,
            events: objects.event_group("events")?,
            mutex: objects.mutex("mutex")?,
            timer: objects.timer("timer", timers, Repeat::AutoReload, 1, 1)?,
            timers,
            stream: objects.stream_buffer("stream", 16)?,
            messages: objects.message_buffer("messages", 16)?,
            heap: objects.heap("heap", 256)?,
            word: objects.object("word", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        match index {
            0 => Some(TaskEntry::new("task", 1, task::<B, WHAT>)),
            1 => {
                let priority = if WHAT == YIELD { 1 } else { 2 };
                Some(TaskEntry::new("peer", priority, peer::<B, WHAT>))
            }
            2 => Some(TaskEntry::created(CHILD, "child", 2, 1, |_, _| Ok(()))),
            _ => None,
        }
    }
}

/// Whether a second task takes part.
const fn has_peer(what: usize) -> bool {
    matches!(
        what,
        PING_PONG | HAND_OVER | WAKE_BY_EVENT | CONTEND | YIELD
    )
}

fn task<B: Board, const WHAT: usize>(task: &mut Task<B>, app: &Costs<WHAT>) -> Result<(), Error> {
    let rounds = if WHAT == NOTHING { 0 } else { ROUNDS };
    nv_for_loop!(task, i in 0..rounds => {
        match WHAT {
            EMPTY => task.transaction(|_| Ok(()))?,
            ONE_WORD => task.transaction(|tx| Ok(tx.set(app.word, i)?))?,
            NOW => task.transaction(|tx| tx.now().map(drop))?,
            SEND_RECEIVE => task.transaction(|tx| {
                app.there.try_send(tx, i)?;
                app.there.try_receive(tx).map(drop)
            })?,
            PING_PONG => task.transaction(|tx| {
                app.there.send(tx, i, Timeout::Forever)?;
                app.back.receive(tx, Timeout::Forever).map(drop)
            })?,
            HAND_OVER => task.transaction(|tx| app.units.release(tx))?,
            ACQUIRE_RELEASE => task.transaction(|tx| {
                app.units.try_acquire(tx)?;
                app.units.release(tx)
            })?,
            EVENT => task.transaction(|tx| {
                app.events.set(tx, 1)?;
                app.events.wait_any(tx, 1, OnExit::Clear, Timeout::None).map(drop)
            })?,
            WAKE_BY_EVENT => task.transaction(|tx| app.events.set(tx, 1).map(drop))?,
            LOCK => app.mutex.lock(task, Timeout::Forever)?.unlock()?,
            CONTEND => {
                let mut guard = app.mutex.lock(task, Timeout::Forever)?;
                // The peer comes, waits, and gets the mutex.
                guard.transaction(|tx| app.units.release(tx))?;
                guard.unlock()?;
            }
            NOTIFY => task.transaction(|tx| {
                tx.this_task()?.give(tx)?;
                Notification::take(tx, Timeout::None).map(drop)
            })?,
            ALLOCATE => task.transaction(|tx| {
                let block = app.heap.allocate(tx, 16)?;
                app.heap.free(tx, block)
            })?,
            CREATE => task.transaction(|tx| tx.create(CHILD, i).map(drop))?,
            YIELD => task.yield_now(),
            EXPIRY => {
                if i == 0 {
                    task.transaction(|tx| app.timer.start(tx))?;
                }
                // Sleeps, and takes the expiry.
                while task.transaction(|tx| app.timers.next(tx, Timeout::Forever))?.is_none() {}
            }
            STREAM => task.transaction(|tx| {
                app.stream.write(tx, &[1; 4], Timeout::None)?;
                app.stream.read::<4>(tx, 4, Timeout::None).map(drop)
            })?,
            MESSAGE => task.transaction(|tx| {
                app.messages.try_send(tx, &[1; 4])?;
                app.messages.try_receive::<4>(tx).map(drop)
            })?,
            _ => task.delay(1)?,
        }
    });
    Ok(())
}

fn peer<B: Board, const WHAT: usize>(task: &mut Task<B>, app: &Costs<WHAT>) -> Result<(), Error> {
    if !has_peer(WHAT) {
        return Ok(());
    }
    nv_for_loop!(task, _i in 0..ROUNDS => {
        match WHAT {
            PING_PONG => task.transaction(|tx| {
                let item = app.there.receive(tx, Timeout::Forever)?;
                app.back.send(tx, item, Timeout::Forever)
            })?,
            WAKE_BY_EVENT => task.transaction(|tx| {
                app.events.wait_any(tx, 1, OnExit::Clear, Timeout::Forever).map(drop)
            })?,
            YIELD => task.yield_now(),
            CONTEND => {
                task.transaction(|tx| app.units.acquire(tx, Timeout::Forever))?;
                app.mutex.lock(task, Timeout::Forever)?.unlock()?;
            }
            _ => task.transaction(|tx| app.units.acquire(tx, Timeout::Forever))?,
        }
    });
    Ok(())
}

/// Bytes stored, loads and atomic stores of 4 bytes, all per 100 rounds.
fn total<const WHAT: usize>() -> [u64; 3] {
    let settings = Settings {
        accesses_per_tick: 0,
        ..Settings::default()
    };
    let machine = Machine::new(SimNvm::<4>::new(4096), settings);
    assert_eq!(
        machine.power_cycle_with::<Costs<WHAT>>(false, |_| false),
        Ok(CycleEnd::Stopped)
    );
    let before = machine.counters();
    assert_eq!(machine.power_cycle::<Costs<WHAT>>(), Ok(CycleEnd::Ended));
    let counted = machine.counters() - before;
    [counted.bytes_written(), counted.reads, counted.stores()]
}

/// One round, without the loop around it.
fn round<const WHAT: usize>() -> [u64; 3] {
    let (all, none) = (total::<WHAT>(), total::<NOTHING>());
    core::array::from_fn(|i| (all[i] - none[i] + u64::from(ROUNDS) / 2) / u64::from(ROUNDS))
}

#[test]
#[allow(clippy::too_many_lines)] // a table
fn the_table_of_costs() {
    // What is measured, bytes that the loops take of it, the goal, and what it must not exceed.
    let rows = [
        ("transaction, empty", round::<EMPTY>(), 6, "4", 4),
        ("transaction, one word", round::<ONE_WORD>(), 6, "16", 16),
        ("now, with its transaction", round::<NOW>(), 6, "12", 14),
        (
            "queue: send + receive, not blocking",
            round::<SEND_RECEIVE>(),
            6,
            "72",
            46,
        ),
        (
            "queue: ping-pong of two tasks, round trip",
            round::<PING_PONG>(),
            12,
            "250",
            128,
        ),
        (
            "semaphore: acquire + release, not blocking",
            round::<ACQUIRE_RELEASE>(),
            6,
            "40",
            34,
        ),
        (
            "semaphore: release to a waiting task and back",
            round::<HAND_OVER>(),
            12,
            "",
            82,
        ),
        (
            "event group: set + wait, bit set",
            round::<EVENT>(),
            6,
            "50",
            50,
        ),
        (
            "event group: set for a waiting task and back",
            round::<WAKE_BY_EVENT>(),
            12,
            "",
            94,
        ),
        (
            "mutex: lock + unlock, nobody waits",
            round::<LOCK>(),
            6,
            "",
            46,
        ),
        (
            "mutex: lock, wait, inherit, unlock, hand over",
            round::<CONTEND>(),
            12,
            "",
            320,
        ),
        ("notification: give + take", round::<NOTIFY>(), 6, "", 58),
        (
            "stream buffer: write + read, 4 bytes",
            round::<STREAM>(),
            6,
            "",
            54,
        ),
        (
            "message buffer: send + receive, 4 bytes",
            round::<MESSAGE>(),
            6,
            "",
            56,
        ),
        (
            "heap: allocate 16 bytes, and free them",
            round::<ALLOCATE>(),
            6,
            "40",
            20,
        ),
        (
            "task: create, run and end",
            round::<CREATE>(),
            6,
            "150",
            106,
        ),
        (
            "task: yield to a peer and back, 2 switches",
            round::<YIELD>(),
            12,
            "16",
            2,
        ),
        (
            "task: delay by a tick, with tick and wake-up",
            round::<DELAY>(),
            6,
            "",
            67,
        ),
        (
            "timer: an expiry, with the sleep before it",
            round::<EXPIRY>(),
            6,
            "",
            134,
        ),
    ];
    println!("| operation | bytes stored | goal | loads | stores |");
    println!("| --- | --- | --- | --- | --- |");
    for (name, [bytes, loads, stores], loops, goal, limit) in rows {
        // At least what the loops take, but for what the first round alone took.
        let bytes = bytes.saturating_sub(loops);
        println!("| {name} | {bytes} | {goal} | {loads} | {stores} |");
        assert!(
            bytes <= limit,
            "{name}: {bytes} bytes, at most {limit} so far"
        );
    }
}
