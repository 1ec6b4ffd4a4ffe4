//! Looking at images: what is told of a sound one, and what is said of each damage that can be noticed.
#![allow(unreachable_pub)]
#![allow(clippy::unwrap_used)] // a failure fails the test

mod damage;
mod gallery;
mod inspection;
mod unformatted;
