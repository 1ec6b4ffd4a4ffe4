//! Every system call, with peers that are less urgent, as urgent and more urgent, cut before every store
//! at every atom, and cut again in the recovery: the end is as without any cut.

use crate::common::{Depth, Ram, Scenario, explore};
use intos::host::{Machine, Settings};
use intos::prelude::*;
use intos::{Scheduler, ThreadLayout};

const SEND: usize = 0;
const RECEIVE: usize = 1;
const TRY: usize = 2;
const SEMAPHORE: usize = 3;
const DELAY: usize = 4;
const TIMEOUT: usize = 5;
const SAMPLE: usize = 6;
const MANY: usize = 7;
const ABORT: usize = 8;
const NAMES: [&str; 9] = [
    "send",
    "receive",
    "try_send, try_receive",
    "acquire, release",
    "delay, delay_until, now",
    "receive and acquire with timeouts",
    "sample",
    "many calls in one transaction",
    "calls before an abort",
];

/// The subject has priority 3.
const SUBJECT: u8 = 3;

#[derive(Clone, Copy)]
struct Calls<const CALL: usize, const PEER: u8> {
    queue: Queue<u32>,
    back: Queue<u32>,
    units: Semaphore,
    /// Of each task: a sum, and a number of things that must not happen.
    sums: Offset<[u32; 3]>,
    wrong: Offset<[u32; 3]>,
    shared: Offset<u32>,
}

impl<B: Board, const CALL: usize, const PEER: u8> Program<B> for Calls<CALL, PEER> {
    const NAME: &'static str = "calls";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            queue: objects.queue("queue", 1)?,
            back: objects.queue("back", 2)?,
            units: objects.semaphore("units", u32::from(CALL == SEMAPHORE), 2)?,
            sums: objects.object("sums", [0; 3])?,
            wrong: objects.object("wrong", [0; 3])?,
            shared: objects.object("shared", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        let tables = ThreadLayout {
            system_calls: 80,
            ..ThreadLayout::DEFAULT
        };
        let entry = match index {
            0 => TaskEntry::new("subject", SUBJECT, subject::<B, CALL, PEER>),
            1 => TaskEntry::new("peer a", PEER, peer::<B, CALL, PEER>),
            2 => TaskEntry::new("peer b", PEER, peer::<B, CALL, PEER>),
            _ => return None,
        };
        Some(entry.with_tables(tables))
    }
}

impl<const CALL: usize, const PEER: u8> Scenario for Calls<CALL, PEER> {
    fn observe(&self, nvm: &Ram) -> Vec<u32> {
        let sums = nvm.load(self.sums).unwrap();
        let wrong = nvm.load(self.wrong).unwrap();
        vec![
            sums.iter().sum(),
            wrong.iter().sum(),
            nvm.load(self.shared).unwrap(),
            self.queue.len(nvm).unwrap().into(),
            self.back.len(nvm).unwrap().into(),
            self.units.count(nvm).unwrap(),
        ]
    }

    fn check(&self, scheduler: &Scheduler<&Machine<Ram>>) -> Result<(), Error> {
        self.queue.check(scheduler)?;
        self.back.check(scheduler)?;
        self.units.check(scheduler)?;
        Ok(())
    }
}

/// Adds to the task's own sum.
fn add<B: Board>(tx: &mut Tx<B>, cells: Offset<[u32; 3]>, me: u8, by: u32) -> Result<(), Error> {
    match cells.element(me.into()) {
        Some(cell) => Ok(tx.update(cell, |sum| sum + by)?),
        None => Ok(()),
    }
}

fn subject<B: Board, const CALL: usize, const PEER: u8>(
    task: &mut Task<B>,
    app: &Calls<CALL, PEER>,
) -> Result<(), Error> {
    match CALL {
        SEND => send(task, app, 4),
        RECEIVE => receive(task, app, 4),
        TRY => try_send(task, app, 4),
        TIMEOUT => impatient(task, app),
        MANY => many(task, app),
        ABORT => abort(task, app),
        _ => peer(task, app),
    }
}

fn peer<B: Board, const CALL: usize, const PEER: u8>(
    task: &mut Task<B>,
    app: &Calls<CALL, PEER>,
) -> Result<(), Error> {
    match CALL {
        SEND => receive(task, app, 2),
        RECEIVE => send(task, app, 2),
        TRY => try_receive(task, app, 2),
        SEMAPHORE => exclude(task, app),
        DELAY => delay(task, app),
        TIMEOUT => late(task, app),
        SAMPLE => sample(task, app),
        MANY => echo(task, app),
        _ => receive(task, app, 1),
    }
}

