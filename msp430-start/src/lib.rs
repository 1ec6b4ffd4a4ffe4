#![doc = include_str!("../README.md")]
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `reset` | what runs between a reset and the program's `main` |
//! | `vectors` | the vector table, and the handler that interrupts have by default |
//! | `memory` | `memcpy` and its relatives |
//! | `multiply` | products of 16, 32 and 64 bits |
//! | `divide` | quotients and remainders of 16 and 32 bits |
//! | `divide64` | those of 64 bits |
//! | `shift` | shifts of 32 bits |
//!
//! All of it is assembly: its size and its cycles do not depend on how a program is optimised, and no helper can come
//! to call itself. Each function lies in a section of its own: the linker leaves out what a program does not call.
#![no_std]
#![cfg_attr(target_arch = "msp430", feature(asm_experimental_arch))]

#[cfg(target_arch = "msp430")]
mod divide;
#[cfg(target_arch = "msp430")]
mod divide64;
#[cfg(target_arch = "msp430")]
mod memory;
#[cfg(target_arch = "msp430")]
mod multiply;
#[cfg(target_arch = "msp430")]
mod reset;
#[cfg(target_arch = "msp430")]
mod shift;
#[cfg(target_arch = "msp430")]
mod vectors;

/// Names the function, of type `fn() -> !`, that runs after each reset: with variables as they are declared, the watchdog
/// held and interrupts disabled.
///
/// ```
/// msp430_start::entry!(run);
///
/// # #[allow(dead_code)]
/// fn run() -> ! {
///     loop {}
/// }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! entry {
    ($function:path) => {
        // SAFETY: the name is the program's entry, of which a program has one; the start-up code calls it once after
        // each reset, with nothing on the stack, and it never returns.
        #[cfg(target_arch = "msp430")]
        #[unsafe(export_name = "__msp430_main")]
        extern "C" fn __msp430_main() -> ! {
            let function: fn() -> ! = $function;
            function()
        }
    };
}
