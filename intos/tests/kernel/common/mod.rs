//! Cuts a program at every store, and its recovery at every early store and at some later ones.
#![allow(unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::panic)] // a failure fails the test

#[macro_use]
pub mod program;

use intos::host::{CycleEnd, Host, Machine, Random, Settings};
use intos::{Error, Kernel, Program, Scheduler};
use nvm_core::sim::SimNvm;

/// The simulated memory; what tears is the machine's affair.
pub type Ram = SimNvm<4>;

/// A program whose end is the same however often the power goes.
pub trait Scenario: for<'m> Program<Host<'m, Ram>> {
    /// What must be the same at the end.
    fn observe(&self, nvm: &Ram) -> Vec<u32>;

    /// Validates the program's queues and semaphores.
    fn check(&self, scheduler: &Scheduler<&Machine<Ram>>) -> Result<(), Error>;
}

/// How thoroughly a scenario is cut.
#[derive(Debug, Clone, Copy)]
pub struct Depth {
    /// Of each recovery, the power goes again before each of so many first stores …
    pub second_cuts: u64,
    /// … and before so many random later ones.
    pub later_cuts: u64,
}

const SIZE: usize = 16 * 1024;
/// Switches between tasks after which a run is taken to go on forever.
const MANY: u32 = 100_000;

/// Cuts `S` everywhere from its first instruction on, and answers how often; its end must be as without cuts.
pub fn explore<S: Scenario>(name: &str, settings: Settings, depth: Depth) -> Result<u64, String> {
    let machine = Machine::new(Ram::new(SIZE as u32), settings);
    machine.nvm().set_image(&[0xFF; SIZE]);
    let formatted = machine.power_cycle_with::<S>(false, |_| false);
    assert_eq!(formatted, Ok(CycleEnd::Stopped), "{name}");
    let start = machine.nvm().image();
    let (expected, stores) = finish::<S>(&machine)?;
    let mut random = Random::new(settings.seed);
    let mut cuts = 0;
    for cut in 0..stores {
        machine.nvm().set_image(&start);
        machine.cut_after(cut);
        let end = machine.power_cycle::<S>();
        machine.cut_never();
        if end != Ok(CycleEnd::PowerLost) && end != Ok(CycleEnd::Ended) {
            return Err(format!("{name}, cut {cut}: {end:?}"));
        }
        cuts += 1;
        let image = machine.nvm().image();
        validate::<S>(&machine).map_err(|error| format!("{name}, cut {cut}: {error}"))?;
        machine.nvm().set_image(&image);
        let (found, recovery) =
            finish::<S>(&machine).map_err(|e| format!("{name}, cut {cut}: {e}"))?;
        if found != expected {
            return Err(format!(
                "{name}, cut {cut}: {found:?} instead of {expected:?}"
            ));
        }
        let early = depth.second_cuts.min(recovery);
        let later = (0..depth.later_cuts).map(|_| random.below(recovery.max(1)));
        for second in (0..early).chain(later) {
            machine.nvm().set_image(&image);
            machine.cut_after(second);
            let _ = machine.power_cycle::<S>();
            machine.cut_never();
            cuts += 1;
            let end = finish::<S>(&machine);
            if end.as_ref().map(|(found, _)| found) != Ok(&expected) {
                return Err(format!(
                    "{name}, cuts {cut} and {second}: {end:?}, not {expected:?}"
                ));
            }
        }
    }
    Ok(cuts)
}

/// Runs to the end; answers what is seen there, and how many stores it took.
fn finish<S: Scenario>(machine: &Machine<Ram>) -> Result<(Vec<u32>, u64), String> {
    let before = machine.counters().stores();
    let mut seen = Vec::new();
    let mut switches = 0;
    let end = machine.power_cycle_with::<S>(false, |app| {
        seen = app.observe(machine.nvm());
        switches += 1;
        switches < MANY
    });
    if end != Ok(CycleEnd::Ended) {
        return Err(end.map_or_else(|error| error.to_string(), |end| format!("{end:?}")));
    }
    Ok((seen, machine.counters().stores() - before))
}

/// Validates all lists as the next start finds them.
fn validate<S: Scenario>(machine: &Machine<Ram>) -> Result<(), String> {
    let (kernel, app) =
        Kernel::<Host<'_, Ram>>::boot::<S>(machine, machine).map_err(|error| error.to_string())?;
    kernel
        .scheduler()
        .check()
        .map_err(|error| error.to_string())?;
    app.check(kernel.scheduler())
        .map_err(|error| error.to_string())
}
