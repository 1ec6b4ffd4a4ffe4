//! What programs that are measured have in common.
//!
//! | module | owns |
//! | --- | --- |
//! | `control` | what `cargo xtask` asks for |
//! | `board` | the board, and its NVM with or without counters |
//! | `window` | what is measured, and when; the timer |

pub mod board;
pub mod control;
pub mod window;
