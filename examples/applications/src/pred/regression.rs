//! Linear regression by several models at once.

const MODELS: u16 = 5;

/// For each model the coefficients of the first three values, and a constant.
const COEFFICIENTS: [[i16; 4]; MODELS as usize] = [
    [1, 2, 3, 4],
    [3, 20, 1, 7],
    [6, 3, 3, 4],
    [5, 6, 3, 4],
    [7, 12, 7, 4],
];

/// The mean of what the models predict from a reading's values, rounded towards zero. A prediction has 16 bits and wraps,
/// their sum has 32.
pub(super) fn mean_prediction(values: [i16; 4]) -> i16 {
    let sum: i32 = COEFFICIENTS
        .iter()
        .map(|model| i32::from(predict(*model, values)))
        .sum();
    (sum / i32::from(MODELS)) as i16
}

const fn predict([of_first, of_second, of_third, constant]: [i16; 4], values: [i16; 4]) -> i16 {
    let [first, second, third, _] = values;
    constant
        .wrapping_add(of_first.wrapping_mul(first))
        .wrapping_add(of_second.wrapping_mul(second))
        .wrapping_add(of_third.wrapping_mul(third))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_coefficient_is_the_constant() {
        assert_eq!(mean_prediction([0, 0, 0, 100]), (4 + 7 + 4 + 4 + 4) / 5);
        assert_eq!(mean_prediction([1, 1, 1, 0]), (10 + 31 + 16 + 18 + 30) / 5);
    }

    #[test]
    fn a_prediction_wraps() {
        // All models have even sums of coefficients, and their constants' mean is 4.
        assert_eq!(mean_prediction([i16::MIN; 4]), 4);
        assert_eq!(mean_prediction([i16::MAX; 4]), (-2 - 17 - 8 - 10 - 22) / 5);
    }
}
