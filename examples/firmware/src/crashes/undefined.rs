//! A task that executes an undefined instruction.
#![no_std]
#![no_main]

use intos_firmware::{Crash, Crashing};

struct Undefined;

impl Crash for Undefined {
    const NAME: &'static str = "undefined";

    fn crash() {
        // SAFETY: a fault, which the port handles.
        unsafe { core::arch::asm!("udf #1") }
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    intos_firmware::run_undisturbed::<Crashing<Undefined>>()
}
