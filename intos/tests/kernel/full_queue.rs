//! A full queue with waiting senders of different priorities, all more urgent than the receiver: cut at
//! every store, each item arrives once, and each sender's in order.

use intos::host::{CycleEnd, Machine, Settings};
use intos::prelude::*;
use intos::{Variant, with_broken};
use nvm_core::sim::SimNvm;

const ITEMS: u32 = 3;
const SENDERS: u32 = 3;

struct FullQueue {
    queue: Queue<u32>,
    received: Offset<[u32; 16]>,
    count: Offset<u32>,
}

impl<B: Board> Program<B> for FullQueue {
    const NAME: &'static str = "full queue";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            queue: objects.queue("queue", 2)?,
            received: objects.object("received", [0; 16])?,
            count: objects.object("count", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("receiver", 1, receive),
            1 => TaskEntry::new("sender a", 2, send),
            2 => TaskEntry::new("sender b", 4, send),
            3 => TaskEntry::new("sender c", 4, send),
            _ => return None,
        })
    }
}

fn send<B: Board>(task: &mut Task<B>, app: &FullQueue) -> Result<(), Error> {
    let own = u32::from(task.index().0) * 100;
    nv_for_loop!(task, i in 0..ITEMS => {
        task.transaction(|tx| app.queue.send(tx, own + i, Timeout::Forever))?;
    });
    Ok(())
}

fn receive<B: Board>(task: &mut Task<B>, app: &FullQueue) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..ITEMS * SENDERS => {
        task.transaction(|tx| {
            let item = app.queue.receive(tx, Timeout::Forever)?;
            let count = tx.get(app.count)?;
            if let Some(place) = app.received.element(count as usize) {
                tx.set(place, item)?;
            }
            Ok(tx.set(app.count, count + 1)?)
        })?;
    });
    Ok(())
}

/// What was received, in order; an error where it is not what was sent.
fn run(machine: &Machine<SimNvm<4>>, cuts: &[u64]) -> Result<Vec<u32>, String> {
    machine.nvm().set_image(&[0xFF; 4096]);
    for cut in cuts {
        machine.cut_after(*cut);
        match machine.power_cycle::<FullQueue>() {
            Ok(CycleEnd::PowerLost) => {}
            Ok(_) => break,
            Err(error) => return Err(error.to_string()),
        }
    }
    machine.cut_never();
    let mut received = Vec::new();
    let end = machine.power_cycle_with::<FullQueue>(false, |app| {
        let count = machine.nvm().load(app.count).unwrap() as usize;
        received = machine.nvm().load(app.received).unwrap()[..count.min(16)].to_vec();
        true
    });
    if end != Ok(CycleEnd::Ended) {
        return Err(format!("{end:?}"));
    }
    for sender in 1..=SENDERS {
        let own: Vec<_> = received
            .iter()
            .filter(|item| *item / 100 == sender)
            .collect();
        if own.len() as u32 != ITEMS || !own.is_sorted() {
            return Err(format!("from sender {sender}: {own:?}"));
        }
    }
    Ok(received)
}

fn machine(atom: usize) -> Machine<SimNvm<4>> {
    let settings = Settings {
        atom,
        accesses_per_tick: 0,
        ..Settings::default()
    };
    Machine::new(SimNvm::new(4096), settings)
}

fn stores(machine: &Machine<SimNvm<4>>) -> u64 {
    let before = machine.counters().stores();
    run(machine, &[]).unwrap();
    machine.counters().stores() - before
}

#[test]
fn each_item_arrives_once_and_in_order_whatever_is_cut() {
    for atom in [1, 2, 4] {
        let machine = machine(atom);
        let all = stores(&machine);
        let expected = run(&machine, &[]);
        assert!(expected.is_ok(), "{expected:?}");
        for cut in 0..all {
            assert_eq!(run(&machine, &[cut]), expected, "atom {atom}, cut {cut}");
        }
        println!("full queue (ATOM {atom}): {all} cut points explored, 0 failed");
    }
}

#[test]
fn the_unlogged_slot_is_caught() {
    let machine = machine(1);
    let expected = run(&machine, &[]);
    let all = stores(&machine);
    with_broken(Variant::SlotNotLogged, || {
        let caught = (0..all).find(|cut| run(&machine, &[*cut]) != expected);
        let cut = caught.expect("SlotNotLogged was not caught");
        let found = run(&machine, &[cut]);
        println!("caught by cut {cut}: {found:?} instead of {expected:?}");
    });
}
