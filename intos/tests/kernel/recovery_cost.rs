//! From power on to the first task's first instruction: the same few accesses for 2 tasks and for 64.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use intos::Event;
use intos::host::{CycleEnd, Machine, Settings};
use intos::prelude::*;
use nvm_core::sim::{Access, SimNvm};

thread_local! {
    static TASK_RUNS: Cell<bool> = const { Cell::new(false) };
}

/// What the first task is doing when the power goes, while all others wait.
const HAND_OVER: usize = 0;
const UNLOCK: usize = 1;
const SET: usize = 2;
const DELETE: usize = 3;
const NAMES: [&str; 4] = [
    "queue.send to a waiting receiver",
    "mutex.unlock, with an inherited priority",
    "event_group.set for one of those who wait",
    "task.delete of one that waits",
];

struct Many<const TASKS: usize, const WHAT: usize> {
    queue: Queue<u32>,
    mutex: Mutex,
    events: EventGroup,
    sum: Offset<u32>,
}

impl<B: Board, const TASKS: usize, const WHAT: usize> Program<B> for Many<TASKS, WHAT> {
    const NAME: &'static str = "many";
    const VERSION: u32 = TASKS as u32;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            queue: objects.queue("queue", 4)?,
            mutex: objects.mutex("mutex")?,
            events: objects.event_group("events")?,
            sum: objects.object("sum", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        // Most of them are blocked when the power goes, and one has a call under way.
        match index {
            0 => Some(TaskEntry::new("first", 1, first)),
            _ if index < TASKS => Some(TaskEntry::new("other", 2, other)),
            _ => None,
        }
    }
}

fn first<B: Board, const TASKS: usize, const WHAT: usize>(
    task: &mut Task<B>,
    app: &Many<TASKS, WHAT>,
) -> Result<(), Error> {
    TASK_RUNS.set(true);
    if WHAT == UNLOCK {
        let mut guard = app.mutex.lock(task, Timeout::Forever)?;
        // The others come, and one of them waits for the mutex.
        guard.delay(5)?;
        guard.unlock()?;
    }
    nv_for_loop!(task, i in 1..TASKS as u32 => {
        task.transaction(|tx| match WHAT {
            SET => app.events.set(tx, 1 << i.min(23)).map(drop),
            DELETE if i == 1 => TaskId::new(intos::TaskIndex(1), 0).delete(tx),
            // That one had what it waited for.
            UNLOCK if i == 1 => Ok(()),
            _ => app.queue.send(tx, i, Timeout::Forever),
        })?;
    });
    Ok(())
}

fn other<B: Board, const TASKS: usize, const WHAT: usize>(
    task: &mut Task<B>,
    app: &Many<TASKS, WHAT>,
) -> Result<(), Error> {
    TASK_RUNS.set(true);
    let me = u32::from(task.index().0);
    match WHAT {
        UNLOCK if me == 1 => {
            // After the first task, which is less urgent.
            task.delay(2)?;
            app.mutex.lock(task, Timeout::Forever)?.unlock()
        }
        SET => task.transaction(|tx| {
            let bit = 1 << me.min(23);
            app.events
                .wait_any(tx, bit, OnExit::Clear, Timeout::Forever)
                .map(drop)
        }),
        _ => task.transaction(|tx| {
            let item = app.queue.receive(tx, Timeout::Forever)?;
            Ok(tx.update(app.sum, |sum| sum + item)?)
        }),
    }
}

/// When the first task's call is being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Call {
    Before,
    Under,
    Over,
}

/// A machine, and whether the first task's call is being made on it.
fn machine(atom: usize) -> (Machine<SimNvm<4>>, Rc<Cell<Call>>) {
    let settings = Settings {
        atom,
        accesses_per_tick: 0,
        ..Settings::default()
    };
    let machine = Machine::new(SimNvm::<4>::new(64 * 1024), settings);
    machine.nvm().set_image(&vec![0xFF; 64 * 1024]);
    let state = Rc::new(Cell::new(Call::Before));
    let observed = Rc::clone(&state);
    machine.set_observer(Some(Box::new(move |_, event| match event {
        Event::Called {
            task: Some(task),
            call,
        } if task.0 == 0
            && observed.get() == Call::Before
            && matches!(
                call,
                "queue.send" | "mutex.unlock" | "event_group.set" | "task.delete"
            ) =>
        {
            observed.set(Call::Under);
        }
        Event::Switched { .. } | Event::Transaction { .. } if observed.get() == Call::Under => {
            observed.set(Call::Over);
        }
        _ => {}
    })));
    (machine, state)
}

