//! The processor's faults.

use core::arch::naked_asm;

#[cfg(target_has_atomic = "32")]
use super::registers::CFSR;

use super::critical;
use super::failure::Failure;
use super::system;

/// Any fault. `frame` is what the processor has pushed.
extern "C" fn tell(frame: *const [u32; 8], on_task_stack: u32) -> ! {
    let _ = critical::enter();
    // SAFETY: the processor has just pushed it there. Where the stack pointer was wrong that would have locked the
    // processor up.
    let instruction = unsafe { (*frame)[6] };
    #[cfg(target_has_atomic = "32")]
    let status = CFSR.read();
    #[cfg(not(target_has_atomic = "32"))]
    let status = 0;
    if let Some(system) = system::get() {
        let core = system.core;
        let running = system.stacks.current().filter(|_| on_task_stack != 0);
        if let Some(task) = running
            && system.stacks.has_overflowed(frame.cast_mut().cast())
        {
            core.fail(&Failure::StackOverflow {
                task: core.name(task),
                stack_bytes: core.stack_bytes(task),
            });
        }
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
