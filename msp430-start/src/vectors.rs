//! The vector table, and the handler that interrupts have by default.
//!
//! A handler is a function `VECTOR_XXXX` of the ABI `msp430-interrupt`, named by its vector's address in the part's data
//! sheet, such as `VECTOR_FFEA`. What has none goes to `DefaultHandler`, which a program may define too. The linker script
//! fills in what a program does not define: weak symbols would not do where a program and this crate become one object.

use core::arch::global_asm;

macro_rules! vectors {
    ($($address:literal)*) => {
        // SAFETY: data. The section's place is where the processor looks for addresses of functions, and each of these
        // is one.
        global_asm!(
            ".section .msp430_vectors,\"a\",@progbits",
            ".global __msp430_vectors",
            "__msp430_vectors:",
            $(concat!(".word VECTOR_", $address),)*
            ".word __msp430_reset",
        );
    };
}

// From 0xFF90 on. Below lie the signatures of JTAG, of the boot loader and of IP encapsulation, which lock the part up
// where they are not left as they are.
vectors!(
    "FF90" "FF92" "FF94" "FF96" "FF98" "FF9A" "FF9C" "FF9E"
    "FFA0" "FFA2" "FFA4" "FFA6" "FFA8" "FFAA" "FFAC" "FFAE"
    "FFB0" "FFB2" "FFB4" "FFB6" "FFB8" "FFBA" "FFBC" "FFBE"
    "FFC0" "FFC2" "FFC4" "FFC6" "FFC8" "FFCA" "FFCC" "FFCE"
    "FFD0" "FFD2" "FFD4" "FFD6" "FFD8" "FFDA" "FFDC" "FFDE"
    "FFE0" "FFE2" "FFE4" "FFE6" "FFE8" "FFEA" "FFEC" "FFEE"
    "FFF0" "FFF2" "FFF4" "FFF6" "FFF8" "FFFA" "FFFC"
);

// SAFETY: touches nothing, and stops with interrupts disabled, for a debugger to find.
global_asm!(
    ".section .text.__msp430_default_handler,\"ax\",@progbits",
    ".global __msp430_default_handler",
    "__msp430_default_handler:",
    "1:",
    "jmp 1b",
);
