//! [`example_programs::Beat`] on a board that tells nobody anything: what the kernel with tasks, queues, semaphores and
//! delays takes of flash and RAM. Measured by `cargo xtask bench`.
#![no_std]
#![no_main]

#[path = "../src/vectors.rs"]
mod vectors;

use core::panic::PanicInfo;

use example_programs::Beat;
use intos::Board;
use intos::cortex_m::{self, CortexM, Failure, Firmware, Fram};

struct Small;

impl Board for Small {
    type Nvm = Fram<0x2000>;
    type Port = CortexM<Self>;
}

impl core::fmt::Debug for Small {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Small")
    }
}

impl Firmware for Small {
    const CLOCK_HZ: u32 = 25_000_000;

    fn failed(_: &Failure<'_>) -> ! {
        stop()
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    cortex_m::start::<Small, Beat>(|_, _| stop())
}

/// There is nobody to be told.
fn stop() -> ! {
    loop {
        Small::sleep();
    }
}

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    stop()
}
