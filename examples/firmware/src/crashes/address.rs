//! A task that stores to an address where there is nothing.
#![no_std]
#![no_main]

use intos_firmware::{Crash, Crashing};

struct Address;

impl Crash for Address {
    const NAME: &'static str = "address";

    fn crash() {
        // SAFETY: a fault, which the port handles: no memory lies there.
        unsafe { core::ptr::with_exposed_provenance_mut::<u32>(0xD000_0000).write_volatile(1) }
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    intos_firmware::run_undisturbed::<Crashing<Address>>()
}
