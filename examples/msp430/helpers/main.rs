//! The start-up crate's integer helpers against what the compiler's constant evaluator says: `cargo xtask firmware
//! helpers`.
//!
//! Each operation is made for each pair of some operands twice: when the program is built, into a table, and when it runs,
//! with operands that the compiler cannot know.
#![no_std]
#![no_main]

mod arithmetic;
mod memory;

use intos_msp430::{print, print_number, report};

msp430_start::entry!(main);

/// What was compared.
#[derive(Debug, Clone, Copy, Default)]
struct Compared {
    all: u32,
    same: u32,
}

impl Compared {
    /// A comparison; `what` is printed where it differs.
    fn add(&mut self, what: &str, number: usize, is_same: bool) {
        self.all += 1;
        if is_same {
            // Counted in place of those that differ: results may be copied by a `memcpy` that is wrong.
            self.same += 1;
        } else {
            print(what);
            print(" differs: comparison ");
            print_number(number as u32);
            print("\n");
        }
    }
}

fn main() -> ! {
    let mut compared = Compared::default();
    arithmetic::compare(&mut compared);
    memory::compare(&mut compared);
    report(
        [compared.all, compared.same, 0, 0],
        [compared.all, compared.all, 0, 0],
        ["comparisons", "as expected", "", ""],
    )
}
