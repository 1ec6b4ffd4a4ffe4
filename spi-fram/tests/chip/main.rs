//! The driver over the model of the chip: what it sends, and every persistence crate on it, with the power cut at every
//! byte on the bus, and with the bus failing at every byte.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test's helpers may panic

mod broken_drivers;
mod cuts;
mod driver;
mod faults;
mod first_boot;
mod heap;
mod lists;
mod model;
mod pointers;
mod scenario;
mod threads;
mod transactions;
