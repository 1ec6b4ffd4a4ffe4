//! What is wrong with a reading's values is marked.

use core::ops::RangeInclusive;

use crate::hash32::hash32;

/// A value that was out of range.
pub(super) const OUT_OF_RANGE: i16 = -1;
/// A value that no Bloom filter knows.
pub(super) const UNKNOWN: i16 = 0;

const RANGE: RangeInclusive<i16> = 0..=120;

/// Three of 8 bits each: a value's bit is its hash mod 8.
const BLOOM_FILTERS: [u8; 3] = [0b01_0101, 0b00_0100, 0b11_0101];

/// The values with marks in place of those that are out of range, or that none of the Bloom filters knows.
pub(super) fn filtered<const VALUES: usize>(values: [i16; VALUES]) -> [i16; VALUES] {
    values.map(|value| {
        if !RANGE.contains(&value) {
            return OUT_OF_RANGE;
        }
        let bit = 1 << (hash32(value.cast_unsigned().into()) % 8);
        if BLOOM_FILTERS.iter().any(|filter| filter & bit != 0) {
            value
        } else {
            UNKNOWN
        }
    })
}
