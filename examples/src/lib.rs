//! Programs that show INTOS and its single crates.
//!
//! The quick start, `cargo run --release`, is the [`weather`] logger. `--bin apps` runs the [`applications`] of the
//! paper with power losses. `src/bin` holds both, and one program for each crate used alone.

pub mod applications;
pub mod nvm_file;
pub mod weather;

/// The project's front page: its program is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct FrontPage;
