//! The applications of the paper, on this machine.

pub mod plain;
