//! Lines of text for a person. BOARD: all of this file: here by semihosting, which needs an emulator or a debugger. A
//! board has a UART, RTT or `defmt` in its place, and nobody to whom a status could be told.

use core::fmt;

use semihosting::println;
use semihosting::process::exit;

/// Prints a line.
pub fn print(line: fmt::Arguments<'_>) {
    println!("{line}");
}

/// Ends the emulation with a status. On a board: `loop {}`, or a reset.
pub fn stop(status: i32) -> ! {
    exit(status)
}
