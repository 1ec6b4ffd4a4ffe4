//! The board, and how a run ends.

use core::panic::PanicInfo;

use example_programs::Checked;
use intos::cortex_m::{self, CortexM, Failure, Firmware, Fram};
use intos::{Board, Event, Kernel, Program, RecoveryStep};
use semihosting::process::exit;

use crate::console::print;
use crate::{power, sweep};

/// The machine `mps2-an385`, a Cortex-M3 at 25 MHz.
#[derive(Debug, Clone, Copy)]
pub struct Mps2;

impl Board for Mps2 {
    type Nvm = Fram<0x2000>;
    type Port = CortexM<Self>;
}

impl Firmware for Mps2 {
    const CLOCK_HZ: u32 = 25_000_000;

    fn failed(failure: &Failure<'_>) -> ! {
        fail(format_args!("{failure}"))
    }

    fn observe(event: Event) {
        if event == Event::Recovered(RecoveryStep::Header) {
            power::arm();
        }
    }

    fn sleep() {
        power::pause(|| {
            // SAFETY: waits for an interrupt.
            unsafe { core::arch::asm!("dsb", "wfi", "isb", options(nostack, preserves_flags)) }
        });
    }
}

/// Runs a program to its end, and ends the emulation with a status; or a sweep of power cuts, where one is planned.
pub fn run<P: Program<Mps2> + Checked + Sync>() -> ! {
    if sweep::is_planned() {
        sweep::run::<P>();
    }
    cortex_m::start::<Mps2, P>(report)
}

/// All tasks have ended.
fn report<P: Program<Mps2> + Checked>(kernel: &Kernel<Mps2>, program: &P) -> ! {
    let results = match program.results(kernel.scheduler().nvm()) {
        Ok(results) => results,
        Err(error) => fail(format_args!("no results: {error}")),
    };
    let mut wrong = 0;
    for ((name, result), expected) in P::NAMES.iter().zip(results).zip(P::EXPECTED) {
        if result == expected {
            print(format_args!("{name}: {result}"));
        } else {
            print(format_args!("{name}: {result}, not {expected}"));
            wrong += 1;
        }
    }
    exit(i32::from(wrong > 0))
}

/// Ends the run: the program cannot go on.
pub fn fail(text: core::fmt::Arguments<'_>) -> ! {
    if sweep::is_planned() {
        sweep::failed(text);
    }
    print(text);
    exit(1)
}

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    fail(format_args!("{info}"))
}
