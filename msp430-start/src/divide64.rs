//! Quotients and remainders of 64 bits: as those of fewer, by a convention of their own.

use core::arch::global_asm;

/// A function around the division: all registers that it changes and that are not the callee's are saved on the stack.
macro_rules! unsigned {
    ($name:literal, $($answer:literal)*) => {
        // SAFETY: functions of the EABI, whose convention is their own: dividend in r8 to r11, divisor in r12 to r15, low
        // words first, the answer in r12 to r15; r4 to r10 are restored.
        global_asm!(
            concat!(".section .text.", $name, ",\"ax\",@progbits"),
            concat!(".global ", $name),
            concat!($name, ":"),
            "push r10",
            "push r9",
            "push r8",
            "push r7",
            "push r6",
            "push r5",
            "push r4",
            "call #__msp430_divide64",
            $($answer,)*
            "pop r4",
            "pop r5",
            "pop r6",
            "pop r7",
            "pop r8",
            "pop r9",
            "pop r10",
            "ret",
        );
    };
}

/// The same with signs: `sign` leaves one in r4 that has the answer's sign.
macro_rules! signed {
    ($name:literal, $unsigned:literal, $($sign:literal)*) => {
        // SAFETY: as above.
        global_asm!(
            concat!(".section .text.", $name, ",\"ax\",@progbits"),
            concat!(".global ", $name),
            concat!($name, ":"),
            "push r10",
            "push r9",
            "push r8",
            "push r4",
            $($sign,)*
            "call #__msp430_positive64",
            concat!("call #", $unsigned),
            "tst r4",
            "jge 1f",
            "call #__msp430_negate64",
            "1:",
            "pop r4",
            "pop r8",
            "pop r9",
            "pop r10",
            "ret",
        );
    };
}

// SAFETY: called by the functions below alone. Dividend in r8 to r11, divisor in r12 to r15; leaves the quotient in r8 to
// r11 and the remainder in r4 to r7. The word on the stack counts the bits that are left.
global_asm!(
    ".section .text.__msp430_divide64,\"ax\",@progbits",
    "__msp430_divide64:",
    "clr r4",
    "clr r5",
    "clr r6",
    "clr r7",
    "push #64",
    // Passes over words of the dividend that are 0, but the last.
    "1:",
    "tst r11",
    "jnz 2f",
    "mov r10, r11",
    "mov r9, r10",
    "mov r8, r9",
    "clr r8",
    "sub #16, 0(r1)",
    "cmp #16, 0(r1)",
    "jne 1b",
    "2:",
    "rla r8",
    "rlc r9",
    "rlc r10",
    "rlc r11",
    "rlc r4",
    "rlc r5",
    "rlc r6",
    "rlc r7",
    "cmp r15, r7",
    "jlo 4f",
    "jne 3f",
    "cmp r14, r6",
    "jlo 4f",
    "jne 3f",
    "cmp r13, r5",
    "jlo 4f",
    "jne 3f",
    "cmp r12, r4",
    "jlo 4f",
    "3:",
    "sub r12, r4",
    "subc r13, r5",
    "subc r14, r6",
    "subc r15, r7",
    "inc r8",
    "4:",
    "dec 0(r1)",
    "jnz 2b",
    "incd r1",
    "ret",
    // Makes both positive.
    ".section .text.__msp430_positive64,\"ax\",@progbits",
    "__msp430_positive64:",
    "tst r11",
    "jge 1f",
    "inv r8",
    "inv r9",
    "inv r10",
    "inv r11",
    "inc r8",
    "adc r9",
    "adc r10",
    "adc r11",
    "1:",
    "tst r15",
    "jge 2f",
    "__msp430_negate64:",
    "inv r12",
    "inv r13",
    "inv r14",
    "inv r15",
    "inc r12",
    "adc r13",
    "adc r14",
    "adc r15",
    "2:",
    "ret",
);

unsigned!("__mspabi_divull", "mov r8, r12" "mov r9, r13" "mov r10, r14" "mov r11, r15");
unsigned!("__mspabi_remull", "mov r4, r12" "mov r5, r13" "mov r6, r14" "mov r7, r15");
signed!("__mspabi_divlli", "__mspabi_divull", "mov r11, r4" "xor r15, r4");
signed!("__mspabi_remlli", "__mspabi_remull", "mov r11, r4");
