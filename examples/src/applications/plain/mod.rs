//! What the applications compute, written plainly: without persistence, tasks or the applications' code.

pub mod etl;
pub mod train;
