//! What is learnt from.

use intos::prelude::*;

use crate::hash32::hash32;

pub(super) const VALUES: usize = 4;
pub(super) const SAMPLES: usize = 16;

persist! {
    /// Values that are 1 or 2 each, and what they are said to mean: 0 or 1.
    pub(super) struct Sample {
        pub(super) values: [i16; VALUES],
        pub(super) label: i16,
    }
}

pub(super) type DataSet = [Sample; SAMPLES];

pub(super) const NO_DATA: DataSet = [Sample {
    values: [0; VALUES],
    label: 0,
}; SAMPLES];

const SEED: u32 = 0x1207_05AA;

/// What the random source gives for the samples of a data set, whose number counts from 0 on: a function of that, in
/// place of a device.
pub(super) fn random(number: u32) -> [u8; SAMPLES] {
    let first = SEED.wrapping_add(number.wrapping_mul(SAMPLES as u32));
    core::array::from_fn(|index| (hash32(first.wrapping_add(index as u32)) >> 24) as u8)
}

impl Sample {
    /// The one that a random number stands for: value n is bit n mod 2 + 1, and the next bit is the label.
    pub(super) fn of(random: u8) -> Self {
        let bit = |index| i16::from(random >> index & 1);
        Self {
            values: core::array::from_fn(|index| bit(index) + 1),
            label: bit(VALUES),
        }
    }
}
