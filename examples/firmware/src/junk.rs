//! What a power loss takes: before anything else a reset fills all SRAM with junk.

use core::arch::global_asm;

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
