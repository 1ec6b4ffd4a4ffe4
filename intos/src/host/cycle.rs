//! A power cycle: from power on to the end of all tasks, or to a power loss.
#![allow(unsafe_code)]

use std::fmt;
use std::ptr;

use corosensei::stack::{DefaultStack, Stack as _};
use corosensei::{Coroutine, CoroutineResult, Yielder};
use intos_sched::{Error, ErrorKind, Event, Port, TaskIndex, TaskState};
use nvm_core::Nvm;
use nvm_core::sim::{PowerLoss, until_power_loss};

use super::machine::{Host, Left, Machine};
use super::stacks;
use crate::kernel::{BootError, Kernel};
use crate::program::Program;

/// Bytes of a stack that must be free when its task accesses the NVM: a guard page catches what goes beyond.
const STACK_RESERVE: usize = 16 * 1024;

/// After so many random interrupts in a row that woke nobody, all tasks are taken to wait in vain.
const ENOUGH: u32 = 1_000;

/// How a power cycle ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CycleEnd {
    /// All tasks have ended.
    Ended,
    /// The power went.
    PowerLost,
    /// The caller's hook stopped it.
    Stopped,
}

/// Why a power cycle cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostError {
    /// The kernel did not start.
    Boot(BootError),
    /// A task's function returned an error.
    TaskFailed {
        /// The task.
        task: &'static str,
        /// Its error.
        error: Error,
    },
    /// The handler of an interrupt returned an error.
    InterruptFailed {
        /// Which one.
        number: u8,
        /// Its error.
        error: Error,
    },
    /// The kernel's state is damaged.
    Kernel(Error),
    /// All tasks that have not ended wait for each other, without a limit.
    Deadlock {
        /// Their names.
        tasks: Vec<&'static str>,
    },
    /// A task has almost no stack left.
    StackOverflow {
        /// Which one.
        task: &'static str,
        /// Bytes of its stack.
        stack_bytes: usize,
    },
    /// A task was started again and again without committing anything: see
    /// [`Settings::stall_limit`](super::Settings::stall_limit).
    NoProgress {
        /// Which one.
        task: &'static str,
        /// How often in a row.
        starts: u16,
    },
    /// The operating system gave no memory for a stack.
    NoStack {
        /// What it said.
        reason: String,
    },
}

impl From<Error> for HostError {
    fn from(error: Error) -> Self {
        Self::Kernel(error)
    }
}

impl From<BootError> for HostError {
    fn from(error: BootError) -> Self {
        Self::Boot(error)
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boot(error) => error.fmt(f),
            Self::TaskFailed { task, error } => write!(f, "task `{task}` failed: {error}"),
            Self::InterruptFailed { number, error } => {
                write!(f, "the handler of interrupt {number} failed: {error}")
            }
            Self::Kernel(error) => error.fmt(f),
            Self::Deadlock { tasks } => write!(
                f,
                "deadlock: all tasks wait forever and nothing is pending: {}; give one of them a timeout, \
                 resume one that is suspended, or let all take their mutexes in the same order",
                tasks.join(", ")
            ),
            Self::StackOverflow { task, stack_bytes } => write!(
                f,
                "stack overflow: task `{task}` has almost none of its {stack_bytes} bytes left; give it a \
                 larger stack, or fewer and smaller local variables"
            ),
            Self::NoProgress { task, starts } => write!(
                f,
                "no progress: task `{task}` was started {starts} times in a row without committing anything; \
                 one of its transactions is too long for the energy between two power losses: divide it"
            ),
            Self::NoStack { reason } => write!(f, "no memory for a task's stack: {reason}"),
        }
    }
}

impl std::error::Error for HostError {}

/// How a task's function ended.
type TaskEnd = Result<Result<(), Error>, PowerLoss>;
type Stack = Coroutine<(), Left, TaskEnd, DefaultStack>;

impl<N: Nvm + fmt::Debug, W> Machine<N, W> {
    /// Gives the machine power, and runs the program until all its tasks have ended or the power goes.
    ///
    /// A power loss abandons the tasks' stacks: no destructor of theirs runs. So a task must not rely on one
    /// for more than leaks, and must not lend its stack to other threads, as [`std::thread::scope`] would.
    ///
    /// # Errors
    ///
    /// What makes going on useless. A task that fails ends the cycle; it is not ended in NVM, so that the
    /// next cycle tries it again.
    pub fn power_cycle<'m, P: Program<Host<'m, N, W>>>(&'m self) -> Result<CycleEnd, HostError> {
        self.power_cycle_with::<P>(false, |_| true)
    }

    /// The same. `formats`: formats the region first, whatever it holds. `goes_on` is asked each time when
    /// the processor goes from one task to another or a tick passes, and may stop the cycle.
    pub fn power_cycle_with<'m, P: Program<Host<'m, N, W>>>(
        &'m self,
        formats: bool,
        mut goes_on: impl FnMut(&P) -> bool,
    ) -> Result<CycleEnd, HostError> {
        self.reset();
        let end = self.cycle::<P>(formats, &mut goes_on);
        self.reset();
        self.forget_interrupts();
        end
    }

