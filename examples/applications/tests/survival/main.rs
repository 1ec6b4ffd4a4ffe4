//! Each application on the host: its results are right whatever is cut, and however often the power goes.
#![allow(clippy::unwrap_used)] // a failure fails the test

mod common;

mod ar;
mod bc;
mod dnn;
mod em;
mod etl;
mod kv;
mod mq;
mod pred;
mod sense;
mod stats;
mod train;
