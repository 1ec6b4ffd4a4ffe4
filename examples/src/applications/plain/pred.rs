//! Prediction from sensor readings.

use example_applications::Results;

use super::checksum_of_signed;

/// What [`Pred`](example_applications::Pred) leaves: how many results there are, a checksum of the classes, one of the
/// errors, and the last error.
#[must_use]
pub fn results(scale: u16) -> Results {
    let readings = 100 * i64::from(scale);
    let (mut classes, mut errors) = (Vec::new(), Vec::new());

    let mut block = Vec::new();
    let mut average = 0;
    for number in 1..=readings {
        let values = [1, 2, 3, 4].map(|place| (number + place) % 120);
        classes.push(if number % 2 == 1 {
            class_of_first(values)
        } else {
            class_of_second(values)
        });

        block.push(values[3]);
        if block.len() == 5 {
            average = block.drain(..).sum::<i64>() / 5;
        }
        errors.push(prediction(values) - average);
    }
    [
        (classes.len() + errors.len()) as u32,
        checksum_of_signed(&classes),
        checksum_of_signed(&errors),
        errors
            .last()
            .map_or(0, |error| error.cast_unsigned() as u32),
    ]
}

fn class_of_first([a, b, c, d]: [i64; 4]) -> i64 {
    match (a < 60, b < 21, c < 90, d < 101) {
        (true, true, ..) => 0,
        (true, false, ..) => 1,
        (false, _, true, _) => 2,
        (false, _, false, true) => 3,
        (false, _, false, false) => 4,
    }
}

fn class_of_second([a, b, c, d]: [i64; 4]) -> i64 {
    match (d < 41, a < 10, b < 25, c < 76) {
        (true, true, ..) => 5,
        (true, false, true, _) => 6,
        (true, false, false, _) => 7,
        (false, _, _, true) => 8,
        (false, _, _, false) => 9,
    }
}

/// The mean of five.
fn prediction([a, b, c, _]: [i64; 4]) -> i64 {
    let sum = (a + 2 * b + 3 * c + 4)
        + (3 * a + 20 * b + c + 7)
        + (6 * a + 3 * b + 3 * c + 4)
        + (5 * a + 6 * b + 3 * c + 4)
        + (7 * a + 12 * b + 7 * c + 4);
    sum / 5
}

#[cfg(test)]
mod tests {
    use super::*;
    use example_applications::{Checked, Pred};

    #[test]
    fn the_application_is_to_leave_the_same() {
        assert_eq!(results(1), <Pred as Checked>::EXPECTED);
    }
}
