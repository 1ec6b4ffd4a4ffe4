//! Power losses for a machine without a timer that cuts at instructions: at the first event that the kernel tells at the
//! first start, at the second event at the second start, and so on, until a start comes to the program's end before.
//!
//! How often the power went stands behind the kernel's NVM, in a word that is 0 when the emulator starts.

use core::arch::naked_asm;
use core::sync::atomic::{AtomicU32, Ordering};

/// How many events are left to this start; 0: the power does not go.
static LEFT: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" {
    static mut __resets: u32;
}

/// How often the power went.
pub(crate) fn resets() -> u32 {
    // SAFETY: a word of its own, behind the kernel's memory.
    unsafe { (&raw const __resets).read_volatile() }
}

/// Plans this start's power loss.
pub(crate) fn begin() {
    LEFT.store(resets() + 1, Ordering::Relaxed);
}

/// Counts an event; the power goes where it is this start's last.
pub(crate) fn count() {
    // ARMv6-M has no atomic subtraction. An event in an interrupt may be lost, which changes only when the power goes.
    match LEFT.load(Ordering::Relaxed) {
        0 => {}
        1 => {
            let resets = resets() + 1;
            // SAFETY: as in `resets`.
            unsafe { (&raw mut __resets).write_volatile(resets) };
            lose_power()
        }
        left => LEFT.store(left - 1, Ordering::Relaxed),
    }
}

/// Fills all SRAM with junk, and resets the processor.
#[unsafe(naked)]
extern "C" fn lose_power() -> ! {
    naked_asm!(
        "cpsid i",
        // The MPU, if there is one, guards part of it.
        "ldr r0, =0xe000ed94",
        "movs r1, #0",
        "str r1, [r0]",
        "dsb",
        "isb",
        "ldr r0, =__sram_start",
        "ldr r1, =__sram_end",
        "ldr r2, =0x9e3779b9",
        "ldr r3, =0xdeadbeef",
        "0:",
        "stmia r0!, {{r2, r3}}",
        "adds r2, r2, r3",
        "cmp r0, r1",
        "blo 0b",
        // Application interrupt and reset control.
        "ldr r0, =0xe000ed0c",
        "ldr r1, =0x05fa0004",
        "str r1, [r0]",
        "1:",
        "b 1b",
        ".ltorg",
    )
}
