//! The processor's faults.

use core::arch::naked_asm;

#[cfg(target_has_atomic = "32")]
use super::registers::CFSR;

use super::context::overflowed;
use super::critical;
use crate::device::failure::Failure;
use crate::device::system;

/// Any fault, on the main stack. `frame` is what the processor has pushed, or would have.
extern "C" fn tell(frame: *mut u32, on_task_stack: u32) -> ! {
    let _ = critical::enter();
    #[cfg(target_has_atomic = "32")]
    let status = CFSR.read();
    #[cfg(not(target_has_atomic = "32"))]
    let status = 0;
    if let Some(system) = system::get() {
        let (core, stacks) = (system.core, &system.stacks);
        let on_task_stack = on_task_stack != 0;
        let running = stacks.current();
        // A switch, too, pushes to the stack of the task that it leaves.
        if stacks.has_overflowed_by_fault(on_task_stack.then_some(frame)) {
            overflowed(core, running);
        }
        let running = running.filter(|_| on_task_stack);
        let instruction = if !on_task_stack || stacks.holds(frame) {
            // SAFETY: the processor has just pushed it there, to a task's stack as was checked, or to the main stack:
            // where that pointer was wrong it would have locked up.
            unsafe { frame.add(6).read() }
        } else {
            0
        };
        core.fail(&Failure::Fault {
            task: running.map_or("kernel", |task| core.name(task)),
            instruction,
            status,
        });
    }
    loop {
        core::hint::spin_loop();
    }
}

/// Finds out on which stack the processor was.
///
/// # Safety
///
/// Only the processor calls it, or code that leaves lr as it is.
#[unsafe(no_mangle)]
#[unsafe(naked)]
#[unsafe(link_section = ".HardFault.intos")]
unsafe extern "C" fn HardFault() {
    naked_asm!(
        "mov r2, lr",
        "movs r1, #4",
        "ands r1, r2",
        "beq 1f",
        "mrs r0, psp",
        "b 2f",
        "1:",
        "mrs r0, msp",
        "2:",
        "ldr r2, ={tell}",
        "bx r2",
        ".ltorg",
        tell = sym tell,
    );
}

/// An access that the MPU forbids.
///
/// # Safety
///
/// Only the processor calls it.
#[cfg(target_has_atomic = "32")]
#[unsafe(no_mangle)]
#[unsafe(naked)]
unsafe extern "C" fn MemoryManagement() {
    naked_asm!("b {fault}", fault = sym HardFault);
}
