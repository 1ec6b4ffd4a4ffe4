//! Activity recognition.

use example_applications::Results;

use super::checksum;

type Feature = [u32; 2];

/// The windows recognised as moving and as stationary, a checksum of both by rounds, and the windows left uncounted.
pub fn results(scale: u16) -> Results {
    let mut accelerometer = Accelerometer { readings: 0 };
    let (mut all_moving, mut all_stationary, mut sum) = (0, 0, 0);
    for _round in 0..100 * u32::from(scale) {
        let stationary: Vec<Feature> = (0..16).map(|_| accelerometer.feature()).collect();
        let moving: Vec<Feature> = (0..16).map(|_| accelerometer.feature()).collect();
        let windows = (0..64).map(|_| accelerometer.feature());
        let in_motion = windows
            .filter(|feature| is_moving(*feature, &moving, &stationary))
            .count() as u32;
        let at_rest = 64 - in_motion;
        all_moving += in_motion;
        all_stationary += at_rest;
        sum = checksum([sum, in_motion, at_rest]);
    }
    [all_moving, all_stationary, sum, 0]
}

struct Accelerometer {
    readings: u64,
}

impl Accelerometer {
    fn reading(&mut self) -> Vec<u32> {
        self.readings += 1;
        let coordinates = [17, 289, 4_913].map(|factor| (factor * self.readings % 85) as u32);
        let is_noisy = coordinates.iter().any(|value| *value < 10);
        coordinates
            .into_iter()
            .map(|value| if is_noisy && value <= 10 { 0 } else { value })
            .collect()
    }

    /// Of the next window: the squared means and the squared deviations, each summed over the axes.
    fn feature(&mut self) -> Feature {
        let window: Vec<Vec<u32>> = (0..3).map(|_| self.reading()).collect();
        let mut feature = [0, 0];
        for axis in 0..3 {
            let values = window.iter().map(|reading| reading[axis]);
            let mean = values.clone().sum::<u32>() / 4;
            let deviation = values.map(|value| value.abs_diff(mean)).sum::<u32>() / 4;
            feature[0] += mean.pow(2);
            feature[1] += deviation.pow(2);
        }
        feature
    }
}

/// Each pair of features that were learnt votes twice; a tie is for standing still.
fn is_moving(feature: Feature, moving: &[Feature], stationary: &[Feature]) -> bool {
    let mut votes = 0;
    for (moving, stationary) in moving.iter().zip(stationary) {
        for component in 0..2 {
            let of_moving = moving[component].abs_diff(feature[component]);
            let of_stationary = stationary[component].abs_diff(feature[component]);
            votes += if of_moving < of_stationary { 1 } else { -1 };
        }
    }
    votes > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use example_applications::{Ar, Checked as _};

    #[test]
    fn they_are_the_expected_ones() {
        assert_eq!(results(1), Ar::EXPECTED);
    }

    /// The readings repeat every 85, and so the rounds every 85.
    #[test]
    fn the_counts_of_more_rounds_follow_from_fewer() {
        let [moving, stationary, ..] = results(85);
        assert_eq!(moving + stationary, 85 * 6_400);
        assert_eq!(results(170)[..2], [2 * moving, 2 * stationary]);
    }
}
