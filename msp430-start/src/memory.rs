//! `memcpy` and its relatives: those of the compiler's library are made for wide registers, and are large here.
//!
//! Words are copied where both addresses are even, bytes elsewhere.

use core::arch::global_asm;

/// `mov @r13+, OFFSET(r15)`: an instruction that the processor has and the assembler does not know.
macro_rules! word {
    ($offset:literal) => {
        concat!(".word 0x4DBF, ", $offset)
    };
}

/// `mov.b @r13+, 0(r15)`: likewise.
macro_rules! byte {
    () => {
        ".word 0x4DFF, 0"
    };
}

// SAFETY: the C library's functions of these names: destination, source or value, and length in r12, r13 and r14, the
// answer in r12; r11 to r15 are the callee's. Nothing but the ranges that they are given is read or written.
global_asm!(
    ".section .text.memcpy,\"ax\",@progbits",
    ".global memcpy",
    ".global memmove",
    // Backwards where the destination lies behind the source.
    "memmove:",
    "cmp r12, r13",
    "jhs memcpy",
    "mov r12, r15",
    "add r14, r15",
    "add r14, r13",
    "jmp 2f",
    "1:",
    "dec r15",
    "dec r13",
    "mov.b @r13, 0(r15)",
    "2:",
    "cmp r12, r15",
    "jne 1b",
    "ret",
    "memcpy:",
    "mov r12, r15",
    "mov r12, r11",
    "bis r13, r11",
    "bit #1, r11",
    "jnz 5f",
    "sub #8, r14",
    "jlo 2f",
    "1:",
    word!(0),
    word!(2),
    word!(4),
    word!(6),
    "add #8, r15",
    "sub #8, r14",
    "jhs 1b",
    // 8 fewer than what is left; from here on 2 fewer.
    "2:",
    "add #6, r14",
    "jnc 4f",
    "3:",
    word!(0),
    "incd r15",
    "decd r14",
    "jhs 3b",
    "4:",
    "bit #1, r14",
    "jz 7f",
    "mov.b @r13, 0(r15)",
    "ret",
    "5:",
    "tst r14",
    "jz 7f",
    "6:",
    byte!(),
    "inc r15",
    "dec r14",
    "jnz 6b",
    "7:",
    "ret",
    ".section .text.memset,\"ax\",@progbits",
    ".global memset",
    "memset:",
    "mov r12, r15",
    "bit #1, r12",
    "jnz 3f",
    "mov.b r13, r13",
    "mov r13, r11",
    "swpb r11",
    "bis r11, r13",
    "sub #8, r14",
    "jlo 2f",
    "1:",
    "mov r13, 0(r15)",
    "mov r13, 2(r15)",
    "mov r13, 4(r15)",
    "mov r13, 6(r15)",
    "add #8, r15",
    "sub #8, r14",
    "jhs 1b",
    "2:",
    "add #8, r14",
    "3:",
    "tst r14",
    "jz 5f",
    "4:",
    "mov.b r13, 0(r15)",
    "inc r15",
    "dec r14",
    "jnz 4b",
    "5:",
    "ret",
    ".section .text.memcmp,\"ax\",@progbits",
    ".global memcmp",
    ".global bcmp",
    "memcmp:",
    "bcmp:",
    "jmp 2f",
    "1:",
    "dec r14",
    "mov.b @r12+, r15",
    "mov.b @r13+, r11",
    "sub r11, r15",
    "jnz 3f",
    "2:",
    "tst r14",
    "jnz 1b",
    "clr r15",
    "3:",
    "mov r15, r12",
    "ret",
);
