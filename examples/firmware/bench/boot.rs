//! The start after a power loss: from the call that starts the kernel to the first task's first instruction.
//!
//! All tasks but the least urgent one wait for an item of a queue when the power goes; that one is in a transaction
//! that has written a word, and runs first after the start.

use intos::cortex_m;
use intos::prelude::*;
use intos_firmware::{fail, lose_power};
use semihosting::process::exit;

use intos_firmware::bench::board::Bench;
use intos_firmware::bench::control;
use intos_firmware::bench::window::tell;
use intos_firmware::bench::window::{
    bench_take, bench_window_begins, bench_window_ends, start_timer,
};

/// What each task needs: the program that is measured has 64 of them.
const STACK_BYTES: usize = 4096;

struct Boot<const TASKS: usize> {
    queue: Queue<u32>,
    word: Offset<u32>,
}

impl<const TASKS: usize> Program<Bench> for Boot<TASKS> {
    const NAME: &'static str = "boot";
    const VERSION: u32 = TASKS as u32;

    fn place(objects: &mut Placement<<Bench as Board>::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            queue: objects.queue("queue", 4)?,
            word: objects.object("word", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<Bench, Self>> {
        match index {
            0 => Some(TaskEntry::new("last", 1, last).with_stack(STACK_BYTES)),
            _ if index < TASKS => {
                Some(TaskEntry::new("waiting", 2, waiting).with_stack(STACK_BYTES))
            }
            _ => None,
        }
    }
}

/// The power is back, and the first task runs.
fn end_where_power_was_lost() {
    bench_window_ends();
    if control::power_losses() > 0 {
        tell(&bench_take());
        exit(0);
    }
}

fn last<const TASKS: usize>(task: &mut Task<Bench>, objects: &Boot<TASKS>) -> Result<(), Error> {
    end_where_power_was_lost();
    task.transaction(|tx| {
        tx.set(objects.word, 7)?;
        control::count_power_loss();
        lose_power()
    })
}

fn waiting<const TASKS: usize>(task: &mut Task<Bench>, objects: &Boot<TASKS>) -> Result<(), Error> {
    end_where_power_was_lost();
    task.transaction(|tx| objects.queue.receive(tx, Timeout::Forever).map(drop))
}

/// Measures the start of that name, if there is one.
pub(crate) fn run(name: &str) {
    match name {
        "boot-1" => boot::<1>(),
        "boot-4" => boot::<4>(),
        "boot-7" => boot::<7>(),
        "boot-64" => boot::<64>(),
        _ => {}
    }
}

fn boot<const TASKS: usize>() -> ! {
    start_timer();
    let _ = bench_take();
    bench_window_begins();
    cortex_m::start::<Bench, Boot<TASKS>>(|_, _| fail(format_args!("all tasks have ended")))
}
