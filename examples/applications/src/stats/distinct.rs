//! How many different values there were, from 64 bits: linear counting.

use intos::prelude::*;

use crate::hash32::hash32;

const BITS: u32 = 64;

persist! {
    /// A bit for each value of a hash: set where a value with that hash was added.
    pub(super) struct Sketch {
        bytes: [u8; BITS as usize / 8],
    }
}

impl Sketch {
    /// Of no value.
    pub(super) const EMPTY: Self = Self {
        bytes: [0; BITS as usize / 8],
    };

    /// Adds a value, and answers about how many different ones there are by now. A value that sets a bit costs 9 bytes,
    /// any other none.
    pub(super) fn add<B: Board>(
        tx: &mut Tx<B>,
        sketch: Offset<Self>,
        value: i16,
    ) -> Result<i16, Error> {
        let bit = hash32(value.cast_unsigned().into()) % BITS;
        let before = u64::from_le_bytes(tx.get(sketch)?.bytes);
        let after = before | 1 << bit;
        if after != before {
            let index = bit as usize / 8;
            if let Some(place) = field!(sketch, Self.bytes).element(index) {
                tx.set(place, after.to_le_bytes()[index])?;
            }
        }
        Ok(estimate(after.count_zeros()))
    }
}

/// -64 ln(zeros / 64), rounded. Where no bit is left that is 0 it tells no more than where one is left.
fn estimate(zeros: u32) -> i16 {
    const ESTIMATES: [i16; BITS as usize + 1] = estimates();
    let index = zeros.max(1) as usize;
    ESTIMATES.get(index).copied().unwrap_or(0)
}

/// By how many bits are 0. There is no logarithm without `std`.
const fn estimates() -> [i16; BITS as usize + 1] {
    let bits = BITS as f64;
    let mut estimates = [0; BITS as usize + 1];
    let mut zeros = 1;
    while zeros <= BITS {
        // ln(1 / z) = 2 (r + r^3/3 + r^5/5 + ...), with r = (1 - z) / (1 + z).
        let ratio = (bits - zeros as f64) / (bits + zeros as f64);
        let (mut sum, mut power, mut exponent) = (0.0, ratio, 1.0);
        while exponent < 1_000.0 {
            sum += power / exponent;
            power *= ratio * ratio;
            exponent += 2.0;
        }
        estimates[zeros as usize] = (2.0 * bits * sum + 0.5) as i16;
        zeros += 1;
    }
    estimates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_zeros_are_many_values() {
        // -64 ln(1/64) = 266.2, -64 ln(2/64) = 221.8, -64 ln(32/64) = 44.4, -64 ln(63/64) = 1.008.
        let zeros = [0, 1, 2, 32, 63, 64];
        assert_eq!(zeros.map(estimate), [266, 266, 222, 44, 1, 0]);
    }
}
