//! The machine: its NVM, its clock, its power supply, and the switch between stacks.
#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::ptr;

use corosensei::Yielder;
use corosensei::stack::DefaultStack;
use intos_sched::{Port, TaskIndex};
use nvm_core::sim::{Counters, PowerLoss};
use nvm_core::{Class, Error, Nvm};
use replay::Statistics;

use super::random::Random;
use crate::board::{Board, Event};
use crate::kernel::Kernel;
use crate::program::Program;

/// How a machine behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// What all its decisions follow from.
    pub seed: u64,
    /// After how many accesses to NVM a tick passes; 0: time passes only while all tasks sleep.
    pub accesses_per_tick: u64,
    /// A task is preempted at one of so many accesses outside of critical sections; 0: only by ticks and
    /// by tasks that are more urgent.
    pub preempt_one_in: u64,
    /// The widest store that a power loss does not tear: 1, 2 or 4 bytes (1 where it is none of these).
    pub atom: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            accesses_per_tick: 1_000,
            preempt_one_in: 0,
            atom: 4,
        }
    }
}

/// Why a task's stack was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// It gave the processor away, or was preempted.
    Switch,
    /// A tick passed.
    Tick,
    /// The power went: the stack is not to be entered again.
    PowerLost,
}

/// A simulated computer around an NVM.
pub struct Machine<N, W = ()> {
    nvm: N,
    world: W,
    pub(super) settings: Settings,
    pub(super) random: Cell<Random>,
    counters: RefCell<Counters>,
    statistics: Cell<Statistics>,
    /// Atomic stores until the power goes.
    stores_left: Cell<Option<u64>>,
    power_losses: Cell<u64>,
    powered: Cell<bool>,
    accesses_to_tick: Cell<u64>,
    critical_depth: Cell<u32>,
    /// The running task's way back to the scheduler's loop; null while that loop itself runs.
    pub(super) yielder: Cell<*const Yielder<(), Left>>,
    pub(super) stacks: RefCell<Vec<DefaultStack>>,
    longest_stall: Cell<(u16, u8)>,
}

impl<N: fmt::Debug, W> fmt::Debug for Machine<N, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("nvm", &self.nvm)
            .field("settings", &self.settings)
            .field("power_losses", &self.power_losses)
            .finish_non_exhaustive()
    }
}

impl<N: Nvm> Machine<N> {
    /// A machine with power, around an NVM.
    pub fn new(nvm: N, settings: Settings) -> Self {
        Self::with_world(nvm, settings, ())
    }
}

impl<N: Nvm, W> Machine<N, W> {
    /// A machine with devices of the program's own: sensors, actuators, whatever a [`Board`] trait of the
    /// program's asks for. They are the world outside: a power loss does not reset them.
    pub fn with_world(nvm: N, mut settings: Settings, world: W) -> Self {
        if !matches!(settings.atom, 1 | 2 | 4) {
            settings.atom = 1;
        }
        Self {
            nvm,
            world,
            settings,
            random: Cell::new(Random::new(settings.seed)),
            counters: RefCell::default(),
            statistics: Cell::default(),
            stores_left: Cell::new(None),
            power_losses: Cell::new(0),
            powered: Cell::new(true),
            accesses_to_tick: Cell::new(settings.accesses_per_tick),
            critical_depth: Cell::new(0),
            yielder: Cell::new(ptr::null()),
            stacks: RefCell::default(),
            longest_stall: Cell::new((0, 0)),
        }
    }

    /// The NVM itself: looking at it is not counted and takes no time.
    pub const fn nvm(&self) -> &N {
        &self.nvm
    }

    /// The world outside.
    pub const fn world(&self) -> &W {
        &self.world
    }

    /// Lets the power go before the store that follows the next `stores` atomic stores.
    pub fn cut_after(&self, stores: u64) {
        self.stores_left.set(Some(stores));
    }

    /// Takes a planned cut back.
    pub fn cut_never(&self) {
        self.stores_left.set(None);
    }

    /// Power losses so far.
    pub fn power_losses(&self) -> u64 {
        self.power_losses.get()
    }

    /// Loads and stores so far.
    pub fn counters(&self) -> Counters {
        *self.counters.borrow()
    }

    /// What all tasks did so far.
    pub fn statistics(&self) -> Statistics {
        self.statistics.get()
    }

    /// The most starts in a row that a task needed without committing anything, and which task it was.
    pub fn longest_stall(&self) -> (u16, u8) {
        self.longest_stall.get()
    }

    /// The same, by the task's name in its program: where the number grows with every power loss, this
    /// task's transaction is too long for the energy that it gets.
    pub fn longest_stall_of<'m, P: Program<Host<'m, N, W>>>(&'m self) -> (u16, &'static str)
    where
        N: fmt::Debug,
    {
        let (starts, task) = self.longest_stall.get();
        let name = Kernel::<Host<'m, N, W>>::task_name::<P>(TaskIndex(task));
        (starts, name.unwrap_or("?"))
    }