    fn cycle<'m, P: Program<Host<'m, N, W>>>(
        &'m self,
        formats: bool,
        goes_on: &mut impl FnMut(&P) -> bool,
    ) -> Result<CycleEnd, HostError> {
        let booted = until_power_loss(|| {
            if formats {
                Kernel::<Host<'m, N, W>>::boot_formatting::<P>(self, self)
            } else {
                Kernel::<Host<'m, N, W>>::boot::<P>(self, self)
            }
        });
        let (kernel, program) = match booted {
            Ok(booted) => booted?,
            Err(PowerLoss) => return Ok(CycleEnd::PowerLost),
        };
        let mut tasks = Tasks {
            machine: self,
            kernel: &kernel,
            program: &program,
            stacks: (0..kernel.scheduler.task_count()).map(|_| None).collect(),
            interrupted: None,
            in_vain: 0,
        };
        until_power_loss(|| tasks.run(goes_on)).unwrap_or(Ok(CycleEnd::PowerLost))
    }
}

/// The tasks of a power cycle, with their stacks.
struct Tasks<'c, 'm, N: Nvm + fmt::Debug, W, P> {
    machine: &'m Machine<N, W>,
    kernel: &'c Kernel<Host<'m, N, W>>,
    program: &'c P,
    stacks: Vec<Option<TaskStack>>,
    /// An interrupt that was raised.
    interrupted: Option<u8>,
    /// Random interrupts in a row that woke nobody, while all tasks waited without a limit.
    in_vain: u32,
}

/// The stack of a task, and the task's generation: another task may be created in its slot.
struct TaskStack {
    generation: u16,
    stack: Stack,
    /// Its lowest address.
    limit: usize,
}

impl<'m, N: Nvm + fmt::Debug, W, P: Program<Host<'m, N, W>>> Tasks<'_, 'm, N, W, P> {
    /// The scheduler's loop.
    fn run(&mut self, goes_on: &mut impl FnMut(&P) -> bool) -> Result<CycleEnd, HostError> {
        let mut slice_is_over = false;
        // Whether the processor comes from a sleep, or from being without power.
        let mut stands_still = true;
        loop {
            if !goes_on(self.program) {
                return Ok(CycleEnd::Stopped);
            }
            if let Some(number) = self.interrupted.take() {
                self.kernel
                    .interrupt(self.program, number)
                    .map_err(|error| HostError::InterruptFailed { number, error })?;
            }
            if let Some((task, starts)) = self.machine.stalled() {
                return Err(HostError::NoProgress {
                    task: Self::name(task),
                    starts,
                });
            }
            let Some(task) = self.kernel.choose(slice_is_over)? else {
                self.interrupted = self.machine.next_interrupt();
                if self.interrupted.is_none()
                    && let Some(end) = self.sleep()?
                {
                    return Ok(end);
                }
                stands_still = true;
                continue;
            };
            slice_is_over = false;
            if std::mem::take(&mut stands_still) {
                self.machine.observe(Event::Resumed { task });
            }
            self.in_vain = 0;
            match self.resume(task)? {
                None | Some(Left::PowerLost) => return Ok(CycleEnd::PowerLost),
                Some(Left::Switch) => slice_is_over = self.machine.settings.preempt_one_in > 0,
                Some(Left::Yield) => slice_is_over = true,
                Some(Left::Tick) => {
                    self.kernel.advance(1)?;
                    slice_is_over = true;
                }
                Some(Left::Interrupt(number)) => self.interrupted = Some(number),
                Some(Left::StackOverflow) => {
                    return Err(HostError::StackOverflow {
                        task: Self::name(task),
                        stack_bytes: self.machine.settings.stack_bytes,
                    });
                }
            }
        }
    }

    /// Everyone sleeps: so does the processor, without ticks, until somebody's time is up or an interrupt
    /// comes. Answers the end of the cycle, if nobody ever wakes.
    fn sleep(&mut self) -> Result<Option<CycleEnd>, HostError> {
        let ticks = self.kernel.scheduler.ticks_to_wake()?;
        self.machine.observe(Event::Idle { ticks });
        self.program.idle(&self.machine, ticks);
        self.interrupted = self.machine.next_interrupt();
        if self.interrupted.is_some() {
            return Ok(None);
        }
        let interrupted_after = self.machine.random_interrupt_in(ticks);
        match (ticks, interrupted_after) {
            (Some(ticks), None) => {
                self.kernel.advance(ticks)?;
            }
            (Some(_), Some(ticks)) => {
                if ticks > 0 {
                    self.kernel.advance(ticks)?;
                }
                self.interrupted = Some(0);
            }
            (None, Some(_)) if self.in_vain < ENOUGH && !self.waiting()?.is_empty() => {
                self.in_vain += 1;
                self.interrupted = Some(0);
            }
            (None, _) => return self.nobody_is_ready().map(Some),
        }
        Ok(None)
    }

