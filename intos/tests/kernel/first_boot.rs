//! A first boot that is cut anywhere, twice in a row, ends as a first boot; and a tick that wraps around
//! changes nothing.

use crate::common::{Depth, Ram, Scenario, explore};
use intos::Scheduler;
use intos::host::{CycleEnd, Host, Machine, Settings};
use intos::prelude::*;
use nvm_core::sim::{PowerLoss, until_power_loss};

const SIZE: usize = 2048;

#[derive(Clone, Copy)]
struct Small {
    queue: Queue<u32>,
    units: Semaphore,
    sum: Offset<u32>,
    violations: Offset<u32>,
}

impl<B: Board> Program<B> for Small {
    const NAME: &'static str = "small";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            queue: objects.queue("queue", 2)?,
            units: objects.semaphore("units", 1, 2)?,
            sum: objects.object("sum", 5)?,
            violations: objects.object("violations", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("giver", 1, give),
            1 => TaskEntry::new("taker", 2, take),
            _ => return None,
        })
    }
}

fn give<B: Board>(task: &mut Task<B>, app: &Small) -> Result<(), Error> {
    task.transaction(|tx| app.units.acquire(tx, Timeout::Forever))?;
    nv_for_loop!(task, i in 1..4u32 => {
        task.delay(3)?;
        task.transaction(|tx| app.queue.send(tx, i, Timeout::Ticks(50)))?;
    });
    Ok(())
}

fn take<B: Board>(task: &mut Task<B>, app: &Small) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..3u8 => {
        nv_loop!(task => {
            let taken = task.transaction(|tx| {
                let began = tx.now()?;
                let item = app.queue.receive(tx, Timeout::Ticks(2));
                let passed = tx.now()?.wrapping_sub(began);
                match item {
                    Ok(item) => tx.update(app.sum, |sum| sum + item)?,
                    Err(error) if error.is(Outcome::Timeout) && (2..1_000).contains(&passed) => {}
                    Err(_) => tx.update(app.violations, |n| n + 1)?,
                }
                Ok(item.is_ok())
            })?;
            if taken {
                break;
            }
        });
    });
    Ok(())
}

impl Scenario for Small {
    fn observe(&self, nvm: &Ram) -> Vec<u32> {
        vec![
            nvm.load(self.sum).unwrap(),
            nvm.load(self.violations).unwrap(),
            self.queue.len(nvm).unwrap().into(),
            self.units.count(nvm).unwrap(),
        ]
    }

    fn check(&self, scheduler: &Scheduler<&Machine<Ram>>) -> Result<(), Error> {
        self.queue.check(scheduler)?;
        self.units.check(scheduler)?;
        Ok(())
    }
}

type Kernel<'m> = intos::Kernel<Host<'m, Ram>>;

fn boot(machine: &Machine<Ram>) -> Result<Result<(), String>, PowerLoss> {
    until_power_loss(|| {
        let (kernel, app) =
            Kernel::boot::<Small>(machine, machine).map_err(|error| error.to_string())?;
        let running = kernel
            .scheduler()
            .check()
            .map_err(|error| error.to_string())?;
        app.check(kernel.scheduler())
            .map_err(|error| error.to_string())?;
        if running == 2 && app.observe(machine.nvm()) == [5, 0, 0, 1] {
            Ok(())
        } else {
            Err("not what a first boot stores".into())
        }
    })
}

/// Boots with a cut, if any, in a machine that has just been given power.
fn boot_cut(
    image: &[u8],
    atom: usize,
    cut: Option<u64>,
) -> (Vec<u8>, Result<Result<(), String>, PowerLoss>, u64) {
    let settings = Settings {
        atom,
        ..Settings::default()
    };
    let machine = Machine::new(Ram::new(SIZE as u32), settings);
    machine.nvm().set_image(image);
    if let Some(cut) = cut {
        machine.cut_after(cut);
    }
    let end = boot(&machine);
    (machine.nvm().image(), end, machine.counters().stores())
}

#[test]
fn a_first_boot_cut_anywhere_twice_ends_as_a_first_boot() {
    for atom in [1, 2, 4] {
        let mut cuts = 0;
        for blank in [0x00, 0xFF] {
            let start = [blank; SIZE];
            let (_, end, stores) = boot_cut(&start, atom, None);
            assert_eq!(end, Ok(Ok(())));
            for first in 0..stores {
                let (image, end, _) = boot_cut(&start, atom, Some(first));
                assert_eq!(end, Err(PowerLoss));
                let (_, end, recovery) = boot_cut(&image, atom, None);
                assert_eq!(end, Ok(Ok(())), "atom {atom}, cut {first} over {blank:#x}");
                cuts += 1;
                // Every second cut would be a quarter of a million: every seventh, and each at the ends.
                for second in
                    (0..recovery).filter(|n| *n < 40 || (n + first) % 7 == 0 || recovery - n < 20)
                {
                    let (image, end, _) = boot_cut(&image, atom, Some(second));
                    assert_eq!(end, Err(PowerLoss));
                    let (_, end, _) = boot_cut(&image, atom, None);
                    assert_eq!(end, Ok(Ok(())), "atom {atom}, cuts {first} and {second}");
                    cuts += 1;
                }
            }
        }
        println!("first boot (ATOM {atom}): {cuts} cut points explored, 0 failed");
    }
}

/// Sets the tick of a formatted image, whose two cells lie behind the region's header.
fn set_tick(nvm: &Ram, tick: u32) {
    let cells = if tick.is_multiple_of(2) {
        [tick, tick.wrapping_sub(1)]
    } else {
        [tick.wrapping_sub(1), tick]
    };
    nvm.store(
        nvm_core::Class::Kernel,
        Offset::new(nvm_core::HEADER_BYTES),
        &cells,
    )
    .unwrap();
}

#[test]
fn tasks_sleep_as_long_where_the_tick_wraps_around() {
    for half in [1u32 << 31, 0] {
        for before in 0..20 {
            let machine = Machine::new(Ram::new(SIZE as u32), Settings::default());
            let formatted = machine.power_cycle_with::<Small>(false, |_| false);
            assert_eq!(formatted, Ok(CycleEnd::Stopped));
            set_tick(machine.nvm(), half.wrapping_sub(before));
            let image = machine.nvm().image();
            let stores = machine.counters().stores();
            let end = run(&machine);
            assert_eq!(
                end,
                Ok(vec![11, 0, 0, 0]),
                "{before} ticks before {half:#x}"
            );
            let stores = machine.counters().stores() - stores;
            for cut in (before as u64 % 5..stores).step_by(5) {
                machine.nvm().set_image(&image);
                machine.cut_after(cut);
                let _ = machine.power_cycle::<Small>();
                machine.cut_never();
                assert_eq!(
                    run(&machine),
                    Ok(vec![11, 0, 0, 0]),
                    "{before} before {half:#x}, cut {cut}"
                );
            }
        }
    }
}

fn run(machine: &Machine<Ram>) -> Result<Vec<u32>, String> {
    let mut seen = Vec::new();
    let mut switches = 0;
    let end = machine.power_cycle_with::<Small>(false, |app| {
        seen = app.observe(machine.nvm());
        switches += 1;
        switches < 10_000
    });
    match end {
        Ok(CycleEnd::Ended) => Ok(seen),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn it_survives_every_cut() {
    let depth = Depth {
        second_cuts: 20,
        later_cuts: 2,
    };
    let cuts = explore::<Small>("small", Settings::default(), depth).unwrap();
    println!("small: {cuts} cut points explored, 0 failed");
}
