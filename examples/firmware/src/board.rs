//! The board, and how a run ends.
//!
//! When the power goes is another matter: that of `losses`, or of `resets` where the machine has no timer for it.

use core::ops::Range;
use core::panic::PanicInfo;

use cortex_m_rt::exception;
use example_applications::Application;
use example_programs::{Bare, Checked, RESULTS, Results};
use intos::cortex_m::{self, CortexM, Failure, Firmware, Fram, Region};
use intos::{Board, Event, Kernel, Program};
use semihosting::process::exit;

use crate::console::print;
#[cfg(board = "mps2")]
use crate::losses;
#[cfg(board = "microbit")]
use crate::resets as losses;

/// Bytes of NVM: those between the linker script's symbols.
const NVM_BYTES: u32 = 0x2000;

/// A machine of QEMU's: `mps2-an385`, a Cortex-M3, `mps2-an386`, a Cortex-M4 with a floating-point unit, or `microbit`,
/// a Cortex-M0.
#[derive(Debug, Clone, Copy)]
pub struct Emulated;

impl Board for Emulated {
    type Nvm = Fram<NVM_BYTES>;
    type Port = CortexM<Self>;
}

impl Firmware for Emulated {
    #[cfg(board = "mps2")]
    const CLOCK_HZ: u32 = 25_000_000;
    #[cfg(board = "microbit")]
    const CLOCK_HZ: u32 = 16_000_000;

    // Not where runs are swept and operations are measured by default: it takes instructions at each start.
    const MEASURE_STACKS: bool = cfg!(any(board = "microbit", target_abi = "eabihf"));

    fn failed(failure: &Failure<'_>) -> ! {
        fail(format_args!("{failure}"))
    }

    fn observe(event: Event) {
        observe(event);
    }

    fn sleep() {
        sleep();
    }
}

/// What a board of these machines does with the kernel's events, so that the power can be cut.
pub fn observe(event: Event) {
    losses::observe(event);
}

/// How a board of these machines sleeps: what counts instructions up to a power cut stands meanwhile.
pub fn sleep() {
    losses::asleep(|| {
        // SAFETY: waits for an interrupt.
        unsafe { core::arch::asm!("dsb", "wfi", "isb", options(nostack, preserves_flags)) }
    });
}

/// Runs a program to its end, and ends the emulation with a status; or a sweep of power cuts, where one is planned.
pub fn run<P: Program<Emulated> + Checked + Sync>() -> ! {
    run_with::<Emulated, P>(None)
}

/// The same on a board of these machines whose NVM is not mapped into memory: [`Firmware::failed`] is to be [`fail`],
/// `observe` and `sleep` those of this crate. What stands for its NVM must begin where the NVM does.
pub fn run_on<F: Firmware, P: Program<F> + Checked + Sync>() -> ! {
    run_with::<F, P>(None)
}

/// The same; a sweep is about the application's first steady iteration.
pub fn run_application<A: Program<Emulated> + Application + Sync>() -> ! {
    run_with::<Emulated, A>(Some(&A::STEADY_ITERATION))
}

fn run_with<F: Firmware, P: Program<F> + Checked + Sync>(iteration: Option<&Range<u32>>) -> ! {
    match Kernel::<F>::bytes_needed::<P>() {
        Ok(bytes) => begin(bytes, iteration),
        Err(error) => fail(format_args!("{error}")),
    }
    start::<F, P>()
}

/// The same without a power loss.
pub fn run_undisturbed<P: Program<Emulated> + Checked + Sync>() -> ! {
    start::<Emulated, P>()
}

fn start<F: Firmware, P: Program<F> + Checked + Sync>() -> ! {
    cortex_m::start::<F, P>(
        |kernel, program| match program.results(kernel.scheduler().nvm()) {
            Ok(results) => report(results, P::EXPECTED, P::NAMES),
            Err(error) => fail(format_args!("no results: {error}")),
        },
    )
}

/// The same for a program without the kernel.
pub fn run_bare<P: Bare>() -> ! {
    begin(P::bytes_needed(), None);
    let nvm = match Fram::open() {
        Ok(nvm) => nvm,
        Err(failure) => fail(format_args!("{failure}")),
    };
    let nvm: Fram<NVM_BYTES> = nvm;
    match P::run(&nvm, losses::reached) {
        Ok(results) => report(results, P::EXPECTED, P::NAMES),
        Err(error) => fail(format_args!("{error}")),
    }
}

fn begin(bytes: u32, iteration: Option<&Range<u32>>) {
    #[cfg(feature = "broken")]
    nvm_tx::store_before_logging();
    losses::begin(bytes, iteration);
}

/// The program has come to its end.
fn report(results: Results, expected: Results, names: [&str; RESULTS]) -> ! {
    losses::ended(results, expected);
    for stack in cortex_m::stack_use() {
        print(format_args!("{stack}"));
    }
    let mut wrong = 0;
    for ((name, result), expected) in names.iter().zip(results).zip(expected) {
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
    losses::failed(text);
    print(text);
    exit(1)
}

#[exception]
unsafe fn DefaultHandler(interrupt: i16) {
    cortex_m::interrupt(interrupt.cast_unsigned() as u8);
}

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    fail(format_args!("{info}"))
}
