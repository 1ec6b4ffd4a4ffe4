//! Random programs over random preemption and random power losses: whatever happens, items are delivered
//! exactly once and in order, units are neither lost nor made, and each step is taken once.
//!
//! A failure prints the command that repeats it. `INTOS_SEEDS=N` runs more programs.

use intos::ThreadLayout;
use intos::host::{CycleEnd, Host, Machine, Random, Settings};
use intos::prelude::*;
use nvm_core::sim::SimNvm;

const WORKERS: usize = 5;
const QUEUES: usize = 2;
const ROUNDS: u32 = 4;
const SIZE: u32 = 16 * 1024;

/// What a worker does in each round.
#[derive(Debug, Clone, Copy)]
enum Step {
    Send(usize, Timeout),
    Receive(usize, Timeout),
    Acquire(Timeout),
    Release,
    Delay(u32),
    Sample,
    Abort,
}

/// The world outside: what the workers are to do.
#[derive(Debug)]
struct Plan {
    scripts: Vec<Vec<Step>>,
    reading: std::cell::Cell<u32>,
}

impl Plan {
    fn new(random: &mut Random) -> Self {
        let timeout = |random: &mut Random| match random.below(3) {
            0 => Timeout::None,
            _ => Timeout::Ticks(1 + random.below(30) as u32),
        };
        let scripts = (0..WORKERS)
            .map(|_| {
                (0..2 + random.below(6))
                    .map(|_| {
                        let queue = random.below(QUEUES as u64) as usize;
                        match random.below(12) {
                            0..=3 => Step::Send(queue, timeout(random)),
                            4..=6 => Step::Receive(queue, timeout(random)),
                            7 => Step::Acquire(timeout(random)),
                            8 => Step::Release,
                            9 => Step::Delay(random.below(9) as u32),
                            10 => Step::Sample,
                            _ => Step::Abort,
                        }
                    })
                    .collect()
            })
            .collect();
        Self {
            scripts,
            reading: std::cell::Cell::new(0),
        }
    }
}

trait PlanBoard: Board {
    fn plan(port: &Self::Port) -> &Plan;
}

impl<N: Nvm + std::fmt::Debug> PlanBoard for Host<'_, N, Plan> {
    fn plan(port: &Self::Port) -> &Plan {
        port.world()
    }
}

persist! {
    /// What a task knows to have done: changed in the transactions that do it.
    struct Ledger {
        steps: u32,
        sent: [u32; QUEUES],
        /// Of what was received from each queue and sender: how many, the sum of their numbers, the sum of
        /// their squares, and one more than the last number.
        counts: [[u32; WORKERS]; QUEUES],
        sums: [[u32; WORKERS]; QUEUES],
        squares: [[u32; WORKERS]; QUEUES],
        next: [[u32; WORKERS]; QUEUES],
        out_of_order: u32,
        acquired: u32,
        released: u32,
    }
}

const UNITS: u32 = 2;
const MAXIMUM: u32 = 3;

/// The workers have one of several sets of priorities, and an auditor comes after all of them.
#[derive(Debug, Clone, Copy)]
struct Soup<const SHAPE: usize> {
    queues: [Queue<u32>; QUEUES],
    units: Semaphore,
    ledgers: [Offset<Ledger>; WORKERS + 1],
}

const SHAPES: [[u8; WORKERS]; 4] = [
    [1, 2, 3, 4, 5],
    [3, 3, 3, 3, 3],
    [5, 1, 5, 1, 3],
    [2, 7, 2, 7, 7],
];

