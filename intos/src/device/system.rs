//! What the handlers must know: the running kernel, without its program's type.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

use intos_sched::{Error, Event, TaskIndex, TaskState};

use super::failure::Failure;
use super::flag::Flag;
use super::machine::Machine;
use super::stacks::{self, Stacks};
use crate::kernel::Kernel;
use crate::program::Program;
use crate::table;

/// Who runs next: one word, so that it is answered in a register.
#[derive(Clone, Copy)]
pub(crate) struct Next {
    /// Whose it is, of those that were created one after the other in a slot.
    pub(crate) generation: u16,
    index: u8,
    is_somebody: bool,
}

impl Next {
    /// The processor idles.
    pub(crate) const NOBODY: Self = Self {
        generation: 0,
        index: 0,
        is_somebody: false,
    };

    /// The task; none where the processor idles.
    #[inline]
    pub(crate) fn task(self) -> Option<TaskIndex> {
        self.is_somebody.then_some(TaskIndex(self.index))
    }
}

/// A kernel with its program, whichever it is.
#[allow(dead_code)] // a port does not need all of it
pub(crate) trait Core {
    /// Who runs next. Fails where the kernel's state is damaged.
    fn choose(&self, slice_is_over: bool) -> Next;
    /// Lets ticks pass, and answers whether somebody was woken.
    fn advance(&self, ticks: u32) -> Result<bool, Error>;
    /// Handles an interrupt, and answers whether somebody was woken.
    fn interrupt(&self, number: u8) -> Result<bool, Error>;
    /// Runs a task to its end.
    fn run_task(&self, task: TaskIndex) -> Result<(), Error>;
    /// How long nobody wakes.
    fn ticks_to_wake(&self) -> Result<Option<u32>, Error>;
    /// Tells that everybody sleeps.
    fn idle(&self, ticks: Option<u32>);
    /// Lets the processor sleep.
    fn sleep(&self);
    /// Whether interrupts of the program's own may wake tasks.
    fn is_woken_by_interrupts(&self) -> bool;
    /// Clocks in a tick.
    fn clocks_per_tick(&self) -> u32;
    /// All tasks have ended.
    fn end(&self) -> !;
    fn observe(&self, event: Event);
    fn fail(&self, failure: &Failure<'_>) -> !;
    fn task_count(&self) -> u8;
    fn state(&self, task: TaskIndex) -> Result<TaskState, Error>;
    fn name(&self, task: TaskIndex) -> &'static str;
    fn stack_bytes(&self, task: TaskIndex) -> usize;
    /// Bytes of the stacks of all tasks before one, rounded by a plan: of all together where there is no such task.
    fn stacks_before(&self, task: TaskIndex, plan: stacks::Plan) -> usize;
    fn idle_stack_bytes(&self) -> usize;
    fn guards_stacks(&self) -> bool;
    fn measures_stacks(&self) -> bool;
}

/// A kernel with its program.
pub(crate) struct Running<B: Machine, P> {
    pub(crate) kernel: Kernel<B>,
    pub(crate) program: P,
    pub(crate) ended: fn(&Kernel<B>, &P) -> !,
}

impl<B: Machine, P: Program<B>> Core for Running<B, P> {
    fn choose(&self, slice_is_over: bool) -> Next {
        choose(&self.kernel, slice_is_over)
    }

    fn advance(&self, ticks: u32) -> Result<bool, Error> {
        self.kernel.advance(ticks)
    }

    fn interrupt(&self, number: u8) -> Result<bool, Error> {
        self.kernel.interrupt(&self.program, number)
    }

    fn run_task(&self, task: TaskIndex) -> Result<(), Error> {
        self.kernel.run_task(task, &self.program)
    }

    fn ticks_to_wake(&self) -> Result<Option<u32>, Error> {
        self.kernel.scheduler.ticks_to_wake()
    }

    fn idle(&self, ticks: Option<u32>) {
        B::observe(Event::Idle { ticks });
        self.program.idle(&self.kernel.port, ticks);
    }

    fn sleep(&self) {
        B::sleep();
    }

    fn is_woken_by_interrupts(&self) -> bool {
        B::WOKEN_BY_INTERRUPTS
    }

    fn clocks_per_tick(&self) -> u32 {
        B::CLOCKS_PER_TICK
    }

    fn end(&self) -> ! {
        (self.ended)(&self.kernel, &self.program)
    }

    fn observe(&self, event: Event) {
        B::observe(event);
    }

    fn fail(&self, failure: &Failure<'_>) -> ! {
        B::failed(failure)
    }

    fn task_count(&self) -> u8 {
        self.kernel.scheduler.task_count()
    }

    fn state(&self, task: TaskIndex) -> Result<TaskState, Error> {
        self.kernel.scheduler.state(task)
    }

    fn name(&self, task: TaskIndex) -> &'static str {
        Kernel::<B>::task_name::<P>(task).unwrap_or("?")
    }

    fn stack_bytes(&self, task: TaskIndex) -> usize {
        Kernel::<B>::stack_bytes::<P>(task).unwrap_or(0)
    }

    fn stacks_before(&self, task: TaskIndex, plan: stacks::Plan) -> usize {
        let mut bytes = 0;
        table::each_stack_before::<B, P>(task, |wanted| bytes += plan.whole_bytes(wanted));
        bytes
    }

    fn idle_stack_bytes(&self) -> usize {
        B::IDLE_STACK_BYTES
    }

    fn guards_stacks(&self) -> bool {
        B::GUARD_STACKS
    }

    fn measures_stacks(&self) -> bool {
        B::MEASURE_STACKS
    }
}

/// Who runs next: the same for all programs.
fn choose<B: Machine>(kernel: &Kernel<B>, slice_is_over: bool) -> Next {
    let next = || -> Result<Next, Error> {
        let Some(task) = kernel.choose(slice_is_over)? else {
            return Ok(Next::NOBODY);
        };
        Ok(Next {
            generation: kernel.scheduler.generation(task)?,
            index: task.0,
            is_somebody: true,
        })
    };
    match next() {
        Ok(next) => next,
        Err(error) => B::failed(&Failure::Kernel(error)),
    }
}

/// What runs on the processor.
pub(crate) struct System {
    pub(crate) core: &'static dyn Core,
    pub(crate) stacks: Stacks,
}

/// Whether the running task's time slice is over: a task of the same priority comes first.
pub(crate) static SLICE_IS_OVER: Flag = Flag::new();

/// Set when the system is there.
static IS_RUNNING: Flag = Flag::new();

struct Place(UnsafeCell<MaybeUninit<System>>);

// SAFETY: it is written once, before `IS_RUNNING` is set, and only read from then on; nothing reads it before.
unsafe impl Sync for Place {}

static SYSTEM: Place = Place(UnsafeCell::new(MaybeUninit::uninit()));

/// Makes a system the processor's. Called once after each reset.
pub(crate) fn set(system: System) {
    if IS_RUNNING.is_raised() {
        return;
    }
    // SAFETY: nobody has a reference to it, since `get` gives none before the flag is set, and there is one processor
    // and no task yet. A second caller does not come so far.
    unsafe { (*SYSTEM.0.get()).write(system) };
    IS_RUNNING.raise();
}

/// The processor's system, when there is one.
pub(crate) fn get() -> Option<&'static System> {
    if !IS_RUNNING.is_raised() {
        return None;
    }
    // SAFETY: it was written before the flag was set, and is never written again.
    Some(unsafe { (*SYSTEM.0.get()).assume_init_ref() })
}
