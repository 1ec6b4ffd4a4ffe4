//! Shifts of 32 bits. 16 of them are one step; of the count the low five bits are taken.

use core::arch::global_asm;

/// A shift: `by_16` moves a word, `by_1` a bit.
macro_rules! shift {
    ($name:literal, $($by_16:literal)*; $($by_1:literal)*) => {
        // SAFETY: functions of the EABI: the value in r12:r13, low word first, the count in r14, the answer in r12:r13;
        // r11 to r15 are the callee's.
        global_asm!(
            concat!(".section .text.", $name, ",\"ax\",@progbits"),
            concat!(".global ", $name),
            concat!($name, ":"),
            "bit #16, r14",
            "jz 1f",
            $($by_16,)*
            "1:",
            "and #15, r14",
            "jz 3f",
            "2:",
            $($by_1,)*
            "dec r14",
            "jnz 2b",
            "3:",
            "ret",
        );
    };
}

shift!("__mspabi_slll", "mov r12, r13" "clr r12"; "rla r12" "rlc r13");
shift!("__mspabi_srll", "mov r13, r12" "clr r13"; "clrc" "rrc r13" "rrc r12");
// `sxt` of the sign's byte leaves the sign's bits in a word.
shift!(
    "__mspabi_sral",
    "mov r13, r12" "swpb r13" "sxt r13" "swpb r13" "sxt r13";
    "rra r13" "rrc r12"
);
