//! A history: a program from its first boot to its end, with power losses.

use std::rc::Rc;

use intos::host::{CycleEnd, Host, HostError, Machine, Random, Settings};
use intos_sched::{Error, Scheduler, SchedulerAreas, ThreadPlaces};
use nvm_core::Layout;
use nvm_core::sim::SimNvm;

use crate::model::Model;
use crate::plan::{Plan, Step};
use crate::program::{Simulation, set_shape};
use crate::world::World;

/// The simulated memory; what tears is the machine's affair.
pub type Ram = SimNvm<4>;
/// The machine.
pub type SimulatedMachine = Machine<Ram, Rc<World>>;

/// More than any program needs.
const MOST_BYTES: u32 = 64 * 1024;
/// Switches between tasks after which a run is taken to go on for ever.
const MANY: u32 = 200_000;

/// How a history went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Power losses.
    pub cuts: u64,
    /// System calls that were committed.
    pub calls: u64,
    /// Whether it ended with all tasks waiting for each other.
    pub deadlocked: bool,
}

/// A machine with a program on it, and the model beside it.
pub struct Run {
    /// The machine.
    pub machine: SimulatedMachine,
    world: Rc<World>,
    slots: usize,
}

/// How a power cycle ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// All tasks have ended.
    Ended,
    /// All that are left wait for each other, as the model says too.
    Deadlocked,
    /// The power went.
    PowerLost,
}

impl Run {
    /// A program that has not begun.
    pub fn new(plan: &Plan, settings: Settings) -> Self {
        set_shape(&plan.shape);
        let world = Rc::new(World::new(plan.clone()));
        let needed = intos::Kernel::<Host<'_, Ram, Rc<World>>>::bytes_needed::<Simulation>();
        let size = needed.unwrap_or(MOST_BYTES);
        let machine = Machine::with_world(Ram::new(size), settings, Rc::clone(&world));
        machine.nvm().set_image(&vec![0xFF; size as usize]);
        let observer = Rc::clone(&world);
        machine.set_observer(Some(Box::new(move |_, event| observer.observe(event))));
        Self {
            machine,
            world,
            slots: plan.shape.priorities.len() + usize::from(plan.shape.workers),
        }
    }

    /// A program that was booted for the first time, and has not begun: `image` is what that left.
    pub fn from_first_boot(plan: &Plan, settings: Settings, image: &[u8]) -> Self {
        let run = Self::new(plan, settings);
        run.machine.nvm().set_image(image);
        run
    }