fn send<B: Board, const CALL: usize, const PEER: u8>(
    task: &mut Task<B>,
    app: &Calls<CALL, PEER>,
    items: u32,
) -> Result<(), Error> {
    let own = u32::from(task.index().0) * 1_000;
    nv_for_loop!(task, i in 0..items => {
        task.transaction(|tx| app.queue.send(tx, own + i, Timeout::Forever))?;
    });
    Ok(())
}

fn receive<B: Board, const CALL: usize, const PEER: u8>(
    task: &mut Task<B>,
    app: &Calls<CALL, PEER>,
    items: u32,
) -> Result<(), Error> {
    let me = task.index().0;
    nv_for_loop!(task, _i in 0..items => {
        task.transaction(|tx| {
            let item = app.queue.receive(tx, Timeout::Forever)?;
            add(tx, app.sums, me, item + 7)
        })?;
    });
    Ok(())
}

fn try_send<B: Board, const CALL: usize, const PEER: u8>(
    task: &mut Task<B>,
    app: &Calls<CALL, PEER>,
    items: u32,
) -> Result<(), Error> {
    nv_for_loop!(task, i in 0..items => {
        nv_loop!(task => {
            let sent = task.transaction(|tx| app.queue.try_send(tx, i));
            match sent {
                Ok(()) => break,
                Err(error) if error.is(Outcome::Full) => task.delay(1)?,
                Err(other) => return Err(other),
            }
        });
    });
    Ok(())
}

fn try_receive<B: Board, const CALL: usize, const PEER: u8>(
    task: &mut Task<B>,
    app: &Calls<CALL, PEER>,
    items: u32,
) -> Result<(), Error> {
    let me = task.index().0;
    nv_for_loop!(task, _i in 0..items => {
        nv_loop!(task => {
            let received = task.transaction(|tx| {
                let item = app.queue.try_receive(tx)?;
                add(tx, app.sums, me, item + 7)
            });
            match received {
                Ok(()) => break,
                Err(error) if error.is(Outcome::Empty) => task.delay(1)?,
                Err(other) => return Err(other),
            }
        });
    });
    Ok(())
}

/// Adds one to a shared number in two transactions, which only the semaphore keeps together.
fn exclude<B: Board, const CALL: usize, const PEER: u8>(
    task: &mut Task<B>,
    app: &Calls<CALL, PEER>,
) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..2u8 => {
        task.transaction(|tx| app.units.acquire(tx, Timeout::Forever))?;
        let before = task.transaction(|tx| Ok(tx.get(app.shared)?))?;
        task.delay(1)?;
        task.transaction(|tx| Ok(tx.set(app.shared, before + 1)?))?;
        task.transaction(|tx| app.units.release(tx))?;
    });
    Ok(())
}

fn delay<B: Board, const CALL: usize, const PEER: u8>(
    task: &mut Task<B>,
    app: &Calls<CALL, PEER>,
) -> Result<(), Error> {
    let me = task.index().0;
    nv_for_loop!(task, i in 1..3u32 => {
        task.transaction(|tx| {
            let before = tx.now()?;
            tx.delay(i)?;
            let between = tx.now()?;
            tx.delay_until(between + 2)?;
            tx.delay_until(between)?;
            let after = tx.now()?;
            add(tx, app.wrong, me, u32::from(between < before + i || after < between + 2))
        })?;
        task.delay(1)?;
    });
    Ok(())
}

/// Waits for two items and a unit, and never for long.
fn impatient<B: Board, const CALL: usize, const PEER: u8>(
    task: &mut Task<B>,
    app: &Calls<CALL, PEER>,
) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..2u8 => {
        nv_loop!(task => {
            let received = task.transaction(|tx| {
                let item = app.queue.receive(tx, Timeout::Ticks(2))?;
                add(tx, app.sums, 0, item)
            });
            match received {
                Ok(()) => break,
                Err(error) if error.is(Outcome::Timeout) => {}
                Err(other) => return Err(other),
            }
        });
        nv_loop!(task => {
            match task.transaction(|tx| app.units.acquire(tx, Timeout::Ticks(1))) {
                Ok(()) => break,
                Err(error) if error.is(Outcome::Timeout) => {}
                Err(other) => return Err(other),
            }
        });
    });
    Ok(())
}

/// Gives what is waited for just when the time is up.
fn late<B: Board, const CALL: usize, const PEER: u8>(
    task: &mut Task<B>,
    app: &Calls<CALL, PEER>,
) -> Result<(), Error> {
    let me = task.index().0;
    task.delay(2)?;
    nv_loop!(task => {
        match task.transaction(|tx| app.queue.send(tx, 1 << me, Timeout::Ticks(2))) {
            Ok(()) => break,
            Err(error) if error.is(Outcome::Timeout) => {}
            Err(other) => return Err(other),
        }
    });
    task.delay(1)?;
    task.transaction(|tx| app.units.release(tx))
}

