//! The machine: its NVM, its clock, its power supply, and the switch between stacks.
#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::ptr;

use corosensei::Yielder;
use intos_sched::{Event, Port, RecoveryStep, TaskIndex, TransactionEvent};
use nvm_core::sim::{Counters, PowerLoss};
use nvm_core::{Class, Error, Nvm};
use replay::Statistics;

use super::random::Random;
use crate::board::Board;
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
    /// Interrupt 0 is raised at one of so many accesses outside of critical sections, and now and then while all
    /// tasks sleep; 0: only interrupts that are [raised](Machine::raise).
    pub interrupt_one_in: u64,
    /// Bytes of each task's stack, whatever its entry says: code of an ordinary computer needs more than a
    /// device's. A task that comes near its end is reported.
    pub stack_bytes: usize,
    /// A task that was started so many times in a row without committing anything is reported; 0: never.
    pub stall_limit: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            accesses_per_tick: 1_000,
            preempt_one_in: 0,
            atom: 4,
            interrupt_one_in: 0,
            stack_bytes: 256 * 1024,
            stall_limit: 0,
        }
    }
}

/// Why a task's stack was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// It gave the processor away, or was preempted.
    Switch,
    /// It gave the rest of its time slice away.
    Yield,
    /// An interrupt.
    Interrupt(u8),
    /// It has almost no stack left: it is not to be entered again.
    StackOverflow,
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
    /// Accesses until the power goes.
    accesses_left: Cell<Option<u64>>,
    power_losses: Cell<u64>,
    powered: Cell<bool>,
    accesses_to_tick: Cell<u64>,
    critical_depth: Cell<u32>,
    /// The running task's way back to the scheduler's loop; null while that loop itself runs.
    pub(super) yielder: Cell<*const Yielder<(), Left>>,
    /// Below this address the running task's stack is as good as full.
    pub(super) stack_limit: Cell<usize>,
    longest_stall: Cell<(u16, u8)>,
    pending: RefCell<VecDeque<u8>>,
    accesses: Cell<u64>,
    observer: RefCell<Option<Observer>>,
}

