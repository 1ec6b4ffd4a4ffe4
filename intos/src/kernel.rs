//! Start-up, recovery, and running a task.

use core::fmt;

use intos_sched::{Error, Port, Scheduler, SchedulerAreas, TaskIndex};
use nvm_core::{Area, Layout, Region, RegionError};
use replay::{Thread, ThreadAreas};

use crate::board::{Board, Event};
use crate::placement::Placement;
use crate::program::{Program, TaskEntry};
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

/// A started kernel: the scheduler's handle, the port, and where the tasks' tables lie.
#[derive(Debug)]
pub struct Kernel<B: Board> {
    pub(crate) scheduler: Scheduler<B::Nvm>,
    pub(crate) port: B::Port,
    threads: u32,
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
    pub fn bytes_needed<P: Program<B>>() -> Result<u32, BootError> {
        Ok(Plan::make::<B, P>()?.layout.size())
    }

    fn boot_with<P: Program<B>>(
        nvm: B::Nvm,
        port: B::Port,
        formats: bool,
    ) -> Result<(Self, P), BootError> {
        let plan = Plan::make::<B, P>()?;
        let first_boot = || -> Result<(), BootError> {
            Scheduler::format(nvm, &plan.scheduler, |task| {
                entry::<B, P>(task).map_or(intos_sched::Priority(0), |entry| entry.priority)
            })?;
            let mut index = 0;
            while let Some((areas, _)) = thread_of::<B, P>(plan.threads, TaskIndex(index)) {
                Thread::format(nvm, &areas).map_err(Error::from)?;
                index += 1;
            }
            P::place(&mut Placement::new(plan.before_objects.clone(), Some(nvm)))?;
            Ok(())
        };
        let _ = if formats {
            Region::format(&nvm, &plan.layout, first_boot)?
        } else {
            Region::open_or_format(&nvm, &plan.layout, first_boot)?
        };
        let scheduler = Scheduler::open(nvm, plan.scheduler)?;
        scheduler.recover(|task| {
            thread_of::<B, P>(plan.threads, task)
                .map_or(Area::new(0, 0), |(areas, _)| areas.kernel_log())
        })?;
        let program = P::place(&mut Placement::new(plan.before_objects, None))?;
        let kernel = Self {
            scheduler,
            port,
            threads: plan.threads,
        };
        Ok((kernel, program))
    }

    /// Runs a task from its beginning to its end: for ports, on the task's own stack, when it is chosen for
    /// the first time since the start. When it returns `Ok`, the task has ended and is never chosen again.
    pub fn run_task<P: Program<B>>(&self, task: TaskIndex, program: &P) -> Result<(), Error> {
        let Some((areas, entry)) = thread_of::<B, P>(self.threads, task) else {
            return Err(Error::NoSuchTask { index: task.0 });
        };
        let thread = Thread::start(*self.scheduler.nvm(), &areas)?;
        B::observe(
            &self.port,
            Event::Started {
                task: task.0,
                starts_without_commit: thread.starts_without_commit(),
            },
        );
        let mut running = Task::new(self, thread, task);
        (entry.function)(&mut running, program)?;
        self.port.critical(|| self.scheduler.end(task))
    }

    /// A task's name.
    pub fn task_name<P: Program<B>>(task: TaskIndex) -> Option<&'static str> {
        Some(entry::<B, P>(task)?.name)
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
struct Plan {
    scheduler: SchedulerAreas,
    /// Where the first thread's tables begin; the others follow.
    threads: u32,
    /// The layout up to the program's objects.
    before_objects: Layout,
    layout: Layout,
}

impl Plan {
    fn make<B: Board, P: Program<B>>() -> Result<Self, BootError> {
        let mut layout = Layout::new(P::NAME, P::VERSION);
        let mut tasks = 0;
        while let Some(entry) = P::task(tasks) {
            if usize::from(entry.priority.0) >= intos_sched::PRIORITIES {
                return Err(Error::NoSuchPriority {
                    priority: entry.priority.0,
                }
                .into());
            }
            tasks += 1;
            if tasks > intos_sched::MAX_TASKS {
                break;
            }
        }
        let scheduler = SchedulerAreas::place(&mut layout, tasks)?;
        let threads = layout.size();
        for index in 0..tasks {
            if let Some(entry) = P::task(index) {
                let _ = entry.tables.place(&mut layout, entry.name);
            }
        }
        let before_objects = layout.clone();
        let mut placement = Placement::<B::Nvm>::new(layout, None);
        P::place(&mut placement)?;
        Ok(Self {
            scheduler,
            threads,
            before_objects,
            layout: placement.into_layout(),
        })
    }
}

fn entry<B: Board, P: Program<B>>(task: TaskIndex) -> Option<TaskEntry<B, P>> {
    P::task(task.0.into())
}

/// A task's tables and entry.
fn thread_of<B: Board, P: Program<B>>(
    threads: u32,
    task: TaskIndex,
) -> Option<(ThreadAreas, TaskEntry<B, P>)> {
    let mut at = threads;
    for index in 0..task.0 {
        at += entry::<B, P>(TaskIndex(index))?.tables.bytes();
    }
    let entry = entry::<B, P>(task)?;
    let areas = ThreadAreas::split(Area::new(at, entry.tables.bytes()), &entry.tables);
    Some((areas, entry))
}
