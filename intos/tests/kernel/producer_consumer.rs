//! A program of four tasks over a queue, a semaphore and delays: cut at every store, it ends as if nothing
//! had happened.

use intos::host::{CycleEnd, Machine, Settings};
use intos::prelude::*;
use intos::{Variant, with_broken};
use nvm_core::sim::SimNvm;

const ITEMS: u32 = 6;

struct Pipeline {
    queue: Queue<u32>,
    done: Semaphore,
    sum: Offset<u32>,
    order: Offset<u32>,
    ticks: Offset<u32>,
    timeouts: Offset<u32>,
}

impl<B: Board> Program<B> for Pipeline {
    const NAME: &'static str = "pipeline";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            queue: objects.queue("queue", 2)?,
            done: objects.semaphore("done", 0, 1)?,
            sum: objects.object("sum", 0)?,
            order: objects.object("order", 0)?,
            ticks: objects.object("ticks", 0)?,
            timeouts: objects.object("timeouts", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("producer", 2, produce),
            1 => TaskEntry::new("consumer", 3, consume),
            2 => TaskEntry::new("reporter", 1, report),
            3 => TaskEntry::new("impatient", 3, give_up),
            _ => return None,
        })
    }
}

fn produce<B: Board>(task: &mut Task<B>, app: &Pipeline) -> Result<(), Error> {
    nv_for_loop!(task, i in 1..ITEMS + 1 => {
        task.transaction(|tx| app.queue.send(tx, i, Timeout::Forever))?;
        if i % 3 == 0 {
            task.delay(2)?;
        }
    });
    Ok(())
}

fn consume<B: Board>(task: &mut Task<B>, app: &Pipeline) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..ITEMS => {
        task.transaction(|tx| {
            let item = app.queue.receive(tx, Timeout::Ticks(1_000))?;
            tx.update(app.sum, |sum| sum + item)?;
            Ok(tx.update(app.order, |order| order * 10 + item)?)
        })?;
    });
    task.transaction(|tx| app.done.release(tx))
}

fn report<B: Board>(task: &mut Task<B>, app: &Pipeline) -> Result<(), Error> {
    task.transaction(|tx| {
        app.done.acquire(tx, Timeout::Forever)?;
        Ok(tx.update(app.ticks, |n| n + 1)?)
    })
}

/// Waits for a semaphore that is never released for it before its time is up.
fn give_up<B: Board>(task: &mut Task<B>, app: &Pipeline) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..2u8 => {
        let timed_out = task.transaction(|tx| {
            Ok(app.queue.try_receive(tx) == Err(Outcome::Empty.into()))
        })?;
        task.transaction(|tx| Ok(tx.update(app.timeouts, |n| n + u32::from(timed_out))?))?;
        task.delay(1)?;
    });
    Ok(())
}

fn results(app: &Pipeline, nvm: &SimNvm<4>) -> (u32, u32, u32) {
    (
        nvm.load(app.sum).unwrap(),
        nvm.load(app.order).unwrap(),
        nvm.load(app.ticks).unwrap(),
    )
}

fn run(settings: Settings, cuts: &[u64]) -> Result<(u32, u32, u32), String> {
    let machine = Machine::new(SimNvm::<4>::new(4096), settings);
    machine.nvm().set_image(&[0xFF; 4096]);
    for cut in cuts {
        machine.cut_after(*cut);
        match machine.power_cycle::<Pipeline>() {
            Ok(CycleEnd::PowerLost) => {}
            Ok(_) => break,
            Err(error) => return Err(error.to_string()),
        }
    }
    machine.cut_never();
    let mut found = None;
    let end = machine
        .power_cycle_with::<Pipeline>(false, |app| {
            found = Some(results(app, machine.nvm()));
            true
        })
        .map_err(|error| error.to_string())?;
    assert_eq!(end, CycleEnd::Ended);
    found.ok_or_else(|| "never ran".into())
}

fn stores(settings: Settings) -> u64 {
    let machine = Machine::new(SimNvm::<4>::new(4096), settings);
    machine.power_cycle::<Pipeline>().unwrap();
    machine.counters().stores()
}

const EXPECTED: (u32, u32, u32) = (21, 123_456, 1);

#[test]
fn it_ends_without_power_loss() {
    assert_eq!(run(Settings::default(), &[]), Ok(EXPECTED));
}

#[test]
fn it_ends_the_same_whatever_is_cut() {
    for atom in [1, 2, 4] {
        let settings = Settings {
            atom,
            ..Settings::default()
        };
        let all = stores(settings);
        for cut in 0..all {
            assert_eq!(
                run(settings, &[cut]),
                Ok(EXPECTED),
                "atom {atom}, cut {cut}"
            );
        }
        println!("pipeline (ATOM {atom}): {all} stores, {all} cut points explored, 0 failed");
    }
}

#[test]
fn broken_variants_are_caught() {
    for variant in [Variant::ListsBeforeCommit, Variant::NoRollForward] {
        let caught = with_broken(variant, || {
            let settings = Settings {
                atom: 1,
                ..Settings::default()
            };
            (0..stores(settings)).any(|cut| run(settings, &[cut]) != Ok(EXPECTED))
        });
        assert!(caught, "{variant:?} was not caught");
    }
}
