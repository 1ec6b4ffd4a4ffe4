//! The portable example programs through the kernel.
//!
//! | module | owns |
//! | --- | --- |
//! | `board` | [`Simulated`]: the part, and how a run ends |

mod board;

pub use board::{Simulated, run_program};
