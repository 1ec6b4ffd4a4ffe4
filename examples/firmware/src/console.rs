//! Lines of text for the computer that emulates the machine, by semihosting.

use core::ffi::CStr;
use core::fmt::{self, Write};

use semihosting::sys::arm_compat::sys_write0;

/// Text on its way: a call of the host takes time, so it gets as much as possible at once.
struct Line {
    /// The last byte is never used, so that a zero always follows the text.
    bytes: [u8; 128],
    len: usize,
}

impl Line {
    fn flush(&mut self) {
        if let Ok(text) = CStr::from_bytes_until_nul(&self.bytes) {
            sys_write0(text);
        }
        self.bytes = [0; 128];
        self.len = 0;
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes().iter().filter(|byte| **byte != 0) {
            if self.len + 1 >= self.bytes.len() {
                self.flush();
            }
            if let Some(place) = self.bytes.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
        }
        Ok(())
    }
}

/// Prints a line.
pub fn print(text: fmt::Arguments<'_>) {
    let mut line = Line {
        bytes: [0; 128],
        len: 0,
    };
    // Writing to it cannot fail; a value that cannot be shown is left out.
    let _ = writeln!(line, "{text}");
    line.flush();
}