    fn name(task: TaskIndex) -> &'static str {
        Kernel::<Host<'m, N, W>>::task_name::<P>(task).unwrap_or("?")
    }

    /// Runs a task until it leaves its stack; `None` where the power went.
    fn resume(&mut self, task: TaskIndex) -> Result<Option<Left>, HostError> {
        let index = usize::from(task.0);
        let Some(place) = self.stacks.get_mut(index) else {
            return Err(ErrorKind::NoSuchTask { index: task.0 }.error().into());
        };
        let generation = self.kernel.scheduler.id(task)?.generation();
        if place
            .as_ref()
            .is_some_and(|old| old.generation != generation)
            && let Some(old) = place.take()
        {
            // That of a task that was deleted.
            recycle(self.machine, old.stack);
        }
        let stack = match place {
            Some(stack) => stack,
            None => place.insert(run_on_stack(
                self.machine,
                self.kernel,
                self.program,
                (task, generation),
            )?),
        };
        self.machine.stack_limit.set(stack.limit + STACK_RESERVE);
        match stack.stack.resume(()) {
            CoroutineResult::Yield(left) => Ok(Some(left)),
            CoroutineResult::Return(end) => {
                self.machine.yielder.set(ptr::null());
                if let Some(ended) = place.take() {
                    stacks::give_back(self.machine.settings.stack_bytes, ended.stack.into_stack());
                }
                match end {
                    Err(PowerLoss) => Ok(None),
                    Ok(Ok(())) => Ok(Some(Left::Switch)),
                    Ok(Err(error)) => Err(HostError::TaskFailed {
                        task: Self::name(task),
                        error,
                    }),
                }
            }
        }
    }

    /// Nobody is ready, and nobody will be.
    fn nobody_is_ready(&self) -> Result<CycleEnd, HostError> {
        let tasks = self.waiting()?;
        if tasks.is_empty() {
            Ok(CycleEnd::Ended)
        } else {
            Err(HostError::Deadlock { tasks })
        }
    }

    /// The names of all tasks that have not ended.
    fn waiting(&self) -> Result<Vec<&'static str>, HostError> {
        let scheduler = &self.kernel.scheduler;
        let mut waiting = Vec::new();
        for task in (0..scheduler.task_count()).map(TaskIndex) {
            if scheduler.state(task)? != TaskState::Ended {
                waiting.push(Self::name(task));
            }
        }
        Ok(waiting)
    }
}

impl<N: Nvm + fmt::Debug, W, P> Drop for Tasks<'_, '_, N, W, P> {
    /// A power loss, or the end: what is left on the stacks is lost.
    fn drop(&mut self) {
        // After a panic on a task's stack, which ends here, it still leads there.
        self.machine.yielder.set(ptr::null());
        for left in self.stacks.drain(..).flatten() {
            recycle(self.machine, left.stack);
        }
    }
}

/// Takes the stack of a task that never runs again, to be used anew.
fn recycle<N: Nvm, W>(machine: &Machine<N, W>, mut stack: Stack) {
    if stack.started() && !stack.done() {
        // SAFETY: no destructor of what lies on the stack runs, as at a real power loss, and the
        // stack is then used anew. That is sound, since nothing outside keeps a pointer into
        // it: the machine's yielder is never that of a stack that was left for good, and a task's
        // function, given references to the kernel and the program only, cannot lend parts of its stack
        // to anything that outlives it in safe code other than by scoped threads, which would have to be
        // joined within the function: a task must not use them.
        unsafe { stack.force_reset() };
    }
    stacks::give_back(machine.settings.stack_bytes, stack.into_stack());
}

/// A task's function, about to run on a stack of its own.
fn run_on_stack<'m, N: Nvm + fmt::Debug, W, P: Program<Host<'m, N, W>>>(
    machine: &'m Machine<N, W>,
    kernel: &Kernel<Host<'m, N, W>>,
    program: &P,
    (task, generation): (TaskIndex, u16),
) -> Result<TaskStack, HostError> {
    let taken = stacks::take(machine.settings.stack_bytes);
    let stack = taken.map_err(|error| HostError::NoStack {
        reason: error.to_string(),
    })?;
    let limit = stack.limit().get();
    let function = move |yielder: &Yielder<(), Left>, ()| {
        machine.yielder.set(ptr::from_ref(yielder));
        let end = until_power_loss(|| kernel.run_task(task, program));
        machine.yielder.set(ptr::null());
        end
    };
    // SAFETY: the function borrows the machine, the kernel and the program, all of which outlive the
    // coroutine: it is dropped with `Tasks`, which borrows them too.
    let stack = unsafe { Coroutine::with_stack_unchecked(stack, function) };
    Ok(TaskStack {
        generation,
        stack,
        limit,
    })
}
