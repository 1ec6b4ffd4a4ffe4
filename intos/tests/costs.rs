//! What operations store, in bytes of NVM, and how many loads and stores they take: prints the table of the
//! README, and keeps the numbers from growing unnoticed.
//!
//! `cargo test -p intos --test costs -- --nocapture`

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

struct Costs<const WHAT: usize> {
    there: Queue<u32>,
    back: Queue<u32>,
    units: Semaphore,
    word: Offset<u32>,
}

impl<B: Board, const WHAT: usize> Program<B> for Costs<WHAT> {
    const NAME: &'static str = "costs";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            there: objects.queue("there", 4)?,
            back: objects.queue("back", 4)?,
            units: objects.semaphore("units", u32::from(WHAT == ACQUIRE_RELEASE), 1)?,
            word: objects.object("word", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        match index {
            0 => Some(TaskEntry::new("task", 1, task::<B, WHAT>)),
            1 if matches!(WHAT, PING_PONG | HAND_OVER) => {
                Some(TaskEntry::new("peer", 2, peer::<B, WHAT>))
            }
            _ => None,
        }
    }
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
            _ => task.delay(1)?,
        }
    });
    Ok(())
}

fn peer<B: Board, const WHAT: usize>(task: &mut Task<B>, app: &Costs<WHAT>) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..ROUNDS => {
        task.transaction(|tx| {
            if WHAT == PING_PONG {
                let item = app.there.receive(tx, Timeout::Forever)?;
                app.back.send(tx, item, Timeout::Forever)
            } else {
                app.units.acquire(tx, Timeout::Forever)
            }
        })?;
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
fn the_table_of_costs() {
    // What is measured, bytes that the loops take of it, the goal, and what it must not exceed.
    let rows = [
        ("transaction, empty", round::<EMPTY>(), 6, "4", 4),
        ("transaction, one word", round::<ONE_WORD>(), 6, "16", 16),
        ("now, with its transaction", round::<NOW>(), 6, "12", 14),
        (
            "send + receive, not blocking",
            round::<SEND_RECEIVE>(),
            6,
            "72",
            46,
        ),
        (
            "acquire + release, not blocking",
            round::<ACQUIRE_RELEASE>(),
            6,
            "40",
            34,
        ),
        (
            "ping-pong of two tasks, round trip",
            round::<PING_PONG>(),
            12,
            "250",
            128,
        ),
        (
            "release to a waiting task and back",
            round::<HAND_OVER>(),
            12,
            "",
            82,
        ),
        (
            "delay by a tick, with tick and wake-up",
            round::<DELAY>(),
            6,
            "",
            67,
        ),
    ];
    println!("| operation | bytes stored | goal | loads | stores |");
    println!("| --- | --- | --- | --- | --- |");
    for (name, [bytes, loads, stores], loops, goal, limit) in rows {
        let bytes = bytes - loops;
        println!("| {name} | {bytes} | {goal} | {loads} | {stores} |");
        assert!(
            bytes <= limit,
            "{name}: {bytes} bytes, at most {limit} so far"
        );
    }
}
