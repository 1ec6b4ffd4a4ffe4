//! Programs that show INTOS and its single crates.
//!
//! The quick start, `cargo run --release`, is the [`weather`] logger. `src/bin` holds it and one program for
//! each crate used alone.

pub mod weather;
