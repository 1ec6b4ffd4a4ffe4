//! When the power goes: after a number of accesses, loads too, exactly.
#![allow(clippy::trivially_copy_pass_by_ref)] // a task takes its program by reference

use intos::host::{CycleEnd, Host, Machine, Settings};
use intos::prelude::*;
use nvm_core::Nvm as _;
use nvm_core::sim::SimNvm;

type Nvm = SimNvm<4>;

/// Mostly loads.
#[derive(Debug, Clone, Copy)]
struct Sums {
    numbers: Offset<[u32; 4]>,
    sum: Offset<u32>,
}

impl<B: Board> Program<B> for Sums {
    const NAME: &'static str = "sums";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            numbers: objects.object("numbers", [1, 2, 3, 4])?,
            sum: objects.object("sum", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        (index == 0).then_some(TaskEntry::new("sums", 1, run))
    }
}

fn run<B: Board>(task: &mut Task<B>, app: &Sums) -> Result<(), Error> {
    task.transaction(|tx| {
        for number in (0..4).filter_map(|index| app.numbers.element(index)) {
            let number = tx.get(number)?;
            tx.update(app.sum, |sum| sum + number)?;
        }
        Ok(())
    })
}

/// A machine that is formatted.
fn machine() -> Machine<Nvm> {
    let bytes = intos::Kernel::<Host<'_, Nvm>>::bytes_needed::<Sums>().unwrap();
    let machine = Machine::new(Nvm::new(bytes), Settings::default());
    let formatted = machine.power_cycle_with::<Sums>(true, |_| false);
    assert_eq!(formatted, Ok(CycleEnd::Stopped));
    machine
}

/// The accesses of a power cycle, how it ended, and the sum.
fn cycle(machine: &Machine<Nvm>) -> (u64, CycleEnd, u32) {
    let before = machine.accesses();
    let mut app = None;
    let end = machine.power_cycle_with::<Sums>(false, |placed| {
        app = Some(*placed);
        true
    });
    let sum = app.map_or(0, |app| machine.nvm().load(app.sum).unwrap());
    (machine.accesses() - before, end.unwrap(), sum)
}

#[test]
fn the_power_goes_after_so_many_accesses() {
    let (accesses, end, sum) = cycle(&machine());
    assert_eq!((end, sum), (CycleEnd::Ended, 10));
    for cut in 0..accesses {
        let machine = machine();
        machine.cut_in(cut);
        let (made, end, _) = cycle(&machine);
        assert_eq!((made, end), (cut, CycleEnd::PowerLost));
        assert_eq!(machine.power_losses(), 1);
        // Once: not in the next cycle.
        let (_, end, sum) = cycle(&machine);
        assert_eq!((end, sum), (CycleEnd::Ended, 10), "cut after {cut}");
    }
    let machine = machine();
    machine.cut_in(accesses);
    assert_eq!(cycle(&machine), (accesses, CycleEnd::Ended, 10));
}

#[test]
fn a_planned_cut_can_be_taken_back() {
    let machine = machine();
    machine.cut_in(3);
    machine.cut_never();
    assert_eq!(cycle(&machine).1, CycleEnd::Ended);
}
