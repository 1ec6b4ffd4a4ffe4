//! A board whose power is cut at events of the kernel only, and how a run ends.

use core::fmt;
use core::panic::PanicInfo;

use example_programs::Checked;
use intos::cortex_m::{self, CortexM, Failure, Firmware, Fram};
use intos::{Board, Event, Kernel, Program};
use semihosting::process::exit;

use crate::console::print;
use crate::resets;

/// The machine `mps2-an386`, a Cortex-M4 with a floating-point unit at 25 MHz, or `microbit`, a Cortex-M0 at 16 MHz.
#[derive(Debug, Clone, Copy)]
pub struct Unswept;

impl Board for Unswept {
    type Nvm = Fram<0x2000>;
    type Port = CortexM<Self>;
}

impl Firmware for Unswept {
    const CLOCK_HZ: u32 = if cfg!(target_has_atomic = "32") {
        25_000_000
    } else {
        16_000_000
    };

    const MEASURE_STACKS: bool = true;

    fn failed(failure: &Failure<'_>) -> ! {
        end_with_failure(format_args!("{failure}"))
    }

    fn observe(_: Event) {
        resets::count();
    }
}

/// Runs a program to its end over many power losses, and ends the emulation with a status.
pub fn run<P: Program<Unswept> + Checked + Sync>() -> ! {
    resets::begin();
    cortex_m::start::<Unswept, P>(report)
}

/// The same, without power losses.
pub fn run_undisturbed<P: Program<Unswept> + Checked + Sync>() -> ! {
    cortex_m::start::<Unswept, P>(report)
}

/// All tasks have ended.
fn report<P: Program<Unswept> + Checked>(kernel: &Kernel<Unswept>, program: &P) -> ! {
    let results = match program.results(kernel.scheduler().nvm()) {
        Ok(results) => results,
        Err(error) => end_with_failure(format_args!("no results: {error}")),
    };
    print(format_args!("power losses: {}", resets::resets()));
    for stack in cortex_m::stack_use() {
        print(format_args!("{stack}"));
    }
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

/// The program cannot go on.
fn end_with_failure(text: fmt::Arguments<'_>) -> ! {
    print(text);
    exit(1)
}

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    end_with_failure(format_args!("{info}"))
}
