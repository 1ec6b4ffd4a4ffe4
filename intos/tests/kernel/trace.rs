//! What an observer of a machine is told, and a trace of it.

use std::cell::RefCell;
use std::rc::Rc;

use intos::Event;
use intos::host::{CycleEnd, Machine, Settings};
use intos::prelude::*;
use nvm_core::sim::SimNvm;

/// A task that sleeps alone.
#[derive(Debug)]
struct Sleeper;

impl<B: Board> Program<B> for Sleeper {
    const NAME: &'static str = "sleeper";
    const VERSION: u32 = 1;

    fn place(_: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self)
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        (index == 0).then_some(TaskEntry::new("sleeper", 1, |task, _| {
            nv_for_loop!(task, _i in 0..3u32 => {
                task.delay(7)?;
            });
            Ok(())
        }))
    }
}

/// What is told of a run with a power loss before the store that follows so many.
fn told_of_sleeper(stores: u64) -> Vec<Event> {
    let machine = Machine::new(SimNvm::<4>::new(2048), Settings::default());
    let told = Rc::new(RefCell::new(Vec::new()));
    let events = Rc::clone(&told);
    machine.set_observer(Some(Box::new(move |_, event| {
        events.borrow_mut().push(event);
    })));
    machine.cut_after(stores);
    if machine.power_cycle::<Sleeper>().unwrap() == CycleEnd::PowerLost {
        machine.power_cycle::<Sleeper>().unwrap();
    }
    told.take()
}

/// Also after a sleep or a power loss, when nothing is switched.
#[test]
fn before_a_task_does_anything_it_is_told_that_it_runs() {
    let mut went_on_without_switch = 0;
    for stores in 0.. {
        let told = told_of_sleeper(stores);
        let mut running = None;
        for event in &told {
            match *event {
                Event::PowerOn | Event::Idle { .. } => running = None,
                Event::Switched { task } => running = task,
                Event::Resumed { task } => {
                    went_on_without_switch += u32::from(running != Some(task));
                    running = Some(task);
                }
                Event::Started { task, .. }
                | Event::Transaction { task, .. }
                | Event::Completed { task, .. } => assert_eq!(running, Some(task), "{told:?}"),
                _ => {}
            }
        }
        if !told.contains(&Event::PowerLost) {
            assert!(stores > 50, "{stores}");
            break;
        }
    }
    assert!(went_on_without_switch > 100, "{went_on_without_switch}");
}

#[test]
fn a_trace_holds_what_happened_until_it_was_finished() {
    let machine = Machine::new(SimNvm::<4>::new(2048), Settings::default());
    let trace = machine.start_trace::<Sleeper, _>(Vec::new());
    machine.power_cycle::<Sleeper>().unwrap();
    let json = String::from_utf8(trace.finish().unwrap()).unwrap();
    let count = |name: &str| json.matches(&format!("\"name\":\"{name}\"")).count();
    // Each in two pieces, and once blocked in between.
    assert_eq!(count("transaction"), 6);
    assert_eq!(count("blocked"), 3);
    assert_eq!(count("task.delay"), 9);
    assert!(json.ends_with("]}\n"));
    // Nothing is written any more, and nothing panics.
    machine.power_cycle::<Sleeper>().unwrap();
}
