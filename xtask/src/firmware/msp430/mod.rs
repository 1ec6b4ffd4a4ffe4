//! The same for an MSP430FR5994, in mspdebug's simulator: programs of `examples/msp430`.
//!
//! Simulated are the 16-bit CPU and 64 KiB of memory; not the wait states of FRAM, its controller and protection unit, nor
//! any peripheral but those that a script adds.
//!
//! | module | owns |
//! | --- | --- |
//! | `part` | the part's memories |
//! | `build` | which programs there are, and their build |
//! | `program` | a program as it was linked: where its symbols are |
//! | `script` | commands for the simulator |
//! | `simulator` | the simulator: runs a script, and answers what each command has printed |
//! | `run` | a run to the end, also with power losses at intervals |
//! | `nvm_file` | a file that keeps the NVM from one run to the next |
//! | `sweep` | a power cut at each instruction |
//! | `iterations` | applications, of which a sweep cuts the last iterations |
//! | `batch` | runs of a sweep in one simulator |
//! | `trace` | which instructions a program executes |
//! | `helpers` | the start-up crate's helpers against the compiler's constant evaluator |
//! | `instructions` | where instructions begin |

mod batch;
pub(crate) mod build;
pub(crate) mod helpers;
mod instructions;
mod iterations;
mod nvm_file;
mod part;
pub(crate) mod program;
pub(super) mod run;
pub(crate) mod script;
pub(crate) mod simulator;
pub(super) mod sweep;
mod trace;
