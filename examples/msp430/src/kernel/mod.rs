//! The portable example programs, and applications, through the kernel.
//!
//! | module | owns |
//! | --- | --- |
//! | `board` | [`Simulated`]: the part, and how a run ends |
//! | `rivals` | [`Rivals`]: two tasks of the same priority, which the timer preempts |

mod board;
mod rivals;

pub use board::{Simulated, run_program, run_with_nvm};
pub use rivals::Rivals;