fn sample<B: Board, const CALL: usize, const PEER: u8>(
    task: &mut Task<B>,
    app: &Calls<CALL, PEER>,
) -> Result<(), Error> {
    static READING: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let read = || READING.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let me = task.index().0;
    nv_for_loop!(task, _i in 0..3u8 => {
        // A repeated transaction gets the readings that it got before, or takes later ones: the second
        // always comes after the first.
        task.transaction(|tx| {
            let (first, second) = (tx.sample(read)?, tx.sample(read)?);
            add(tx, app.wrong, me, u32::from(second.wrapping_sub(first).wrapping_sub(1) > 1 << 31))?;
            add(tx, app.sums, me, 1)
        })?;
    });
    Ok(())
}

/// Sends, waits for the answers and for a unit, all in one transaction.
fn many<B: Board, const CALL: usize, const PEER: u8>(
    task: &mut Task<B>,
    app: &Calls<CALL, PEER>,
) -> Result<(), Error> {
    task.transaction(|tx| {
        let began = tx.now()?;
        app.queue.send(tx, 10, Timeout::Forever)?;
        app.queue.send(tx, 20, Timeout::Forever)?;
        tx.delay(1)?;
        let first = app.back.receive(tx, Timeout::Forever)?;
        app.units.acquire(tx, Timeout::Forever)?;
        let second = app.back.receive(tx, Timeout::Forever)?;
        app.units.acquire(tx, Timeout::Forever)?;
        let ended = tx.now()?;
        add(tx, app.wrong, 0, u32::from(ended <= began))?;
        add(tx, app.sums, 0, first + second)
    })
}

fn echo<B: Board, const CALL: usize, const PEER: u8>(
    task: &mut Task<B>,
    app: &Calls<CALL, PEER>,
) -> Result<(), Error> {
    task.transaction(|tx| {
        let item = app.queue.receive(tx, Timeout::Forever)?;
        app.units.release(tx)?;
        app.back.send(tx, item + 1, Timeout::Forever)
    })
}

/// What was sent stays sent, once, though what was written is rolled back.
fn abort<B: Board, const CALL: usize, const PEER: u8>(
    task: &mut Task<B>,
    app: &Calls<CALL, PEER>,
) -> Result<(), Error> {
    nv_for_loop!(task, i in 0..2u32 => {
        let aborted: Result<(), Error> = task.transaction(|tx| {
            tx.set(app.shared, 99)?;
            app.queue.send(tx, i, Timeout::Forever)?;
            let _ = app.units.release(tx);
            Err(Outcome::Overflow.into())
        });
        if aborted != Err(Outcome::Overflow.into()) {
            task.transaction(|tx| add(tx, app.wrong, 0, 1))?;
        }
    });
    Ok(())
}

/// Explores one call with peers of each kind, at each atom, with few ticks and with many.
fn every_cut<const CALL: usize>() {
    let depth = Depth {
        second_cuts: 2,
        later_cuts: 1,
    };
    for atom in [1, 2, 4] {
        let mut all = 0;
        // Who asks again each tick must not take all the time for it.
        let busy = if matches!(CALL, TRY | TIMEOUT) {
            1_500
        } else {
            60
        };
        for accesses_per_tick in [0, busy] {
            let settings = Settings {
                atom,
                accesses_per_tick,
                ..Settings::default()
            };
            let explored = [
                explore::<Calls<CALL, 2>>("less urgent peers", settings, depth),
                explore::<Calls<CALL, 3>>("as urgent peers", settings, depth),
                explore::<Calls<CALL, 5>>("more urgent peers", settings, depth),
            ];
            for explored in explored {
                match explored {
                    Ok(cuts) => all += cuts,
                    Err(error) => panic!("{} (ATOM {atom}): {error}", NAMES[CALL]),
                }
            }
        }
        println!(
            "{} (ATOM {atom}): {all} cut points explored, 0 failed",
            NAMES[CALL]
        );
    }
}

macro_rules! tests {
    ($($name:ident: $call:ident),+ $(,)?) => {$(
        #[test]
        fn $name() {
            every_cut::<$call>();
        }
    )+};
}

tests! {
    a_send_survives_every_cut: SEND,
    a_receive_survives_every_cut: RECEIVE,
    calls_that_do_not_wait_survive_every_cut: TRY,
    a_semaphore_excludes_whatever_is_cut: SEMAPHORE,
    a_delay_is_never_too_short_whatever_is_cut: DELAY,
    timeouts_that_race_with_deliveries_survive_every_cut: TIMEOUT,
    samples_survive_every_cut: SAMPLE,
    many_calls_in_one_transaction_survive_every_cut: MANY,
    calls_of_an_aborted_transaction_stay_made_whatever_is_cut: ABORT,
}