    /// Runs the program until it ends or the power goes.
    ///
    /// # Errors
    ///
    /// What did not agree with the model.
    pub fn power_cycle(&self) -> Result<End, String> {
        let scheduler = self.scheduler().map_err(|error| error.to_string())?;
        let mut switches = 0;
        let end = self.machine.power_cycle_with::<Simulation>(false, |app| {
            if let Err(error) = app.compare(&scheduler, &self.world) {
                self.world.fail(error.to_string());
            }
            switches += 1;
            self.world.failure().is_none() && switches < MANY
        });
        if let Some(failure) = self.world.failure() {
            return Err(failure);
        }
        match end {
            Ok(CycleEnd::Ended) => Ok(End::Ended),
            Ok(CycleEnd::PowerLost) => Ok(End::PowerLost),
            Ok(CycleEnd::Stopped) => Err("it goes on for ever".into()),
            Err(HostError::Deadlock { .. }) if self.world.with_model(Model::is_deadlocked) => {
                Ok(End::Deadlocked)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// A scheduler that looks at the memory behind the machine's back.
    fn scheduler(&self) -> Result<Scheduler<&Ram>, Error> {
        let mut layout = Layout::new("", 0);
        let areas = SchedulerAreas::place(&mut layout, self.slots)?;
        let follow_ups = intos::crates::intos_ipc::follow_ups();
        Ok(Scheduler::open(
            self.machine.nvm(),
            areas,
            ThreadPlaces::NONE,
            follow_ups,
        ))
    }

    /// Boots for the first time, stops before any task runs, and answers what that left.
    ///
    /// # Errors
    ///
    /// Why it cannot.
    pub fn first_boot(&self) -> Result<Vec<u8>, String> {
        let stopped = self
            .machine
            .power_cycle_with::<Simulation>(false, |_| false);
        stopped.map_err(|error| error.to_string())?;
        Ok(self.machine.nvm().image())
    }

    /// Atomic stores so far.
    pub fn stores(&self) -> u64 {
        self.machine.counters().stores()
    }

    /// After the end: the kernel and all objects are sound, and each task that has ended by itself has taken each
    /// of its steps once.
    ///
    /// # Errors
    ///
    /// What is not so.
    pub fn verdict(&self) -> Result<(), String> {
        let booted = intos::Kernel::<Host<'_, Ram, Rc<World>>>::boot::<Simulation>(
            &self.machine,
            &self.machine,
        );
        let (kernel, app) = booted.map_err(|error| error.to_string())?;
        let text = |error: Error| error.to_string();
        app.check(kernel.scheduler()).map_err(text)?;
        // A transaction that did not come to its end may have allocated one.
        let all_ended = self.world.with_model(Model::has_ended);
        if all_ended && !app.check_blocks(self.machine.nvm()).map_err(text)? {
            return Err("a block of the heap has leaked".into());
        }
        let steps = app.steps(self.machine.nvm()).map_err(text)?;
        for (task, script) in self.world.plan.scripts.iter().enumerate() {
            // What it was refused to lock, it did not do.
            if !self.world.ended_by_itself(task) || script.steps.iter().any(locks) {
                continue;
            }
            let expected = script.rounds * script.steps.iter().map(count).sum::<u32>();
            let found = steps.get(task).copied().unwrap_or(0);
            if found != expected {
                return Err(format!(
                    "task {task} has taken {found} steps, not {expected}"
                ));
            }
        }
        Ok(())
    }
}

/// How often a step counts.
fn count(step: &Step) -> u32 {
    match step {
        Step::Calls { aborts, .. } => u32::from(!aborts),
        Step::Locked { steps, .. } => steps.iter().map(count).sum(),
        Step::Yield => 0,
    }
}

const fn locks(step: &Step) -> bool {
    matches!(step, Step::Locked { .. })
}

/// Runs the history of a seed: the same to the last store, whenever and wherever.
///
/// # Errors
///
/// What did not agree with the model, or was not sound.
pub fn run(seed: u64) -> Result<Report, String> {
    let mut random = Random::new(seed);
    let settings = Settings {
        seed,
        accesses_per_tick: 30 + random.below(500),
        preempt_one_in: [0, 4, 20, 60][random.below(4) as usize],
        atom: [1, 2, 4][random.below(3) as usize],
        interrupt_one_in: [0, 0, 60, 300][random.below(4) as usize],
        ..Settings::default()
    };
    let plan = Plan::random(&mut random);
    // From a power loss at every few stores to one in thousands.
    let mean = [8, 60, 200, 600, 3_000][random.below(5) as usize];
    let most = [0, 30, 80, 200][random.below(4) as usize];
    let run = Run::new(&plan, settings);
    let mut report = Report::default();
    let end = loop {
        if report.cuts < most {
            // A charge in four is short, so that the power goes in the midst of a recovery too.
            let longest = if random.below(4) == 0 { 12 } else { 2 * mean };
            run.machine.cut_after(random.below(longest));
        } else {
            run.machine.cut_never();
        }
        match run.power_cycle()? {
            End::PowerLost => report.cuts += 1,
            end => break end,
        }
    };
    run.machine.cut_never();
    report.deadlocked = end == End::Deadlocked;
    report.calls = run.world.calls();
    run.verdict()?;
    Ok(report)
}
