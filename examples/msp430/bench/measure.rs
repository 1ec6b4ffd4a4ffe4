//! An operation many times, and where the simulator finds the beginning and the end.
//!
//! | symbol | what |
//! | --- | --- |
//! | `__bench_operation` | which operation: written by who asks, before the start |
//! | `__bench_opens`, `__bench_closes` | called before and after [`REPETITIONS`] of it |
//! | `__bench_stored` | bytes and stores of each class so far, in the build that counts them |

use core::arch::global_asm;
use core::ptr;

use intos_msp430::Failed;

/// What only the first ones do is done then.
const WARM_UP: u32 = 4;
/// How often an operation is measured.
pub(crate) const REPETITIONS: u32 = 64;

// SAFETY: functions without arguments, which return at once and change no register.
global_asm!(
    ".section .text.__bench_opens,\"ax\",@progbits",
    ".global __bench_opens",
    "__bench_opens:",
    "ret",
    ".section .text.__bench_closes,\"ax\",@progbits",
    ".global __bench_closes",
    "__bench_closes:",
    "ret",
);

unsafe extern "C" {
    safe fn __bench_opens();
    safe fn __bench_closes();
}

/// Which one.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".uninit")]
static mut __bench_operation: u16 = 0;

/// Which operation is asked for.
pub(crate) fn operation() -> u16 {
    // SAFETY: nobody writes it while the program runs; a number, whatever it holds.
    unsafe { ptr::read_volatile(&raw const __bench_operation) }
}

/// Runs an operation so many times as its argument says.
pub(crate) fn measure(mut run: impl FnMut(u32) -> Result<(), Failed>) -> Result<(), Failed> {
    run(WARM_UP)?;
    __bench_opens();
    run(REPETITIONS)?;
    __bench_closes();
    Ok(())
}
