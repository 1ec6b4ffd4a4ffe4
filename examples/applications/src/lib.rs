//! The eleven applications of the paper (`IntOS`, OSDI '24), portable: the same source on an ordinary computer, where the
//! tests cut the power, and on a microcontroller, by `cargo xtask firmware run`.
//!
//! | application | what it is |
//! | --- | --- |
//! | [`Bc`] | counts bits in six ways, in a vector |
//! | [`Dnn`] | infers by a neural network, output by output |
//! | [`Ar`] | recognises activities in an accelerometer's readings |
//! | [`Kv`] | two tasks share a hash table |
//! | [`Sense`] | takes photos by a software timer |
//! | [`Em`] | acts on events |
//! | [`Mq`] | distributes messages to two workers |
//! | [`Etl`] | filters, interpolates and joins what sensors tell, and stores it in a table |
//! | [`Pred`] | classifies what sensors tell, predicts, and compares with an average |
//! | [`Stats`] | filters, predicts, averages and counts what sensors tell |
//! | [`Train`] | trains a decision tree and a linear regression |
#![no_std]

mod ar;
mod bc;
mod block_average;
mod checksum;
mod dnn;
mod em;
mod etl;
mod hash32;
pub mod kv;
mod mq;
mod pred;
mod reading;
mod scale;
mod sense;
mod sink;
mod source;
mod stats;
mod train;

use core::ops::Range;

use intos::prelude::*;

pub use ar::Ar;
pub use bc::Bc;
pub use checksum::checksum;
pub use dnn::Dnn;
pub use em::Em;
pub use etl::Etl;
pub use example_programs::{Checked, RESULTS, Results};
pub use kv::Kv;
pub use mq::Mq;
pub use pred::Pred;
pub use reading::Reading;
pub use scale::Scale;
pub use sense::Sense;
pub use stats::Stats;
pub use train::Train;

/// An application whose work can be multiplied.
pub trait Application: Checked {
    /// Its first steady iteration: what comes behind, and until, so many committed transactions of all tasks together.
    const STEADY_ITERATION: Range<u32>;

    /// How often it makes its outer iterations.
    fn scale(&self) -> Scale;

    /// Asks for `scale` times the work: after formatting, before the first task runs. 1 is what
    /// [`EXPECTED`](Checked::EXPECTED) tells the results of.
    ///
    /// # Errors
    ///
    /// Where it cannot be stored.
    fn set_scale<N: Nvm>(&self, nvm: &N, scale: u16) -> Result<(), Error> {
        self.scale().set(nvm, scale)
    }
}
