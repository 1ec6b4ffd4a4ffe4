//! The name of a task means no other that comes into its slot later, wherever the power goes while that one is
//! created: also where both bytes of the generation change.

#![allow(clippy::unwrap_used)] // a failure fails the test

use intos_sched::{
    Error, FollowUps, Priority, Scheduler, SchedulerAreas, TaskIndex, TaskState, ThreadPlaces, Work,
};
use nvm_core::sim::{Explorer, SimNvm};
use nvm_core::{Area, Layout, Nvm, for_each_atom};
use replay::{Thread, ThreadAreas, ThreadLayout};

const SIZE: u32 = 2048;
/// The slot; the other task is its creator.
const SLOT: TaskIndex = TaskIndex(1);

fn areas_of(base: u32, task: TaskIndex) -> ThreadAreas {
    let sizes = ThreadLayout::DEFAULT;
    let area = Area::new(base + u32::from(task.0) * sizes.bytes(), sizes.bytes());
    ThreadAreas::split(area, &sizes)
}

fn places() -> (SchedulerAreas, ThreadPlaces) {
    let mut layout = Layout::new("generations", 1);
    let areas = SchedulerAreas::place(&mut layout, 2).unwrap();
    let threads = ThreadPlaces {
        base: layout.size(),
        find: |base, task| Some(areas_of(base, task)),
    };
    (areas, threads)
}

fn open<N: Nvm + Copy>(nvm: N) -> Scheduler<N> {
    let (areas, threads) = places();
    Scheduler::open(nvm, areas, threads, FollowUps::NONE)
}

fn create<N: Nvm + Copy>(scheduler: &Scheduler<N>) -> Result<(), Error> {
    let mut work = Work::none();
    let areas = areas_of(places().1.base, SLOT);
    let task = scheduler.prepare_task(SLOT, &areas, Priority(2), &mut work, || Ok(()))?;
    scheduler.transact(&work, || {}, |kernel| task.carry_out(kernel))?;
    Ok(())
}

/// A slot in which 255 tasks were created, and have ended.
fn prepare<const ATOM: usize>(nvm: &SimNvm<ATOM>) {
    let (areas, threads) = places();
    Scheduler::format(nvm, &areas, |task| (task != SLOT).then_some(Priority(1))).unwrap();
    for task in [TaskIndex(0), SLOT] {
        Thread::format(nvm, &areas_of(threads.base, task)).unwrap();
    }
    let scheduler = open(nvm);
    for _ in 0..255 {
        create(&scheduler).unwrap();
        scheduler.end(SLOT, || {}).unwrap();
    }
    assert_eq!(scheduler.id(SLOT).unwrap().generation(), 255);
}

#[test]
fn a_torn_creation_never_brings_an_old_name_back() {
    for_each_atom!(ATOM => {
        let report = Explorer::<ATOM>::new("creation", SIZE).depth(2).explore(
            prepare,
            |nvm| create(&open(nvm)).unwrap(),
            |nvm| {
                let scheduler = open(nvm);
                scheduler.recover(|_| {}).unwrap();
            },
            |nvm| {
                let scheduler = open(nvm);
                let generation = scheduler.id(SLOT).unwrap().generation();
                match (scheduler.state(SLOT).unwrap(), generation) {
                    (TaskState::Ended, 255) | (TaskState::Ready, 256) => Ok(()),
                    found => Err(format!("{found:?}")),
                }
            },
        );
        report.assert_clean();
    });
}
