//! The board, and how a run ends.
//!
//! Which board it is, `build.rs` finds out from the target. Sweeps of power cuts need the timer of the MPS2 machines.

use core::panic::PanicInfo;

use example_programs::Checked;
use intos::cortex_m::{self, CortexM, Failure, Firmware, Fram};
use intos::{Board, Event, Kernel, Program, RecoveryStep};
use semihosting::process::exit;

use crate::console::print;
#[cfg(board = "mps2")]
use crate::{power, sweep};
#[cfg(board = "microbit")]
use crate::{resets as power, resets as sweep};

/// A machine of QEMU's: `mps2-an385`, a Cortex-M3, `mps2-an386`, a Cortex-M4 with a floating-point unit, or `microbit`,
/// a Cortex-M0.
#[derive(Debug, Clone, Copy)]
pub struct Emulated;

/// The machines `mps2-an385` and `mps2-an386`.
#[cfg(board = "mps2")]
pub type Mps2 = Emulated;

/// Bytes of NVM: no more than the programs need, since the first boot looks whether all of it is blank.
#[cfg(board = "mps2")]
const NVM_BYTES: u32 = 0x2000;
#[cfg(board = "microbit")]
const NVM_BYTES: u32 = 0x1000;

impl Board for Emulated {
    type Nvm = Fram<NVM_BYTES>;
    type Port = CortexM<Self>;
}

impl Firmware for Emulated {
    #[cfg(board = "mps2")]
    const CLOCK_HZ: u32 = 25_000_000;
    #[cfg(board = "microbit")]
    const CLOCK_HZ: u32 = 16_000_000;

    fn failed(failure: &Failure<'_>) -> ! {
        fail(format_args!("{failure}"))
    }

    fn observe(event: Event) {
        #[cfg(board = "microbit")]
        power::count();
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
pub fn run<P: Program<Emulated> + Checked + Sync>() -> ! {
    if sweep::is_planned() {
        sweep::run::<P>();
    }
    cortex_m::start::<Emulated, P>(report)
}

/// All tasks have ended.
fn report<P: Program<Emulated> + Checked>(kernel: &Kernel<Emulated>, program: &P) -> ! {
    let results = match program.results(kernel.scheduler().nvm()) {
        Ok(results) => results,
        Err(error) => fail(format_args!("no results: {error}")),
    };
    #[cfg(board = "microbit")]
    power::report();
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
