//! The switch between stacks.
//!
//! What a task's stack holds while another one runs, from the address on where it was left:
//!
//! | words | what |
//! | --- | --- |
//! | 8 | r4 to r11 |
//! | 1 | how to return to it (`EXC_RETURN`): tells whether it has used the floating-point unit |
//! | 16 | s16 to s31, where it has |
//! | 8, or 26 | what the processor pushes itself: r0 to r3, r12, lr, pc, xPSR, and the unit's registers |

use core::arch::naked_asm;

use intos_sched::{Event, TaskIndex};

use super::critical;
use super::port::switch_now;
use crate::device::failure::Failure;
use crate::device::system::{self, Core, SLICE_IS_OVER, System};

/// Return to a task, on its own stack, which has not used the floating-point unit.
const TO_TASK: u32 = 0xFFFF_FFFD;
/// In xPSR: Thumb code, the only one there is.
const THUMB: u32 = 1 << 24;

/// Puts on an empty stack what the switch expects, so that it begins `run_task`.
///
/// # Safety
///
/// At least 17 words below `end`, a multiple of 8, are memory that nobody uses.
pub(crate) unsafe fn prepare(end: *mut u32, task: TaskIndex) -> *mut u32 {
    let entry = run_task as extern "C" fn(u32) -> !;
    let at = end.wrapping_sub(17);
    // What the other registers begin with does not matter.
    let put = |place, word| {
        // SAFETY: by this function's contract.
        unsafe { at.wrapping_add(place).write(word) }
    };
    put(8, TO_TASK);
    put(9, u32::from(task.0));
    // There is nothing to return to.
    put(14, 0);
    put(15, (entry as usize as u32) & !1);
    put(16, THUMB);
    at
}

/// A task, from its beginning to its end.
extern "C" fn run_task(task: u32) -> ! {
    if let Some(system) = system::get() {
        let task = TaskIndex(task as u8);
        if let Err(error) = system.core.run_task(task) {
            let _ = critical::enter();
            let task = system.core.name(task);
            system.core.fail(&Failure::TaskFailed { task, error });
        }
    }
    loop {
        // It has ended, and is not chosen again.
        switch_now();
    }
}

/// Leaves the stack that the processor is on, and answers where it goes on.
extern "C" fn switch(left_at: *mut u32) -> *mut u32 {
    let before = critical::enter();
    let Some(system) = system::get() else {
        critical::leave(before);
        return left_at;
    };
    let next = choose(system, left_at);
    critical::leave(before);
    next
}

fn choose(System { core, stacks }: &System, left_at: *mut u32) -> *mut u32 {
    if stacks.has_overflowed(left_at) {
        overflowed(*core, stacks.current());
    }
    let next = core.choose(SLICE_IS_OVER.take());
    if let Some(task) = next.task()
        && stacks.is_idle()
    {
        core.observe(Event::Resumed { task });
    }
    stacks.switch(*core, left_at, next)
}

/// Tells that a stack was too small.
#[cold]
#[inline(never)]
pub(super) fn overflowed(core: &dyn Core, running: Option<TaskIndex>) -> ! {
    core.fail(&Failure::StackOverflow {
        task: running.map_or("idle", |task| core.name(task)),
        stack_bytes: running.map_or(core.idle_stack_bytes(), |task| core.stack_bytes(task)),
    })
}

/// The exception in which stacks are switched: of the lowest priority, so that it interrupts tasks only.
///
/// # Safety
///
/// Only the processor calls it.
#[cfg(target_has_atomic = "32")]
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn PendSV() {
    #[cfg(not(target_abi = "eabihf"))]
    naked_asm!(
        "mrs r0, psp",
        "stmdb r0!, {{r4-r11, lr}}",
        "bl {switch}",
        "ldmia r0!, {{r4-r11, lr}}",
        "msr psp, r0",
        "bx lr",
        switch = sym switch,
    );
    #[cfg(target_abi = "eabihf")]
    naked_asm!(
        // What the target has, the assembler is not told where the function is naked.
        ".fpu fpv4-sp-d16",
        "mrs r0, psp",
        "tst lr, #0x10",
        "it eq",
        "vstmdbeq r0!, {{s16-s31}}",
        "stmdb r0!, {{r4-r11, lr}}",
        "bl {switch}",
        "ldmia r0!, {{r4-r11, lr}}",
        "tst lr, #0x10",
        "it eq",
        "vldmiaeq r0!, {{s16-s31}}",
        "msr psp, r0",
        "bx lr",
        switch = sym switch,
    );
}

/// The same for ARMv6-M, which cannot push r8 to r11 and lr at once.
///
/// # Safety
///
/// Only the processor calls it.
#[cfg(not(target_has_atomic = "32"))]
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn PendSV() {
    naked_asm!(
        "mrs r0, psp",
        "subs r0, #36",
        "stmia r0!, {{r4-r7}}",
        "mov r4, r8",
        "mov r5, r9",
        "mov r6, r10",
        "mov r7, r11",
        "mov r3, lr",
        "stmia r0!, {{r4-r7}}",
        "stmia r0!, {{r3}}",
        "subs r0, #36",
        "bl {switch}",
        "adds r0, #16",
        "ldmia r0!, {{r4-r7}}",
        "ldmia r0!, {{r3}}",
        "mov r8, r4",
        "mov r9, r5",
        "mov r10, r6",
        "mov r11, r7",
        "msr psp, r0",
        "subs r0, #36",
        "ldmia r0!, {{r4-r7}}",
        "bx r3",
        switch = sym switch,
    );
}
