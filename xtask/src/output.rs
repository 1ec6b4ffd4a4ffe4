//! What the commands print, and their end where nobody reads it any more (`cargo xtask … | head`).
//!
//! The standard library's `print!` panics on a closed pipe. These write the same, and unwind in silence: what is under way
//! is dropped as after an error, temporary folders too.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a reader has gone.
static IS_CLOSED: AtomicBool = AtomicBool::new(false);

/// `std::print!`, which takes a reader that has gone for the end.
macro_rules! print {
    ($($arguments:tt)*) => {
        $crate::output::write(format_args!($($arguments)*))
    };
}

/// `std::println!`, which takes a reader that has gone for the end.
macro_rules! println {
    () => {
        print!("\n")
    };
    ($($arguments:tt)*) => {
        $crate::output::write(format_args!("{}\n", format_args!($($arguments)*)))
    };
}

pub(crate) fn write(text: Arguments<'_>) {
    let written = io::stdout().lock().write_fmt(text);
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            IS_CLOSED.store(true, Ordering::Relaxed);
            panic::resume_unwind(Box::new("the output is closed"));
        }
        Err(error) => panic!("cannot write to the output: {error}"),
    }
}

/// Whether a reader has gone: other threads then have nothing more to do.
pub(crate) fn is_closed() -> bool {
    IS_CLOSED.load(Ordering::Relaxed)
}

/// Runs a command. A reader that goes away ends it without a word, as a success: it has seen what it wanted, and what was
/// not done until then nobody asks for.
pub(crate) fn until_closed(command: impl FnOnce() -> ExitCode) -> ExitCode {
    let report = panic::take_hook();
    // A thread that waits for one that has ended so panics as well.
    panic::set_hook(Box::new(move |information| {
        if !is_closed() {
            report(information);
        }
    }));
    match panic::catch_unwind(AssertUnwindSafe(command)) {
        Ok(code) => code,
        Err(_) if is_closed() => ExitCode::SUCCESS,
        Err(panic) => panic::resume_unwind(panic),
    }
}
