//! A power loss: a reset of the processor, which before anything else fills all SRAM with junk.

use core::arch::global_asm;
use core::ptr;

/// Application interrupt and reset control: a store with the key and this bit resets the processor.
const AIRCR: usize = 0xE000_ED0C;
const RESET: u32 = 0x05FA_0004;

/// Takes the power away for a moment.
pub fn lose_power() -> ! {
    // SAFETY: one of the processor's own registers, which does not let it access memory.
    unsafe { ptr::with_exposed_provenance_mut::<u32>(AIRCR).write_volatile(RESET) }
    loop {
        core::hint::spin_loop();
    }
}

// `__pre_init` runs before there is a stack, by the contract of `cortex-m-rt`.
global_asm!(
    ".section .text.__pre_init, \"ax\"",
    ".global __pre_init",
    ".type __pre_init, %function",
    ".thumb_func",
    "__pre_init:",
    "ldr r0, =__sram_start",
    "ldr r1, =__sram_end",
    "ldr r2, =0x9e3779b9",
    "ldr r3, =0xdeadbeef",
    "movs r4, r2",
    "mvns r5, r3",
    "0:",
    "stmia r0!, {{r2-r5}}",
    "adds r2, r2, r3",
    "adds r4, r4, r2",
    "cmp r0, r1",
    "blo 0b",
    "bx lr",
    ".ltorg",
    ".size __pre_init, . - __pre_init",
);
