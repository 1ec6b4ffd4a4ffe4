//! An operation a few times, and many times: what is in the difference is the repetitions' alone.

use core::fmt::Display;

use intos_firmware::bench::control;
use intos_firmware::bench::window::{
    self, bench_take, bench_window_begins, bench_window_ends, tell,
};
use intos_firmware::fail;
use semihosting::process::exit;

/// Repetitions before anything is measured: what only the first ones do is done then.
const WARM_UP: u32 = 4;

/// How an operation is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Windows {
    /// One window around all repetitions.
    Around,
    /// The operation itself says where they begin and end.
    Own,
}

/// Runs an operation so many times as its argument says, prints what that took, and ends.
pub(crate) fn measure<E: Display>(
    windows: Windows,
    mut run: impl FnMut(u32) -> Result<(), E>,
) -> Result<(), E> {
    window::start_timer();
    run(WARM_UP)?;
    for repetitions in control::repetitions() {
        let _ = bench_take();
        if windows == Windows::Around {
            bench_window_begins();
        }
        run(repetitions)?;
        if windows == Windows::Around {
            bench_window_ends();
        }
        tell(&bench_take());
    }
    exit(0)
}

/// Ends the run as one that failed.
pub(crate) fn or_fail<E: Display>(result: Result<(), E>) -> ! {
    match result {
        Ok(()) => fail(format_args!("nothing was measured")),
        Err(error) => fail(format_args!("{error}")),
    }
}
