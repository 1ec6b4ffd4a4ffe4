//! Bytes for the computer that simulates the part: the simulator's console prints what is stored at its address. On a
//! real part nothing is there.

use core::ptr;

/// Where the simulator's device `console` takes a byte.
const CONSOLE: usize = 0x00FF;

fn put(byte: u8) {
    // SAFETY: the address is among those of peripherals, and no peripheral's register. Nothing is read from it.
    unsafe { ptr::with_exposed_provenance_mut::<u8>(CONSOLE).write_volatile(byte) }
}

/// Prints text.
pub fn print(text: &str) {
    text.bytes().for_each(put);
}

/// Prints a number.
pub fn print_number(number: u32) {
    if number >= 10 {
        print_number(number / 10);
    }
    put(b'0' + (number % 10) as u8);
}