impl<B: PlanBoard, const SHAPE: usize> Program<B> for Soup<SHAPE> {
    const NAME: &'static str = "soup";
    const VERSION: u32 = SHAPE as u32;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        let none = Ledger {
            steps: 0,
            sent: [0; QUEUES],
            counts: [[0; WORKERS]; QUEUES],
            sums: [[0; WORKERS]; QUEUES],
            squares: [[0; WORKERS]; QUEUES],
            next: [[0; WORKERS]; QUEUES],
            out_of_order: 0,
            acquired: 0,
            released: 0,
        };
        let mut ledgers = [Offset::new(0); WORKERS + 1];
        for ledger in &mut ledgers {
            *ledger = objects.object("ledger", none)?;
        }
        Ok(Self {
            queues: [objects.queue("one", 1)?, objects.queue("two", 3)?],
            units: objects.semaphore("units", UNITS, MAXIMUM)?,
            ledgers,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        let tables = ThreadLayout {
            undo_log: 400,
            transactions: 200,
            ..ThreadLayout::DEFAULT
        };
        let entry = match index {
            0 => TaskEntry::new("w0", SHAPES[SHAPE][0], worker::<B, SHAPE>),
            1 => TaskEntry::new("w1", SHAPES[SHAPE][1], worker::<B, SHAPE>),
            2 => TaskEntry::new("w2", SHAPES[SHAPE][2], worker::<B, SHAPE>),
            3 => TaskEntry::new("w3", SHAPES[SHAPE][3], worker::<B, SHAPE>),
            4 => TaskEntry::new("w4", SHAPES[SHAPE][4], worker::<B, SHAPE>),
            5 => TaskEntry::new("auditor", 0, audit::<B, SHAPE>),
            _ => return None,
        };
        Some(entry.with_tables(tables))
    }
}

fn worker<B: PlanBoard, const SHAPE: usize>(
    task: &mut Task<B>,
    app: &Soup<SHAPE>,
) -> Result<(), Error> {
    let me = usize::from(task.index().0);
    let ledger = app.ledgers[me];
    nv_for_loop!(task, _round in 0..ROUNDS => {
        let mut number = 0;
        loop {
            let step = task.transaction(|tx| {
                let steps = &B::plan(tx.port()).scripts[me];
                // The script does not change: no need to record it, but for the handle's sake.
                Ok(steps.get(number).is_some())
            })?;
            if !step {
                break;
            }
            take_step(task, app, me, number)?;
            task.transaction(|tx| {
                Ok(tx.update(field!(ledger, Ledger.steps), |steps| steps + 1)?)
            })?;
            number += 1;
        }
    });
    Ok(())
}

fn take_step<B: PlanBoard, const SHAPE: usize>(
    task: &mut Task<B>,
    app: &Soup<SHAPE>,
    me: usize,
    number: usize,
) -> Result<(), Error> {
    let ledger = app.ledgers[me];
    let outcome = task.transaction(|tx| {
        let port = tx.port();
        match B::plan(port).scripts[me][number] {
            Step::Send(queue, timeout) => {
                let mut known = tx.get(ledger)?;
                let item = (me as u32) << 16 | known.sent[queue];
                match app.queues[queue].send(tx, item, timeout) {
                    Ok(()) => known.sent[queue] += 1,
                    Err(error) if error.is(Outcome::Timeout) || error.is(Outcome::Full) => {}
                    Err(other) => return Err(other),
                }
                tx.set(field!(ledger, Ledger.sent), known.sent)?;
            }
            Step::Receive(queue, timeout) => {
                receive(tx, app, ledger, queue, timeout)?;
            }
            Step::Acquire(timeout) => match app.units.acquire(tx, timeout) {
                Ok(()) => tx.update(field!(ledger, Ledger.acquired), |n| n + 1)?,
                Err(error) if error.is(Outcome::Timeout) || error.is(Outcome::Empty) => {}
                Err(other) => return Err(other),
            },
            Step::Release => match app.units.release(tx) {
                Ok(()) => tx.update(field!(ledger, Ledger.released), |n| n + 1)?,
                Err(error) if error.is(Outcome::Overflow) => {}
                Err(other) => return Err(other),
            },
            Step::Delay(ticks) => tx.delay(ticks)?,
            Step::Sample => {
                let read = || {
                    let reading = &B::plan(port).reading;
                    reading.set(reading.get() + 1);
                    reading.get()
                };
                let (first, second) = (tx.sample(read)?, tx.sample(read)?);
                if first >= second {
                    tx.update(field!(ledger, Ledger.out_of_order), |n| n + 1)?;
                }
            }
            Step::Abort => {
                tx.update(field!(ledger, Ledger.steps), |n| n + 1_000_000)?;
                return Err(Outcome::Overflow.into());
            }
        }
        Ok(())
    });
    match outcome {
        Ok(()) => Ok(()),
        Err(error) if error.is(Outcome::Overflow) => Ok(()),
        Err(other) => Err(other),
    }
}

/// Receives an item and enters it; answers whether there was one.
fn receive<B: PlanBoard, const SHAPE: usize>(
    tx: &mut Tx<B>,
    app: &Soup<SHAPE>,
    ledger: Offset<Ledger>,
    queue: usize,
    timeout: Timeout,
) -> Result<bool, Error> {
    let item = match app.queues[queue].receive(tx, timeout) {
        Ok(item) => item,
        Err(error) if error.is(Outcome::Timeout) || error.is(Outcome::Empty) => return Ok(false),
        Err(other) => return Err(other),
    };
    let (sender, number) = ((item >> 16) as usize, item & 0xFFFF);
    let mut known = tx.get(ledger)?;
    known.counts[queue][sender] += 1;
    known.sums[queue][sender] += number;
    known.squares[queue][sender] += number * number;
    if number < known.next[queue][sender] {
        known.out_of_order += 1;
    }
    known.next[queue][sender] = number + 1;
    tx.set(ledger, known)?;
    Ok(true)
}

/// When all is quiet, takes what is left.
fn audit<B: PlanBoard, const SHAPE: usize>(
    task: &mut Task<B>,
    app: &Soup<SHAPE>,
) -> Result<(), Error> {
    let ledger = app.ledgers[WORKERS];
    task.delay(1_000_000)?;
    for queue in 0..QUEUES {
        nv_loop!(task => {
            if !task.transaction(|tx| receive(tx, app, ledger, queue, Timeout::None))? {
                break;
            }
        });
    }
    nv_loop!(task => {
        let more = task.transaction(|tx| {
            let more = app.units.try_acquire(tx).is_ok();
            tx.update(field!(ledger, Ledger.acquired), |n| n + u32::from(more))?;
            Ok(more)
        })?;
        if !more {
            break;
        }
    });
    Ok(())
}

/// What is wrong with the ledgers.
fn verdict(ledgers: &[Ledger; WORKERS + 1], plan: &Plan) -> Result<(), String> {
    for queue in 0..QUEUES {
        for sender in 0..WORKERS {
            let sent = ledgers[sender].sent[queue];
            let of = |values: fn(&Ledger) -> &[[u32; WORKERS]; QUEUES]| -> u32 {
                ledgers
                    .iter()
                    .map(|ledger| values(ledger)[queue][sender])
                    .sum()
            };
            let found = (of(|l| &l.counts), of(|l| &l.sums), of(|l| &l.squares));
            let expected = (sent, (0..sent).sum(), (0..sent).map(|n| n * n).sum());
            if found != expected {
                return Err(format!(
                    "queue {queue}, sender {sender}: received {found:?}, sent {expected:?}"
                ));
            }
        }
    }
    let acquired: u32 = ledgers.iter().map(|ledger| ledger.acquired).sum();
    let released: u32 = ledgers.iter().map(|ledger| ledger.released).sum();
    if acquired != UNITS + released {
        return Err(format!("{acquired} units acquired of {UNITS} + {released}"));
    }
    for (index, (ledger, script)) in ledgers.iter().zip(&plan.scripts).enumerate() {
        let expected = ROUNDS * script.len() as u32;
        if ledger.steps != expected || ledger.out_of_order != 0 {
            return Err(format!(
                "worker {index}: {} steps of {expected}, {} out of order",
                ledger.steps, ledger.out_of_order
            ));
        }
    }
    Ok(())
}

/// Runs the program of a seed; answers how often the power went.
fn run<const SHAPE: usize>(seed: u64) -> Result<u64, String> {
    let mut random = Random::new(seed);
    let settings = Settings {
        seed,
        accesses_per_tick: 20 + random.below(400),
        preempt_one_in: random.below(40),
        atom: [1, 2, 4][random.below(3) as usize],
        ..Settings::default()
    };
    let plan = Plan::new(&mut random);
    let machine = Machine::with_world(SimNvm::<4>::new(SIZE), settings, plan);
    machine
        .nvm()
        .set_image(&vec![[0x00, 0xFF][random.below(2) as usize]; SIZE as usize]);
    let losses = [0, 20, 200][random.below(3) as usize];
    let mean = 40 + random.below(400);
    let mut app = None;
    for cycle in 0.. {
        if cycle < losses {
            machine.cut_after(random.below(2 * mean));
        } else {
            machine.cut_never();
        }
        let end = machine
            .power_cycle_with::<Soup<SHAPE>>(false, |program| {
                app = Some(*program);
                true
            })
            .map_err(|error| error.to_string())?;
        if end == CycleEnd::Ended {
            break;
        }
    }
    let app = app.ok_or("the program never ran")?;
    let mut failed = None;
    let ledgers = app.ledgers.map(|ledger| {
        machine.nvm().load(ledger).unwrap_or_else(|error| {
            failed = Some(error);
            machine.nvm().load(app.ledgers[0]).unwrap()
        })
    });
    assert_eq!(failed, None);
    verdict(&ledgers, machine.world())?;
    Ok(machine.power_losses())
}

fn run_any(seed: u64) -> Result<u64, String> {
    match seed % 4 {
        0 => run::<0>(seed),
        1 => run::<1>(seed),
        2 => run::<2>(seed),
        _ => run::<3>(seed),
    }
}

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn random_programs_keep_every_promise_over_random_power_losses() {
    let seeds = match number_of("INTOS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number_of("INTOS_SEEDS").unwrap_or(3_000),
    };
    let mut power_losses = 0;
    let mut programs = 0;
    for seed in seeds {
        match run_any(seed) {
            Ok(losses) => power_losses += losses,
            Err(error) => panic!(
                "seed {seed}: {error}\nrepeat with: INTOS_SEED={seed} cargo test -p intos --test kernel random_kernel"
            ),
        }
        programs += 1;
    }
    println!("{programs} random programs, {power_losses} power losses, 0 failed");
}

#[test]
fn broken_variants_are_caught() {
    use intos::{Variant, with_broken};
    for variant in [
        Variant::ListsBeforeCommit,
        Variant::NoRollForward,
        Variant::SlotNotLogged,
    ] {
        let caught = with_broken(variant, || {
            (0..300).any(|seed| {
                std::panic::catch_unwind(|| run_any(seed)).map_or(true, |run| run.is_err())
            })
        });
        assert!(caught, "{variant:?} was not caught");
    }
}
