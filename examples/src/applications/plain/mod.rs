//! What applications compute, written plainly: no persistence, no kernel, and no code of theirs. Their results must be
//! the same.

pub mod pred;
pub mod stats;