/// Is told what happens on a machine, and after how many accesses to the NVM.
pub type Observer = Box<dyn FnMut(u64, Event)>;

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
            accesses_left: Cell::new(None),
            power_losses: Cell::new(0),
            powered: Cell::new(true),
            accesses_to_tick: Cell::new(settings.accesses_per_tick),
            critical_depth: Cell::new(0),
            yielder: Cell::new(ptr::null()),
            stack_limit: Cell::new(0),
            longest_stall: Cell::new((0, 0)),
            pending: RefCell::default(),
            accesses: Cell::new(0),
            observer: RefCell::default(),
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

    /// Lets the power go before the access, load or store, that follows the next `accesses` of them: after a time, and
    /// so in a task too that only looks at its objects.
    pub fn cut_in(&self, accesses: u64) {
        self.accesses_left.set(Some(accesses));
    }

    /// Takes planned cuts back.
    pub fn cut_never(&self) {
        self.stores_left.set(None);
        self.accesses_left.set(None);
    }

    /// Raises an interrupt, to be handled as soon as the running task is in no critical section, or when all
    /// tasks sleep. The end of a power cycle takes those back that were not handled.
    pub fn raise(&self, interrupt: u8) {
        self.pending.borrow_mut().push_back(interrupt);
    }

    /// Has an observer told what happens from now on; `None`: nobody any more.
    pub fn set_observer(&self, observer: Option<Observer>) {
        *self.observer.borrow_mut() = observer;
    }

    /// Accesses to the NVM so far: the machine's time.
    pub fn accesses(&self) -> u64 {
        self.accesses.get()
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

    /// Takes back the interrupts that were not handled.
    pub(super) fn forget_interrupts(&self) {
        self.pending.borrow_mut().clear();
    }

    /// The task that stalls, if one was started too often without committing anything.
    pub(super) fn stalled(&self) -> Option<(TaskIndex, u16)> {
        let (starts, task) = self.longest_stall.get();
        let limit = self.settings.stall_limit;
        (limit > 0 && starts >= limit).then_some((TaskIndex(task), starts))
    }

    /// An interrupt that is to be handled.
    pub(super) fn next_interrupt(&self) -> Option<u8> {
        self.pending.borrow_mut().pop_front()
    }

    /// After how many ticks a random interrupt comes while the processor sleeps for so many, or without a limit.
    pub(super) fn random_interrupt_in(&self, ticks: Option<u32>) -> Option<u32> {
        if self.settings.interrupt_one_in == 0 {
            return None;
        }
        match ticks {
            Some(ticks) => {
                let after = self.random_below(u64::from(ticks) + 1) as u32;
                (after < ticks).then_some(after)
            }
            None => Some(0),
        }
    }

    fn tell(&self, event: Event) {
        if let Some(observer) = self.observer.borrow_mut().as_mut() {
            observer(self.accesses.get(), event);
        }
    }

    /// Whether the running task has almost no stack left.
    fn is_stack_full(&self) -> bool {
        let here = 0u8;
        ptr::from_ref(&here).addr() < self.stack_limit.get()
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

    /// Before each access of a task: time passes, the power may go, and the task may be preempted.
    fn pass_time(&self) {
        // Destructors of a task that panicked, or that the power left: time stands still.
        if std::thread::panicking() {
            return;
        }
        match self.accesses_left.get() {
            Some(0) => self.lose_power(),
            Some(left) => self.accesses_left.set(Some(left - 1)),
            None => {}
        }
        self.accesses.set(self.accesses.get() + 1);
        let left = self.accesses_to_tick.get();
        if left > 1 {
            self.accesses_to_tick.set(left - 1);
        }
        if self.yielder.get().is_null() {
            return;
        }
        if self.is_stack_full() {
            self.leave(Left::StackOverflow);
        }
        if self.critical_depth.get() > 0 {
            return;
        }
        if let Some(number) = self.next_interrupt() {
            self.leave(Left::Interrupt(number));
        }
        if left == 1 {
            self.accesses_to_tick.set(self.settings.accesses_per_tick);
            self.leave(Left::Tick);
        } else if self.settings.interrupt_one_in > 0
            && self.random_below(self.settings.interrupt_one_in) == 0
        {
            self.leave(Left::Interrupt(0));
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
            Some(0) => self.lose_power(),
            Some(left) => self.stores_left.set(Some(left - 1)),
            None => {}
        }
    }

    /// Does not return to a task.
    fn lose_power(&self) {
        self.cut_never();
        self.power_losses.set(self.power_losses.get() + 1);
        self.powered.set(false);
        self.tell(Event::PowerLost);
        // A task's stack is left for good: not even destructors run. The scheduler's loop and the boot have no such
        // stack, and are unwound.
        self.leave(Left::PowerLost);
        PowerLoss::strike();
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

    fn yield_now(&self) {
        self.leave(Left::Yield);
    }

    fn observe(&self, event: Event) {
        let mut sum = self.statistics.get();
        match event {
            Event::Transaction { what, .. } => match what {
                TransactionEvent::Commits => sum.run += 1,
                TransactionEvent::Aborts => {
                    sum.run += 1;
                    sum.rolled_back += 1;
                }
                TransactionEvent::RollsBack => sum.rolled_back += 1,
                TransactionEvent::Bypassed => sum.bypassed += 1,
                _ => {}
            },
            Event::Started {
                task,
                starts_without_commit,
                rolled_back,
            } => {
                sum.rolled_back += u32::from(rolled_back);
                let stall = (starts_without_commit, task.0);
                self.longest_stall.set(self.longest_stall.get().max(stall));
            }
            Event::Recovered(RecoveryStep::TaskLog { rolled_back, .. }) => {
                sum.rolled_back += u32::from(rolled_back);
            }
            _ => {}
        }
        self.statistics.set(sum);
        self.tell(event);
    }
}

/// The board of a program that runs on a [`Machine`].
#[derive(Debug)]
pub struct Host<'m, N, W = ()>(PhantomData<&'m Machine<N, W>>);

impl<'m, N: Nvm + fmt::Debug, W> Board for Host<'m, N, W> {
    type Nvm = &'m Machine<N, W>;
    type Port = &'m Machine<N, W>;
}
