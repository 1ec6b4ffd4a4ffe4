//! A scenario from its start to its end, and where the simulator finds both.
//!
//! | symbol | what |
//! | --- | --- |
//! | `__window_opens` | called when the region is formatted, by this start or an earlier one |
//! | `__start_recovered` | called when what a power loss has interrupted is finished |
//! | `__window_closes` | called when the results are there, before they are printed |
//! | `__run_ended` | where a program that has come to its end stays |
//! | `__run_failed` | where one stays that cannot go on |
//! | `__run_results` | the results, and behind them what they should be |

use core::arch::global_asm;
use core::panic::PanicInfo;
use core::ptr;

use crate::console::{print, print_number};
use crate::failed::Failed;
use crate::fram::{self, Fram};

/// How many results a program has.
pub const RESULTS: usize = 4;

/// What a program leaves in NVM, number by number.
pub type Results = [u32; RESULTS];

/// A program whose results do not depend on power losses.
pub trait Scenario {
    /// What the results are called.
    const NAMES: [&'static str; RESULTS];

    /// What they are at the end.
    const EXPECTED: Results;

    /// Runs from where it was when the power went to its end. It calls [`formatted`] when the region is,
    /// and [`recovered`] when what was interrupted is finished.
    ///
    /// # Errors
    ///
    /// Where the NVM is another program's, or damaged.
    fn run(nvm: Fram) -> Result<Results, Failed>;
}

// SAFETY: functions without arguments; the first three return at once and change no register, the other ones never do.
global_asm!(
    ".section .text.__window_opens,\"ax\",@progbits",
    ".global __window_opens",
    "__window_opens:",
    "ret",
    ".section .text.__start_recovered,\"ax\",@progbits",
    ".global __start_recovered",
    "__start_recovered:",
    "ret",
    ".section .text.__window_closes,\"ax\",@progbits",
    ".global __window_closes",
    "__window_closes:",
    "ret",
    ".section .text.__run_ended,\"ax\",@progbits",
    ".global __run_ended",
    "__run_ended:",
    "jmp __run_ended",
    ".section .text.__run_failed,\"ax\",@progbits",
    ".global __run_failed",
    "__run_failed:",
    "jmp __run_failed",
);

unsafe extern "C" {
    safe fn __window_opens();
    safe fn __start_recovered();
    safe fn __window_closes();
    safe fn __run_ended() -> !;
    safe fn __run_failed() -> !;
}

/// In RAM: the next start overwrites it.
#[unsafe(no_mangle)]
static mut __run_results: [Results; 2] = [[0; RESULTS]; 2];

/// The region is formatted: from here on a sweep cuts the power.
pub fn formatted() {
    __window_opens();
}

/// What a power loss has interrupted is finished.
pub fn recovered() {
    __start_recovered();
}

/// Runs a scenario to its end.
pub fn run<S: Scenario>() -> ! {
    #[cfg(feature = "broken")]
    nvm_tx::store_before_logging();
    match S::run(fram::open()) {
        Ok(results) => report(results, S::EXPECTED, S::NAMES),
        Err(failed) => fail(failed.name()),
    }
}

/// The program has come to its end: prints the results that have names, and stays there.
pub fn report(results: Results, expected: Results, names: [&str; RESULTS]) -> ! {
    // SAFETY: nobody else uses it; there are no references to it.
    unsafe { ptr::write_volatile(&raw mut __run_results, [results, expected]) };
    __window_closes();
    for ((name, result), expected) in names.iter().zip(results).zip(expected) {
        if name.is_empty() {
            continue;
        }
        print(name);
        print(": ");
        print_number(result);
        if result != expected {
            print(", not ");
            print_number(expected);
        }
        print("\n");
    }
    __run_ended()
}

/// The program cannot go on: prints why, and stays there.
pub fn fail(reason: &str) -> ! {
    print("failed: ");
    print(reason);
    print("\n");
    __run_failed()
}

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    fail("panic")
}
