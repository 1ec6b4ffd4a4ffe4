//! A run: from a blank NVM to the end of all tasks.

use std::cell::Cell;
use std::ops::AddAssign;
use std::rc::Rc;

use example_applications::Results;
use intos::host::{CycleEnd, Host, HostError, Machine, Settings};
use intos::{BootError, Event, Kernel, TransactionEvent};
use nvm_core::sim::Counters;
use nvm_core::{Class, RegionError};
use replay::Statistics;

use super::application::{Nvm, OnHost};
use super::error::RunError;
use super::supply::Supply;

/// What is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// What the machine's decisions follow from: where tasks are preempted.
    pub seed: u64,
    /// By how much the application's outer iterations are multiplied.
    pub scale: u16,
}

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// What the application left in the NVM.
    pub results: Results,
    /// What was done.
    pub work: Work,
    /// The most accesses to the NVM that no transaction was committed in.
    pub longest_step: u64,
}

/// What was done in one run or several, after the formatting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// How often the power went.
    pub power_losses: u64,
    /// Transactions run to their end.
    pub transactions_run: u64,
    /// Transactions bypassed, since they had committed before a power loss.
    pub transactions_bypassed: u64,
    /// Transactions rolled back.
    pub transactions_rolled_back: u64,
    /// Accesses to the NVM: loads and atomic stores.
    pub accesses: u64,
    /// Bytes stored, by [`Class::index`].
    pub bytes: [u64; Class::ALL.len()],
}

impl Work {
    /// Bytes stored, of all classes.
    pub fn all_bytes(&self) -> u64 {
        self.bytes.iter().sum()
    }
}

impl AddAssign for Work {
    fn add_assign(&mut self, more: Self) {
        self.power_losses += more.power_losses;
        self.transactions_run += more.transactions_run;
        self.transactions_bypassed += more.transactions_bypassed;
        self.transactions_rolled_back += more.transactions_rolled_back;
        self.accesses += more.accesses;
        for (sum, bytes) in self.bytes.iter_mut().zip(more.bytes) {
            *sum += bytes;
        }
    }
}

/// Is told how many transactions were committed, and how often the power went.
pub type Progress<'p> = &'p mut dyn FnMut(u64, u64);

/// So many times in a row a task may be started, or the power come back, without a commit: then it is a livelock.
const MOST_STARTS_IN_VAIN: u16 = 2_000;

fn settings(seed: u64) -> Settings {
    Settings {
        seed,
        preempt_one_in: 40,
        stall_limit: MOST_STARTS_IN_VAIN,
        ..Settings::default()
    }
}

/// Runs an application. The power stays while the NVM is formatted, as firmware is loaded by a programmer with a supply
/// of its own.
pub(super) fn run<P: OnHost>(
    order: Order,
    supply: &mut dyn Supply,
    progress: Progress<'_>,
) -> Result<Run, RunError> {
    let bytes = Kernel::<Host<'_, Nvm>>::bytes_needed::<P>().map_err(HostError::Boot)?;
    let machine = Machine::new(Nvm::new(bytes), settings(order.seed));
    let app = format::<P>(&machine, order.scale)?;
    let (before, began) = (machine.counters(), machine.accesses());
    let longest_step = watch_steps(&machine);

    let mut starts_in_vain = 0;
    loop {
        let Statistics { run: committed, .. } = machine.statistics();
        match supply.next_cut(committed, machine.power_losses()) {
            Some(accesses) => machine.cut_in(accesses),
            None => machine.cut_never(),
        }
        let end = machine.power_cycle_with::<P>(false, |_| {
            progress(machine.statistics().run.into(), machine.power_losses());
            true
        })?;
        if end == CycleEnd::Ended {
            break;
        }
        if machine.statistics().run > committed {
            starts_in_vain = 0;
            continue;
        }
        starts_in_vain += 1;
        if starts_in_vain == MOST_STARTS_IN_VAIN {
            return Err(livelock::<P>(&machine));
        }
    }
    machine.set_observer(None);
    Ok(Run {
        results: app.results(machine.nvm()).map_err(HostError::Kernel)?,
        work: Work {
            accesses: machine.accesses() - began,
            ..work(
                machine.power_losses(),
                machine.statistics(),
                machine.counters() - before,
            )
        },
        longest_step: longest_step.get(),
    })
}

/// Formats the NVM, and asks for so many times the work.
fn format<P: OnHost>(machine: &Machine<Nvm>, scale: u16) -> Result<P, RunError> {
    let mut formatted = None;
    machine.power_cycle_with::<P>(true, |app| {
        let scaled = app.set_scale(machine.nvm(), scale);
        formatted = Some(scaled.map(|()| *app));
        false
    })?;
    let nothing = HostError::Boot(BootError::Region(RegionError::Blank));
    Ok(formatted.ok_or(nothing)?.map_err(HostError::Kernel)?)
}

/// Which task is to blame, if the power does not always go before one is started.
fn livelock<P: OnHost>(machine: &Machine<Nvm>) -> RunError {
    let (starts, task) = machine.longest_stall_of::<P>();
    if starts > MOST_STARTS_IN_VAIN / 10 {
        let task = Some(task);
        RunError::Livelock { task, starts }
    } else {
        RunError::Livelock {
            task: None,
            starts: MOST_STARTS_IN_VAIN,
        }
    }
}

/// The most accesses without a commit, from now on.
fn watch_steps(machine: &Machine<Nvm>) -> Rc<Cell<u64>> {
    let longest = Rc::new(Cell::new(0));
    let (watched, mut last) = (Rc::clone(&longest), machine.accesses());
    machine.set_observer(Some(Box::new(move |now, event| {
        if let Event::Transaction {
            what: TransactionEvent::Commits,
            ..
        } = event
        {
            watched.set(watched.get().max(now - last));
            last = now;
        }
    })));
    longest
}

fn work(power_losses: u64, statistics: Statistics, counters: Counters) -> Work {
    Work {
        power_losses,
        transactions_run: statistics.run.into(),
        transactions_bypassed: statistics.bypassed.into(),
        transactions_rolled_back: statistics.rolled_back.into(),
        accesses: 0,
        bytes: Class::ALL.map(|class| counters.class(class).bytes),
    }
}
