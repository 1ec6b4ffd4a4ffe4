//! A task that uses more than its stack.
#![no_std]
#![no_main]

use core::hint::black_box;

use intos_firmware::{Crash, Crashing, STACK_BYTES};

struct Overflow;

impl Crash for Overflow {
    const NAME: &'static str = "overflow";

    fn crash() {
        let here = 0u8;
        let top = (&raw const here).addr();
        // Not without an end, so that little is damaged where nothing stops it: the task is left soon.
        descend(top, 0);
    }
}

/// Goes deeper, in small steps, until there is a little more on the stack than there is room for.
#[inline(never)]
fn descend(top: usize, depth: u32) -> u32 {
    let mut locals = [depth; 4];
    let at = black_box(&mut locals).as_ptr().addr();
    if top - at < STACK_BYTES {
        locals[1] = descend(top, depth + 1);
    }
    black_box(&locals).iter().sum()
}

#[cortex_m_rt::entry]
fn main() -> ! {
    intos_firmware::run_undisturbed::<Crashing<Overflow>>()
}
