//! A Kalman filter of one dimension.

use intos::prelude::*;

persist! {
    /// What the filter knows after a measurement.
    pub(super) struct Kalman {
        estimate: i16,
        /// Of the estimate, in 256ths.
        variance: u16,
    }
}

/// Variances, in 256ths.
const FIRST: u16 = 3 << 8;
const OF_PROCESS: u32 = 1 << 8;
const OF_MEASUREMENT: u32 = 2 << 8;

impl Kalman {
    /// Before the first measurement.
    pub(super) const FIRST: Self = Self {
        estimate: 4,
        variance: FIRST,
    };

    /// The filter after a measurement. Its gain is a fraction; quotients are rounded towards zero.
    pub(super) fn after(self, measured: i16) -> Self {
        let predicted = u32::from(self.variance) + OF_PROCESS;
        // Not below 768: a variance has no sign.
        let both = predicted + OF_MEASUREMENT;
        let difference = i32::from(measured) - i32::from(self.estimate);
        // Has room, since the variance of an estimate is below that of a measurement.
        let correction = difference.wrapping_mul(predicted.cast_signed()) / both.cast_signed();
        Self {
            estimate: self.estimate.wrapping_add(correction as i16),
            variance: (predicted * OF_MEASUREMENT / both) as u16,
        }
    }

    pub(super) const fn estimate(self) -> i16 {
        self.estimate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_trusts_a_measurement_less_and_less() {
        let mut filter = Kalman::FIRST;
        for (estimate, variance) in [(404, 341), (511, 275), (558, 260), (581, 256), (592, 256)] {
            filter = filter.after(604);
            assert_eq!(filter, Kalman { estimate, variance });
        }
    }

    #[test]
    fn no_image_makes_it_divide_by_zero() {
        for variance in [0, 1, 0x7FFF, 0x8000, 0xFFFF] {
            for estimate in [i16::MIN, -1, 0, i16::MAX] {
                for measured in [i16::MIN, 0, i16::MAX] {
                    let _ = Kalman { estimate, variance }.after(measured);
                }
            }
        }
    }
}
