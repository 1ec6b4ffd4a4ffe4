//! Programs for an MSP430FR5994, run by mspdebug's simulator: see `cargo xtask firmware --help`, with `--target msp430`.
//! `src/bin` has one for each scenario.
//!
//! | module | owns |
//! | --- | --- |
//! | `fram` | [`Fram`]: the part's FRAM, as the linker script gives it |
//! | `run` | [`run`]: a scenario from its start to its end, and where the simulator finds both |
//! | [`kernel`] | the portable example programs through the kernel |
//! | `console` | bytes for the computer that simulates the part |
//! | [`scenarios`] | what the single crates do, with results that do not depend on power losses |
//! | `failed` | [`Failed`]: why one cannot go on |
#![no_std]
#![cfg_attr(target_arch = "msp430", feature(asm_experimental_arch))]

mod console;
mod failed;
mod fram;
pub mod kernel;
mod run;
pub mod scenarios;

pub use console::{print, print_number};
pub use failed::Failed;
pub use fram::{Fram, open};
pub use run::{RESULTS, Results, Scenario, fail, formatted, recovered, report, run};