    /// A random number below `bound`, of the machine's own sequence.
    pub fn random_below(&self, bound: u64) -> u64 {
        let mut random = self.random.get();
        let number = random.below(bound);
        self.random.set(random);
        number
    }

    /// Clears what a power loss takes from the machine itself.
    pub(super) fn reset(&self) {
        self.yielder.set(ptr::null());
        self.critical_depth.set(0);
        self.powered.set(true);
    }

    /// Leaves the running task's stack; returns when it is chosen again.
    pub(super) fn leave(&self, why: Left) {
        let yielder = self.yielder.replace(ptr::null());
        if yielder.is_null() {
            return;
        }
        // SAFETY: the pointer was set by the running task's own stack from a reference that lives until
        // the stack ends (`cycle::run_on_stack`), and is null while no task runs: so the yielder is alive,
        // and it is this stack's.
        unsafe { (*yielder).suspend(why) };
        self.yielder.set(yielder);
    }

    /// Before each access of a task: time passes, and it may be preempted.
    fn pass_time(&self) {
        // Destructors of a task that panicked, or that the power left: time stands still.
        if std::thread::panicking() {
            return;
        }
        let left = self.accesses_to_tick.get();
        if left > 1 {
            self.accesses_to_tick.set(left - 1);
        }
        if self.critical_depth.get() > 0 || self.yielder.get().is_null() {
            return;
        }
        if left == 1 {
            self.accesses_to_tick.set(self.settings.accesses_per_tick);
            self.leave(Left::Tick);
        } else if self.settings.preempt_one_in > 0
            && self.random_below(self.settings.preempt_one_in) == 0
        {
            self.leave(Left::Switch);
        }
    }

    /// Before each atomic store: the power may go.
    fn draw_power(&self) {
        if std::thread::panicking() {
            // What a destructor stores after a panic would be no program's doing.
            self.powered.set(false);
            return;
        }
        match self.stores_left.get() {
            Some(0) => {
                self.stores_left.set(None);
                self.power_losses.set(self.power_losses.get() + 1);
                self.powered.set(false);
                // A task's stack is left for good: not even destructors run. The scheduler's loop and the
                // boot have no such stack, and are unwound.
                self.leave(Left::PowerLost);
                PowerLoss::strike();
            }
            Some(left) => self.stores_left.set(Some(left - 1)),
            None => {}
        }
    }
}

impl<N: Nvm, W> Nvm for Machine<N, W> {
    /// Protocols see the narrowest atom, whatever is simulated.
    const ATOM: usize = 1;

    fn size(&self) -> u32 {
        self.nvm.size()
    }

    fn read(&self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        self.pass_time();
        self.counters.borrow_mut().count_read(bytes.len());
        self.nvm.read(offset, bytes)
    }

    fn write(&self, class: Class, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        self.check_range(offset, bytes.len() as u32)?;
        self.counters.borrow_mut().count_write(class);
        let (mut at, mut rest) = (offset, bytes);
        while !rest.is_empty() {
            self.pass_time();
            self.draw_power();
            if !self.powered.get() {
                return Ok(());
            }
            let atom = self.settings.atom;
            let len = rest.len().min(atom - at as usize % atom);
            let (now, later) = rest.split_at(len);
            self.nvm.write(class, at, now)?;
            self.counters.borrow_mut().count_store(class, len);
            at += len as u32;
            rest = later;
        }
        Ok(())
    }
}

impl<N: Nvm, W> Port for &Machine<N, W> {
    fn critical<R>(&self, section: impl FnOnce() -> R) -> R {
        self.critical_depth.set(self.critical_depth.get() + 1);
        let result = section();
        self.critical_depth.set(self.critical_depth.get() - 1);
        result
    }

    fn switch(&self) {
        self.leave(Left::Switch);
    }
}

/// The board of a program that runs on a [`Machine`].
#[derive(Debug)]
pub struct Host<'m, N, W = ()>(PhantomData<&'m Machine<N, W>>);

impl<'m, N: Nvm + fmt::Debug, W> Board for Host<'m, N, W> {
    type Nvm = &'m Machine<N, W>;
    type Port = &'m Machine<N, W>;

    fn observe(port: &&'m Machine<N, W>, event: Event) {
        match event {
            Event::Transactions(since) => {
                let sum = port.statistics.get();
                port.statistics.set(Statistics {
                    run: sum.run + since.run,
                    bypassed: sum.bypassed + since.bypassed,
                    rolled_back: sum.rolled_back + since.rolled_back,
                });
            }
            Event::Started {
                task,
                starts_without_commit,
            } => {
                let longest = port.longest_stall.get().max((starts_without_commit, task));
                port.longest_stall.set(longest);
            }
        }
    }
}