/// Which atomic stores are those of the first task's call.
fn stores_of_call<const TASKS: usize, const WHAT: usize>(atom: usize) -> Range<u64> {
    let (whole, _) = machine(atom);
    let end = whole.power_cycle::<Many<TASKS, WHAT>>();
    assert_eq!(end, Ok(CycleEnd::Ended), "{}", NAMES[WHAT]);
    // How far the call is at each cut only ever grows.
    let first = |wanted: Call| {
        let (mut low, mut high) = (0, whole.counters().stores());
        while low < high {
            let middle = low.midpoint(high);
            let (machine, state) = machine(atom);
            machine.cut_after(middle);
            let _ = machine.power_cycle::<Many<TASKS, WHAT>>();
            if state.get() >= wanted {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    };
    first(Call::Under)..first(Call::Over)
}

/// Loads and stores of the start after a power loss before a store of the first task's call, when all others
/// wait, up to the first task's first instruction.
fn accesses<const TASKS: usize, const WHAT: usize>(atom: usize, cut: u64) -> (u64, u64) {
    let (machine, _) = machine(atom);
    machine.cut_after(cut);
    let end = machine.power_cycle::<Many<TASKS, WHAT>>();
    assert_eq!(end, Ok(CycleEnd::PowerLost), "{}", NAMES[WHAT]);

    let loads = Rc::new(Cell::new(0));
    let stores = Rc::new(Cell::new(0));
    let (hook_loads, hook_stores) = (Rc::clone(&loads), Rc::clone(&stores));
    TASK_RUNS.set(false);
    machine.nvm().set_hook(Some(Box::new(move |access| {
        if !TASK_RUNS.get() {
            let counter = match access {
                Access::Read => &hook_loads,
                Access::Store => &hook_stores,
            };
            counter.set(counter.get() + 1);
        }
    })));
    let end = machine.power_cycle::<Many<TASKS, WHAT>>();
    assert_eq!(end, Ok(CycleEnd::Ended), "{}", NAMES[WHAT]);
    (loads.get(), stores.get())
}

fn costs_the_same_with_64_tasks<const WHAT: usize>() {
    let name = NAMES[WHAT];
    for atom in [1, 2, 4] {
        let (few, some, many) = (
            stores_of_call::<2, WHAT>(atom),
            stores_of_call::<8, WHAT>(atom),
            stores_of_call::<64, WHAT>(atom),
        );
        let cuts = few.end - few.start;
        assert!(cuts > 5, "{name}: {cuts} stores");
        let mut most = (0, 0);
        for cut in 0..cuts {
            let with_2 = accesses::<2, WHAT>(atom, few.start + cut);
            for (tasks, counted) in [
                (8, accesses::<8, WHAT>(atom, some.start + cut)),
                (64, accesses::<64, WHAT>(atom, many.start + cut)),
            ] {
                assert_eq!(
                    counted, with_2,
                    "{name}, {tasks} tasks, atom {atom}, cut {cut}"
                );
            }
            most = (most.0.max(with_2.0), most.1.max(with_2.1));
        }
        let (loads, stores) = most;
        println!(
            "recovery from a cut in {name} (ATOM {atom}, {cuts} cuts): at most {loads} loads and \
             {stores} atomic stores up to the first task's first instruction, with 2, 8 and 64 tasks"
        );
    }
}

#[test]
fn recovery_does_not_depend_on_the_number_of_tasks() {
    costs_the_same_with_64_tasks::<HAND_OVER>();
}

#[test]
fn nor_does_it_where_a_priority_was_inherited() {
    costs_the_same_with_64_tasks::<UNLOCK>();
}

#[test]
fn nor_does_it_where_others_wait_for_other_events() {
    costs_the_same_with_64_tasks::<SET>();
}

#[test]
fn nor_does_it_where_a_task_is_deleted() {
    costs_the_same_with_64_tasks::<DELETE>();
}
