//! Start-up, recovery, and running a task.

use core::fmt;

use intos_sched::{
    Error, ErrorKind, Event, FollowUps, Port, RecoveryStep, Scheduler, SchedulerAreas, TaskIndex,
    ThreadPlaces, Variant, is_broken,
};
use nvm_core::{Class, Layout, RawOffset, Region, RegionError};
use nvm_tx::UndoLog;
use replay::Thread;

use crate::board::Board;
use crate::interrupt::Interrupt;
use crate::placement::{Placement, Purpose};
use crate::program::Program;
use crate::table::{self, TaskTable};
use crate::task::Task;

/// Why a kernel cannot start. The region is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootError {
    /// The region is another program's, damaged, or too small.
    Region(RegionError),
    /// The program's table is wrong, or the kernel's state is damaged.
    Kernel(Error),
}

impl From<RegionError> for BootError {
    fn from(error: RegionError) -> Self {
        Self::Region(error)
    }
}

impl From<Error> for BootError {
    fn from(error: Error) -> Self {
        Self::Kernel(error)
    }
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(error) => error.fmt(f),
            Self::Kernel(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for BootError {}

/// A started kernel: the scheduler's handle, the port, and the program's table of tasks.
#[derive(Debug)]
pub struct Kernel<B: Board> {
    pub(crate) scheduler: Scheduler<B::Nvm>,
    pub(crate) port: B::Port,
    pub(crate) table: TaskTable,
    has_heap: bool,
}

impl<B: Board> Kernel<B> {
    /// Starts the kernel: checks the region's header, formats a blank region, recovers what a power loss
    /// interrupted of the kernel's own, and gives the program's handles. Threads are recovered when they
    /// first run.
    ///
    /// A region that is neither blank nor this program's is an error, and is left as it is.
    pub fn boot<P: Program<B>>(nvm: B::Nvm, port: B::Port) -> Result<(Self, P), BootError> {
        Self::boot_with(nvm, port, false)
    }

    /// The same, but formats the region whatever it holds.
    pub fn boot_formatting<P: Program<B>>(
        nvm: B::Nvm,
        port: B::Port,
    ) -> Result<(Self, P), BootError> {
        Self::boot_with(nvm, port, true)
    }

    /// Bytes of NVM that the program needs.
    pub fn bytes_needed<P: Program<B>>() -> Result<RawOffset, BootError> {
        Ok(Plan::<B, P>::make()?.layout.size())
    }

    fn boot_with<P: Program<B>>(
        nvm: B::Nvm,
        port: B::Port,
        formats: bool,
    ) -> Result<(Self, P), BootError> {
        port.observe(Event::PowerOn);
        let plan = Plan::<B, P>::make()?;
        let table = TaskTable::of::<B, P>(plan.threads);
        let first_boot = || -> Result<(), BootError> {
            Scheduler::format(nvm, &plan.scheduler, table::first_priority::<B, P>)?;
            for task in (0..plan.scheduler.task_count()).map(TaskIndex) {
                let areas = areas_of(&table.threads, task)?;
                Thread::format(nvm, &areas).map_err(Error::from)?;
            }
            let objects = plan.before_objects.clone();
            P::place(&mut Placement::new(objects, Purpose::FirstBoot(nvm)))?;
            Ok(())
        };
        let _ = if formats {
            Region::format(&nvm, &plan.layout, first_boot)?
        } else {
            Region::open_or_format(&nvm, &plan.layout, first_boot)?
        };
        port.observe(Event::Recovered(RecoveryStep::Header));
        let scheduler = Scheduler::open(nvm, plan.scheduler, table.threads, plan.follow_ups);
        scheduler.recover(|event| port.observe(event))?;
        let has_heap = plan.has_heap;
        let program = if has_heap {
            // Heaps are looked at before they are used.
            P::place(&mut Placement::new(
                plan.before_objects,
                Purpose::Start(nvm),
            ))?
        } else {
            plan.program
        };
        if has_heap && let Some(task) = scheduler.current()? {
            // It may have been about to commit or to roll back what it allocated, and others must not
            // allocate that meanwhile. Opening its log rolls back.
            let log = areas_of(&table.threads, task)?.log();
            let mut log = UndoLog::unopened(nvm, log, Class::Data);
            let rolled_back = log.recover().map_err(Error::from)?;
            port.observe(Event::Recovered(RecoveryStep::TaskLog {
                task,
                rolled_back,
            }));
        }
        let kernel = Self {
            scheduler,
            port,
            table,
            has_heap,
        };
        Ok((kernel, program))
    }

    /// Chooses who runs next: see [`Scheduler::choose`]. For ports.
    #[inline]
    pub fn choose(&self, slice_is_over: bool) -> Result<Option<TaskIndex>, Error> {
        let before = self.scheduler.current()?;
        let chosen = self.scheduler.choose_after(before, slice_is_over)?;
        if chosen != before {
            self.port.observe(Event::Switched { task: chosen });
        }
        Ok(chosen)
    }

    /// Lets ticks pass: see [`Scheduler::advance`]. For ports.
    pub fn advance(&self, ticks: u32) -> Result<bool, Error> {
        let now = self.scheduler.now()?.wrapping_add(ticks);
        self.port.observe(Event::Ticked { now });
        self.scheduler.advance(ticks)
    }

    /// Handles an interrupt, and answers whether a task may have been woken. For ports: with preemption off, and not
    /// while a task is in a critical section.
    pub fn interrupt<P: Program<B>>(&self, program: &P, number: u8) -> Result<bool, Error> {
        let mut isr = Interrupt::new(self);
        program.interrupt(&mut isr, number)?;
        Ok(isr.woke())
    }

    /// Runs a task from its beginning to its end: for ports, on the task's own stack, when it is chosen for
    /// the first time since the start. When it returns `Ok`, the task has ended and is never chosen again.
    pub fn run_task<P: Program<B>>(&self, task: TaskIndex, program: &P) -> Result<(), Error> {
        let Some(entry) = table::entry_of::<B, P>(task) else {
            return Err(ErrorKind::NoSuchTask { index: task.0 }.error());
        };
        let areas = areas_of(&self.table.threads, task)?;
        let thread = Thread::unstarted(*self.scheduler.nvm(), &areas);
        let mut running = Task::new(self, thread, task);
        // What it had allocated is free for others as soon as it is rolled back, and would be freed once more
        // if the power went before its log is empty.
        if self.has_heap && !is_broken(Variant::RollsBackDisturbed) {
            self.port.critical(|| running.restart(&areas))?;
        } else {
            running.restart(&areas)?;
        }
        (entry.function)(&mut running, program)?;
        self.port.critical(|| {
            let ended = || self.port.observe(Event::Ended { task });
            self.scheduler.end(task, ended)
        })
    }

    /// A task's name.
    pub fn task_name<P: Program<B>>(task: TaskIndex) -> Option<&'static str> {
        Some(table::entry_of::<B, P>(task)?.name)
    }

    /// Bytes of the stack that a task asks for.
    pub fn stack_bytes<P: Program<B>>(task: TaskIndex) -> Option<usize> {
        Some(table::entry_of::<B, P>(task)?.stack_bytes)
    }

    /// The scheduler.
    pub const fn scheduler(&self) -> &Scheduler<B::Nvm> {
        &self.scheduler
    }

    /// The port.
    pub const fn port(&self) -> &B::Port {
        &self.port
    }
}

/// Where everything goes.
pub(crate) struct Plan<B: Board, P> {
    pub(crate) scheduler: SchedulerAreas,
    /// Where the first thread's tables begin; the others follow.
    pub(crate) threads: RawOffset,
    /// The layout up to the program's objects.
    pub(crate) before_objects: Layout,
    layout: Layout,
    has_heap: bool,
    follow_ups: FollowUps<B::Nvm>,
    /// The objects' handles.
    program: P,
}

impl<B: Board, P: Program<B>> Plan<B, P> {
    pub(crate) fn make() -> Result<Self, BootError> {
        let mut layout = const { SchedulerAreas::begin(Layout::new(P::NAME, P::VERSION)) };
        let slots = table::count_slots::<B, P>()?;
        let scheduler = SchedulerAreas::place_tasks(&mut layout, slots)?;
        let threads = layout.size();
        table::place_threads::<B, P>(&mut layout);
        let before_objects = layout.clone();
        let mut placement = Placement::<B::Nvm>::new(layout, Purpose::Plan);
        let program = P::place(&mut placement)?;
        Ok(Self {
            scheduler,
            threads,
            before_objects,
            has_heap: placement.has_heap(),
            follow_ups: placement.follow_ups(),
            layout: placement.into_layout(),
            program,
        })
    }
}

fn areas_of(threads: &ThreadPlaces, task: TaskIndex) -> Result<replay::ThreadAreas, Error> {
    (threads.find)(threads.base, task).ok_or(ErrorKind::NoSuchTask { index: task.0 }.error())
}
