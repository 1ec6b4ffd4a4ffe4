//! Tasks of one priority that take turns by time slices: a power loss finds one of them in a system call,
//! and the start that follows must roll back just that one's before any of them runs.

use intos::host::{CycleEnd, Machine, Settings};
use intos::prelude::*;
use intos::{Variant, with_broken};
use nvm_core::sim::SimNvm;

const RELEASES: u32 = 8;
const TASKS: u32 = 3;

struct Slices {
    units: Semaphore,
}

impl<B: Board> Program<B> for Slices {
    const NAME: &'static str = "time slices";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            units: objects.semaphore("units", 0, 1_000)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        (index < TASKS as usize).then_some(TaskEntry::new("releaser", 3, release))
    }
}

fn release<B: Board>(task: &mut Task<B>, app: &Slices) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..RELEASES => {
        task.transaction(|tx| app.units.release(tx))?;
    });
    Ok(())
}

fn machine(atom: usize, accesses_per_tick: u64) -> Machine<SimNvm<4>> {
    let settings = Settings {
        atom,
        accesses_per_tick,
        ..Settings::default()
    };
    Machine::new(SimNvm::new(2048), settings)
}

/// Units at the end.
fn run(machine: &Machine<SimNvm<4>>, cut: Option<u64>) -> Result<u32, String> {
    machine.nvm().set_image(&[0; 2048]);
    if let Some(cut) = cut {
        machine.cut_after(cut);
        let end = machine.power_cycle::<Slices>();
        if !matches!(end, Ok(CycleEnd::PowerLost | CycleEnd::Ended)) {
            return Err(format!("{end:?}"));
        }
        machine.cut_never();
    }
    let mut units = Ok(0);
    let end = machine.power_cycle_with::<Slices>(false, |app| {
        units = app.units.count(machine.nvm());
        true
    });
    if end != Ok(CycleEnd::Ended) {
        return Err(format!("{end:?}"));
    }
    units.map_err(|error| error.to_string())
}

/// A cut that was not survived, and what came of it.
type Failed = (u64, Result<u32, String>);

fn every_cut(atom: usize, accesses_per_tick: u64) -> (u64, Option<Failed>) {
    let stores = {
        let machine = machine(atom, accesses_per_tick);
        assert_eq!(run(&machine, None), Ok(TASKS * RELEASES));
        machine.counters().stores()
    };
    let failed = (0..stores).find_map(|cut| {
        let end = run(&machine(atom, accesses_per_tick), Some(cut));
        (end != Ok(TASKS * RELEASES)).then_some((cut, end))
    });
    (stores, failed)
}

#[test]
fn no_release_is_lost_or_doubled_whatever_is_cut() {
    for atom in [1, 2, 4] {
        for accesses_per_tick in [23, 110] {
            let (cuts, failed) = every_cut(atom, accesses_per_tick);
            assert_eq!(failed, None);
            println!("time slices (ATOM {atom}): {cuts} cut points explored, 0 failed");
        }
    }
}

#[test]
fn a_forgotten_running_task_is_caught() {
    with_broken(Variant::ForgetsCurrent, || {
        let caught = [70, 110, 150, 190]
            .into_iter()
            .find_map(|accesses_per_tick| every_cut(1, accesses_per_tick).1);
        let (cut, end) = caught.expect("ForgetsCurrent was not caught");
        println!("ForgetsCurrent is caught by cut {cut}: {end:?}");
    });
}
