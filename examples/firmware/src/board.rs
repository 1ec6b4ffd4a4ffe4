//! The board, and how a run ends.
//!
//! Which board it is, `build.rs` finds out from the target. Sweeps of power cuts need the timer of the MPS2 machines.

use core::panic::PanicInfo;

use cortex_m_rt::exception;
use example_programs::{Bare, Checked, Milestone, RESULTS, Results};
use intos::cortex_m::{self, CortexM, Failure, Firmware, Fram, Region};
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
        end_with_failure(format_args!("{failure}"))
    }

    fn observe(event: Event) {
        #[cfg(board = "microbit")]
        power::count();
        match event {
            Event::Recovered(RecoveryStep::Header) => sweep::formatted(),
            Event::Started { .. } => sweep::recovered(),
            _ => {}
        }
    }

    fn sleep() {
        power::asleep(|| {
            // SAFETY: waits for an interrupt.
            unsafe { core::arch::asm!("dsb", "wfi", "isb", options(nostack, preserves_flags)) }
        });
    }
}

/// Runs a program to its end, and ends the emulation with a status; or a sweep of power cuts, where one is planned.
pub fn run<P: Program<Emulated> + Checked + Sync>() -> ! {
    match Kernel::<Emulated>::bytes_needed::<P>() {
        Ok(bytes) => begin(bytes),
        Err(error) => end_with_failure(format_args!("{error}")),
    }
    cortex_m::start::<Emulated, P>(|kernel, program| {
        match program.results(kernel.scheduler().nvm()) {
            Ok(results) => report(results, P::EXPECTED, P::NAMES),
            Err(error) => end_with_failure(format_args!("no results: {error}")),
        }
    })
}

/// The same for a program without the kernel.
pub fn run_bare<P: Bare>() -> ! {
    begin(P::bytes_needed());
    let nvm = match Fram::open() {
        Ok(nvm) => nvm,
        Err(failure) => end_with_failure(format_args!("{failure}")),
    };
    let nvm: Fram<NVM_BYTES> = nvm;
    match P::run(&nvm, reached) {
        Ok(results) => report(results, P::EXPECTED, P::NAMES),
        Err(error) => end_with_failure(format_args!("{error}")),
    }
}

fn reached(milestone: Milestone) {
    match milestone {
        Milestone::Formatted => sweep::formatted(),
        Milestone::Recovered => sweep::recovered(),
    }
}

fn begin(bytes: u32) {
    #[cfg(feature = "broken")]
    nvm_tx::store_before_logging();
    if sweep::is_planned() {
        sweep::prepare(bytes);
    } else {
        sweep::note_start();
    }
}

/// The program has come to its end.
fn report(results: Results, expected: Results, names: [&str; RESULTS]) -> ! {
    if sweep::is_planned() {
        sweep::ended(results, expected);
    }
    #[cfg(board = "microbit")]
    power::report();
    let mut wrong = 0;
    for ((name, result), expected) in names.iter().zip(results).zip(expected) {
        if result == expected {
            print(format_args!("{name}: {result}"));
        } else {
            print(format_args!("{name}: {result}, not {expected}"));
            wrong += 1;
        }
    }
    sweep::note_end();
    exit(i32::from(wrong > 0))
}

/// The program cannot go on.
fn end_with_failure(text: core::fmt::Arguments<'_>) -> ! {
    if sweep::is_planned() {
        sweep::failed(text);
    }
    print(text);
    sweep::note_end();
    exit(1)
}

#[exception]
unsafe fn DefaultHandler(interrupt: i16) {
    cortex_m::interrupt(interrupt as u8);
}

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    end_with_failure(format_args!("{info}"))
}
