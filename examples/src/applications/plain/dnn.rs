//! Deep neural network.

use example_applications::Results;

use super::checksum;

/// Both outputs, and checksums of the hidden layer and of the weights. The scale repeats the same inference.
pub fn results(_scale: u16) -> Results {
    let mut weights = Vec::new();
    let mut state = 1_u32;
    for _ in 0..50 * 10 + 10 * 2 {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        weights.push((state >> 16) % 10);
    }
    let (first, second) = weights.split_at(50 * 10);
    let hidden = layer(&[1; 50], first);
    let outputs = layer(&hidden, second);
    let weights = checksum(first.iter().copied()) ^ checksum(second.iter().copied());
    [outputs[0], outputs[1], checksum(hidden), weights]
}

/// The weighted sums of a layer's inputs, one for each row of its weights. None is negative.
fn layer(inputs: &[u32], weights: &[u32]) -> Vec<u32> {
    let rows = weights.chunks(inputs.len());
    rows.map(|row| row.iter().zip(inputs).map(|(w, x)| w * x).sum())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use example_applications::{Checked as _, Dnn};

    #[test]
    fn they_are_the_expected_ones() {
        assert_eq!(results(1), Dnn::EXPECTED);
        assert_eq!(results(3), Dnn::EXPECTED);
    }
}
