//! From reset to the first task, and idling.

use core::arch::asm;

use super::critical;
use super::firmware::Firmware;
use super::port::{CortexM, pend_switch, switch_now};
use super::tick;
use crate::board::Board;
use crate::device::failure::{Failure, Waiting};
use crate::device::fram::Region;
use crate::device::stacks::Stacks;
use crate::device::system::{self, Core, Running, System};
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

type Boot<B, P> = fn(<B as Board>::Nvm, CortexM<B>) -> Result<(Kernel<B>, P), BootError>;

fn boot_and_run<B: Firmware, P: Program<B> + Sync>(
    boot: Boot<B, P>,
    ended: fn(&Kernel<B>, &P) -> !,
) -> ! {
    let nvm = match B::Nvm::open() {
        Ok(nvm) => nvm,
        Err(failure) => B::failed(&failure),
    };
    let (kernel, program) = match boot(nvm, CortexM::new()) {
        Ok(booted) => booted,
        Err(error) => B::failed(&Failure::Boot(error)),
    };
    let running = Running {
        kernel,
        program,
        ended,
    };
    let core: &dyn Core = &running;
    // SAFETY: it lives in this function's frame, and this function never returns: `idle` runs on another stack.
    let core = unsafe { core::mem::transmute::<&dyn Core, &'static dyn Core>(core) };
    // SAFETY: the first call after a reset, by this function's contract; the memory is the port's.
    let stacks = match unsafe { Stacks::divide(core) } {
        Ok(stacks) => stacks,
        Err(failure) => core.fail(&failure),
    };
    let idle_end = stacks.idle_end();
    system::set(System { core, stacks });
    tick::begin(core);
    // SAFETY: the stack for idling is memory that nobody uses, and its end a multiple of 8. The main stack stays as it
    // is, for the handlers: they push below what `running` takes.
    unsafe {
        asm!(
            "msr PSP, {end}",
            "movs {end}, #2",
            "msr CONTROL, {end}",
            "isb",
            "bl {idle}",
            end = in(reg) idle_end,
            idle = sym idle,
            options(noreturn),
        )
    }
}

/// What the processor does when no task is ready. It is also the first that runs, and has the first task chosen.
extern "C" fn idle() -> ! {
    loop {
        // Comes back when nobody is ready.
        switch_now();
        if let Some(system) = system::get() {
            sleep(system.core);
        }
    }
}

/// Sleeps until a task may be ready, or ends.
fn sleep(core: &'static dyn Core) {
    let ticks_to_wake = || match core.ticks_to_wake() {
        Ok(ticks) => ticks,
        Err(error) => core.fail(&Failure::Kernel(error)),
    };
    let before = critical::enter();
    let ticks = ticks_to_wake();
    critical::leave(before);
    core.idle(ticks);
    let before = critical::enter();
    // An interrupt may have started a timer, or woken a task that has run meanwhile.
    let ticks = ticks_to_wake();
    if ticks.is_none() {
        let waiting = Waiting(core);
        if waiting.names().next().is_none() {
            core.end();
        }
        if !core.is_woken_by_interrupts() {
            core.fail(&Failure::Deadlock { waiting });
        }
    }
    let passed = tick::sleep(core, ticks);
    if passed > 0 || ticks == Some(0) {
        match core.advance(passed) {
            Ok(true) => pend_switch(),
            Ok(false) => {}
            Err(error) => core.fail(&Failure::Kernel(error)),
        }
    }
    critical::leave(before);
}
