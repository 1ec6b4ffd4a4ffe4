//! From reset to the first task, the kernel's loop, and idling.

use intos_sched::Event;

use super::context::{self, BY_TICK, OF_PROGRAM};
use super::critical;
use super::firmware::Firmware;
use super::port::Msp430;
use super::tick::Ticks;
use crate::board::Board;
use crate::device::failure::{Failure, Waiting};
use crate::device::fram::Region;
use crate::device::stacks::Stacks;
use crate::device::system::{self, Core, Next, Running, SLICE_IS_OVER, System};
use crate::kernel::{BootError, Kernel};
use crate::program::Program;

/// Starts the kernel, and runs a program from where it was when the power went to its end: call it once after each
/// reset, from `main`, on the main stack. `ended` is called when all tasks have ended.
///
/// What cannot go on is told to [`Firmware::failed`].
pub fn start<B: Firmware, P: Program<B> + Sync>(ended: fn(&Kernel<B>, &P) -> !) -> ! {
    boot_and_run(Kernel::<B>::boot::<P>, ended)
}

/// The same, but formats the NVM whatever it holds, and begins anew: for whoever asks for it, by a button that is held at
/// the reset, or at the end of a production line. What the NVM held is lost. Where the power goes in the stores of the
/// first 32 bytes the next [`start`] finds what was there before, or tells that it is damaged; later on it formats.
pub fn start_formatting<B: Firmware, P: Program<B> + Sync>(ended: fn(&Kernel<B>, &P) -> !) -> ! {
    boot_and_run(Kernel::<B>::boot_formatting::<P>, ended)
}

type Boot<B, P> = fn(<B as Board>::Nvm, Msp430<B>) -> Result<(Kernel<B>, P), BootError>;

fn boot_and_run<B: Firmware, P: Program<B> + Sync>(
    boot: Boot<B, P>,
    ended: fn(&Kernel<B>, &P) -> !,
) -> ! {
    let _ = critical::enter();
    let nvm = match B::Nvm::open() {
        Ok(nvm) => nvm,
        Err(failure) => B::failed(&failure),
    };
    let (kernel, program) = match boot(nvm, Msp430::new()) {
        Ok(booted) => booted,
        Err(error) => B::failed(&Failure::Boot(error)),
    };
    let running = Running {
        kernel,
        program,
        ended,
    };
    let core: &dyn Core = &running;
    // SAFETY: it lives in this function's frame, and this function never returns: tasks run on other stacks, and the kernel
    // below this frame.
    let core = unsafe { core::mem::transmute::<&dyn Core, &'static dyn Core>(core) };
    // SAFETY: the first call after a reset, by this function's contract; the memory is the port's.
    let stacks = match unsafe { Stacks::divide(core) } {
        Ok(stacks) => stacks,
        Err(failure) => core.fail(&failure),
    };
    system::set(System { core, stacks });
    loop {
        if let Some(system) = system::get() {
            run::<B>(system);
        }
    }
}

/// The kernel's loop: on the main stack, with interrupts held back.
fn run<B: Firmware>(System { core, stacks }: &'static System) -> ! {
    let core = *core;
    let mut ticks = Ticks::<B>::begin();
    let mut was_idle = true;
    loop {
        let next = core.choose(SLICE_IS_OVER.take());
        let why = if let Some(task) = next.task() {
            if was_idle {
                core.observe(Event::Resumed { task });
            }
            let enters_at = stacks.switch(core, core::ptr::null_mut(), next);
            // SAFETY: on the main stack, with interrupts held back; it is the stack of that task.
            let left = unsafe { context::enter(enters_at) };
            check(core, stacks, left.at);
            stacks.switch(core, left.at, Next::NOBODY);
            left.why
        } else {
            sleep(core, &mut ticks);
            context::ended_by()
        };
        was_idle = next.task().is_none();
        handle(core, &mut ticks, why);
        if !was_idle || why & OF_PROGRAM != 0 {
            check_kernel(core, stacks);
        }
    }
}

/// Does what the stack was left for, or the sleep ended.
fn handle<B: Firmware>(core: &dyn Core, ticks: &mut Ticks<B>, why: u16) {
    if why & OF_PROGRAM != 0 {
        let number = why as u8;
        if let Err(error) = core.interrupt(number) {
            core.fail(&Failure::InterruptFailed { number, error });
        }
    }
    if why == BY_TICK {
        SLICE_IS_OVER.raise();
    }
    let passed = ticks.take_passed();
    if passed > 0 {
        advance(core, passed);
    }
}

fn advance(core: &dyn Core, ticks: u32) {
    if let Err(error) = core.advance(ticks) {
        core.fail(&Failure::Kernel(error));
    }
}

/// A task's stack, where it was left.
fn check(core: &dyn Core, stacks: &Stacks, left_at: *mut u16) {
    if stacks.has_overflowed(left_at) {
        let task = stacks.current();
        core.fail(&Failure::StackOverflow {
            task: task.map_or(super::IDLE_NAME, |task| core.name(task)),
            stack_bytes: task.map_or(0, |task| core.stack_bytes(task)),
        });
    }
}

/// The main stack.
fn check_kernel(core: &dyn Core, stacks: &Stacks) {
    check(core, stacks, stacks.idle_end());
}

/// Sleeps until a task may be ready, or ends.
fn sleep<B: Firmware>(core: &'static dyn Core, ticks: &mut Ticks<B>) {
    let to_wake = match core.ticks_to_wake() {
        Ok(to_wake) => to_wake,
        Err(error) => core.fail(&Failure::Kernel(error)),
    };
    core.idle(to_wake);
    match to_wake {
        None => {
            let waiting = Waiting(core);
            if waiting.names().next().is_none() {
                core.end();
            }
            if !core.is_woken_by_interrupts() {
                core.fail(&Failure::Deadlock { waiting });
            }
        }
        // Their time has come: they are woken though no tick has passed.
        Some(0) => return advance(core, 0),
        Some(_) => {}
    }
    ticks.sleep(to_wake);
}
