//! What runs between a reset and the program's `main`.
//!
//! In this order: the stack; the watchdog, which is on after a reset and would end a long start, is held; variables get
//! the values that they begin with; `__msp430_main`, which [`entry!`](crate::entry) names.
//!
//! Nothing here reads what was in RAM or registers, and nothing writes elsewhere than into RAM between the linker script's
//! symbols and the watchdog's register: a power loss at any instruction leaves NVM as it was.

use core::arch::global_asm;

// SAFETY: runs once after each reset, before any Rust code. The linker script's symbols are multiples of 2 and bound
// `.data` and `.bss`, which are these loops' alone until the program begins. 0x5A80 is the watchdog's password and HOLD.
global_asm!(
    ".section .text.__msp430_reset,\"ax\",@progbits",
    ".global __msp430_reset",
    "__msp430_reset:",
    "mov #__stack_start, r1",
    "mov #0x5A80, &__watchdog_control",
    "mov #__data_start, r12",
    "mov #__data_load, r13",
    "jmp 2f",
    "1:",
    "mov @r13, 0(r12)",
    "incd r13",
    "incd r12",
    "2:",
    "cmp #__data_end, r12",
    "jlo 1b",
    "mov #__bss_start, r12",
    "jmp 4f",
    "3:",
    "clr 0(r12)",
    "incd r12",
    "4:",
    "cmp #__bss_end, r12",
    "jlo 3b",
    "call #__msp430_main",
    // It does not return.
    "5:",
    "jmp 5b",
);
