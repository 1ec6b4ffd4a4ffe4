//! The applications of `example_applications` on this computer.

pub mod plain;
