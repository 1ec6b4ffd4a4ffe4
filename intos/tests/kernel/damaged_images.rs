//! Images of running programs with damaged bytes: an error or a wrong value, but neither a panic nor an
//! endless loop.
//!
//! A failure prints the command that repeats it. `INTOS_SEEDS=N` damages more images.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use intos::Kernel;
use intos::host::{CycleEnd, Host, Machine, Random, Settings};
use intos::prelude::*;
use nvm_core::sim::SimNvm;

const SIZE: usize = 4096;
type Ram = SimNvm<4>;

struct Busy {
    queue: Queue<u32>,
    units: Semaphore,
    sum: Offset<u32>,
}

impl<B: Board> Program<B> for Busy {
    const NAME: &'static str = "busy";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            queue: objects.queue("queue", 2)?,
            units: objects.semaphore("units", 0, 2)?,
            sum: objects.object("sum", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("sender a", 3, send),
            1 => TaskEntry::new("sender b", 3, send),
            2 => TaskEntry::new("receiver", 2, receive),
            3 => TaskEntry::new("waiter", 5, wait),
            4 => TaskEntry::new("waiter", 4, wait),
            _ => return None,
        })
    }
}

fn send<B: Board>(task: &mut Task<B>, app: &Busy) -> Result<(), Error> {
    nv_for_loop!(task, i in 0..20u32 => {
        task.transaction(|tx| app.queue.send(tx, i, Timeout::Forever))?;
        task.transaction(|tx| app.units.release(tx).or(Ok(())))?;
    });
    Ok(())
}

fn receive<B: Board>(task: &mut Task<B>, app: &Busy) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..40u32 => {
        task.transaction(|tx| {
            let item = app.queue.receive(tx, Timeout::Forever)?;
            Ok(tx.update(app.sum, |sum| sum.wrapping_add(item))?)
        })?;
    });
    Ok(())
}

fn wait<B: Board>(task: &mut Task<B>, app: &Busy) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..10u32 => {
        let _ = task.transaction(|tx| app.units.acquire(tx, Timeout::Ticks(7)));
        task.delay(2)?;
    });
    Ok(())
}

/// An image from somewhere in a run.
fn image(random: &mut Random) -> Vec<u8> {
    let settings = Settings {
        seed: random.next(),
        accesses_per_tick: 40,
        ..Settings::default()
    };
    let machine = Machine::new(Ram::new(SIZE as u32), settings);
    let _ = machine.power_cycle_with::<Busy>(false, |_| false);
    machine.cut_after(random.below(1_500));
    let _ = machine.power_cycle::<Busy>();
    machine.nvm().image()
}

/// How the program ends with the damaged image.
fn run_damaged(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut image = image(&mut random);
    let machine = Machine::new(Ram::new(SIZE as u32), Settings::default());
    let used = Kernel::<Host<'_, Ram>>::bytes_needed::<Busy>().unwrap();
    for _ in 0..=random.below(6) {
        let at = random.below(used.into()) as usize;
        image[at] = match random.below(4) {
            0 => image[at] ^ 1 << random.below(8),
            1 => 0xFF,
            2 => image[random.below(used.into()) as usize],
            _ => random.next() as u8,
        };
    }
    let settings = Settings {
        seed,
        accesses_per_tick: 60,
        preempt_one_in: 100,
        atom: 4,
        ..Settings::default()
    };
    let machine = {
        drop(machine);
        Machine::new(Ram::new(SIZE as u32), settings)
    };
    machine.nvm().set_image(&image);
    let mut end = "still busy".to_owned();
    for cut in [Some(random.below(300)), None] {
        match cut {
            Some(cut) => machine.cut_after(cut),
            None => machine.cut_never(),
        }
        // A damaged loop may count to 2^32: that is a wrong value, not a hang.
        let mut switches = 0;
        end = match machine.power_cycle_with::<Busy>(false, |_| {
            switches += 1;
            switches < 2_000
        }) {
            Ok(CycleEnd::Ended) => "ended".into(),
            Ok(CycleEnd::Stopped) => "still busy".into(),
            Ok(CycleEnd::PowerLost) => "power lost".into(),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                let error = format!("{error:?}");
                error
                    .split(['{', '('])
                    .next()
                    .unwrap_or("")
                    .trim()
                    .to_owned()
            }
        };
    }
    end
}

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn a_damaged_image_never_panics_nor_hangs() {
    let seeds = match number_of("INTOS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number_of("INTOS_SEEDS").unwrap_or(5_000),
    };
    let mut ends = BTreeMap::new();
    for seed in seeds {
        let Ok(end) = catch_unwind(AssertUnwindSafe(|| run_damaged(seed))) else {
            panic!(
                "seed {seed} panicked\nrepeat with: INTOS_SEED={seed} cargo test -p intos --test kernel damaged_images"
            )
        };
        *ends.entry(end).or_insert(0u32) += 1;
    }
    println!("damaged images: {ends:?}");
}
