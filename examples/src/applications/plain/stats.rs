//! Statistics of sensor readings.

use std::collections::HashSet;

use example_applications::Results;

use super::{checksum_of_signed, jenkins};

/// What [`Stats`](example_applications::Stats) leaves: how many results there are, and a checksum of the predictions,
/// one of the averages and one of the distinct counts.
#[must_use]
pub fn results(scale: u16) -> Results {
    let readings = 100 * i64::from(scale);
    let (mut predictions, mut averages, mut counts) = (Vec::new(), Vec::new(), Vec::new());

    let (mut estimate, mut variance) = (4, 3 * 256);
    let mut pairs: Vec<(i64, i64)> = Vec::new();
    let mut block = Vec::new();
    let mut average = 0;
    let mut hashes = HashSet::new();
    for number in 1..=readings {
        let [value_0, value_1, value_2] = [1, 2, 3].map(|place| (number + place) % 120);

        variance += 256;
        estimate += variance * (value_0 - estimate) / (variance + 512);
        variance = variance * 512 / (variance + 512);
        pairs.push((estimate, value_1));
        if pairs.len() > 5 {
            pairs.pop();
        }
        predictions.push(predict(&pairs, estimate));

        block.push(value_2);
        if block.len() == 5 {
            average = block.drain(..).sum::<i64>() / 5;
        }
        averages.push(average);

        hashes.insert(jenkins(value_1.unsigned_abs() as u32) % 64);
        counts.push(linear_count(hashes.len()));
    }
    [
        (predictions.len() + averages.len() + counts.len()) as u32,
        checksum_of_signed(&predictions),
        checksum_of_signed(&averages),
        checksum_of_signed(&counts),
    ]
}

/// By the straight line through the pairs.
fn predict(pairs: &[(i64, i64)], x: i64) -> i64 {
    let sum = |of: fn(&(i64, i64)) -> i64| pairs.iter().map(of).sum::<i64>();
    let count = sum(|_| 1);
    let (sum_x, sum_y) = (sum(|(x, _)| *x), sum(|(_, y)| *y));
    let covariance = count * sum(|(x, y)| x * y) - sum_x * sum_y;
    let variance = count * sum(|(x, _)| x * x) - sum_x * sum_x;
    let slope = if variance == 0 {
        0
    } else {
        256 * covariance / variance
    };
    let intercept = (256 * sum_y - slope * sum_x) / count;
    (intercept + slope * x).div_euclid(256)
}

/// Of so many different hashes out of 64.
fn linear_count(hashes: usize) -> i64 {
    let zeros = f64::from((64 - hashes as u32).max(1));
    (-64.0 * (zeros / 64.0).ln()).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use example_applications::{Checked, Stats};

    #[test]
    fn the_application_is_to_leave_the_same() {
        assert_eq!(results(1), <Stats as Checked>::EXPECTED);
    }
}
