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
//! | `sweep` | power cuts, one or two in each run |
//! | `whole` | a sweep that leaves no cut out |
//! | `any_number` | any number of cuts in a run |
//! | `states` | the states of the NVM that cuts find |
//! | `iterations` | applications, of which a sweep cuts the last iterations |
//! | `batch` | runs of a sweep in one simulator |
//! | `window` | what is swept |
//! | `helpers` | the start-up crate's helpers against the compiler's constant evaluator |
//! | `instructions` | how long instructions are, and which of them store |

mod any_number;
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
mod states;
pub(super) mod sweep;
mod whole;
mod window;
