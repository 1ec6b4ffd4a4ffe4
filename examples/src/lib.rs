//! Programs that show INTOS and its single crates.
//!
//! The quick start, `cargo run --release`, is the [`weather`] logger. `src/bin` holds it and one program for
//! each crate used alone.

pub mod applications;
pub mod weather;

/// The project's front page: its program is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct FrontPage;
