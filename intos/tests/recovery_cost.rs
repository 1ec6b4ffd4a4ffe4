//! From power on to the first task's first instruction: the same few accesses for 2 tasks and for 64.

use std::cell::Cell;
use std::rc::Rc;

use intos::host::{CycleEnd, Machine, Settings};
use intos::prelude::*;
use nvm_core::sim::{Access, SimNvm};

thread_local! {
    static TASK_RUNS: Cell<bool> = const { Cell::new(false) };
}

struct Many<const TASKS: usize> {
    queue: Queue<u32>,
    sum: Offset<u32>,
}

impl<B: Board, const TASKS: usize> Program<B> for Many<TASKS> {
    const NAME: &'static str = "many";
    const VERSION: u32 = TASKS as u32;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            queue: objects.queue("queue", 4)?,
            sum: objects.object("sum", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        // Most of them are blocked when the power goes, and one has a call under way.
        match index {
            0 => Some(TaskEntry::new("sender", 1, send)),
            _ if index < TASKS => Some(TaskEntry::new("receiver", 2, receive)),
            _ => None,
        }
    }
}

fn send<B: Board, const TASKS: usize>(task: &mut Task<B>, app: &Many<TASKS>) -> Result<(), Error> {
    TASK_RUNS.set(true);
    nv_for_loop!(task, i in 1..TASKS as u32 => {
        task.transaction(|tx| app.queue.send(tx, i, Timeout::Forever))?;
    });
    Ok(())
}

fn receive<B: Board, const TASKS: usize>(
    task: &mut Task<B>,
    app: &Many<TASKS>,
) -> Result<(), Error> {
    TASK_RUNS.set(true);
    task.transaction(|tx| {
        let item = app.queue.receive(tx, Timeout::Forever)?;
        Ok(tx.update(app.sum, |sum| sum + item)?)
    })
}

/// Loads and stores of the start after a power loss, up to the first task's first instruction. The power
/// goes before the store after `cut` in the sender's first turn, when all receivers wait.
fn accesses<const TASKS: usize>(atom: usize, cut: u64) -> (u64, u64) {
    let settings = Settings {
        atom,
        accesses_per_tick: 0,
        ..Settings::default()
    };
    let machine = Machine::new(SimNvm::<4>::new(64 * 1024), settings);
    let mut turns = 0;
    let end = machine.power_cycle_with::<Many<TASKS>>(false, |_| {
        turns += 1;
        if turns == TASKS {
            machine.cut_after(cut);
        }
        true
    });
    assert_eq!(end, Ok(CycleEnd::PowerLost));

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
    let end = machine.power_cycle::<Many<TASKS>>();
    assert_eq!(end, Ok(CycleEnd::Ended));
    (loads.get(), stores.get())
}

#[test]
fn recovery_does_not_depend_on_the_number_of_tasks() {
    for atom in [1, 2, 4] {
        let mut most = (0, 0);
        // The first call hands an item over to a waiting receiver; its peers stay as they are.
        for cut in 0..90 / atom as u64 {
            let few = accesses::<2>(atom, cut);
            assert_eq!(accesses::<8>(atom, cut), few, "atom {atom}, cut {cut}");
            assert_eq!(accesses::<64>(atom, cut), few, "atom {atom}, cut {cut}");
            most = (most.0.max(few.0), most.1.max(few.1));
        }
        let (loads, stores) = most;
        println!(
            "recovery (ATOM {atom}): at most {loads} loads and {stores} atomic stores up to the first \
             task's first instruction, with 2, 8 and 64 tasks"
        );
    }
}
