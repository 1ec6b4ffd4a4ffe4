//! Programs that show INTOS and its single crates.
//!
//! The quick start, `cargo run --release`, is the [`weather`] logger. `--bin apps` runs the [`applications`] of the
//! paper with power losses; `--bin image` looks at the [`images`] that they leave. `src/bin` holds all of these, and
//! one program for each crate used [`alone`].

pub mod alone;
pub mod applications;
pub mod images;
pub mod nvm_file;
pub mod weather;

/// The project's front page: its program is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct FrontPage;
