//! Bit count.

use example_applications::Results;

/// The bits of all rounds, the least and the most that an algorithm counts in one, and the bytes left allocated.
pub fn results(scale: u16) -> Results {
    let mut bits = 0_u32;
    let (mut least, mut most) = (u32::MAX, 0);
    for _round in 0..100 * u32::from(scale) {
        for _algorithm in 0..6 {
            let counted = (0xABCD_u32..0xABCD + 50).map(u32::count_ones).sum();
            bits = bits.wrapping_add(counted);
            least = least.min(counted);
            most = most.max(counted);
        }
    }
    [bits, least, most, 0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use example_applications::{Bc, Checked as _};

    #[test]
    fn they_are_the_expected_ones() {
        assert_eq!(results(1), Bc::EXPECTED);
        assert_eq!(results(3), [3 * 308_400, 514, 514, 0]);
    }
}
