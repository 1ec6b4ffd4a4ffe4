//! Message distribution.

use std::collections::VecDeque;

use example_applications::Results;

/// The messages of each worker, and what it made of its last window: the average, and the maximum.
pub fn results(scale: u16) -> Results {
    let mut window = VecDeque::new();
    let (mut messages, mut average, mut maximum) = (0, 0, 0);
    for time in 1..=150 * u32::from(scale) {
        messages += 1;
        window.push_back(42 + time);
        if window.len() > 10 {
            window.pop_front();
        }
        if window.len() == 10 {
            average = window.iter().sum::<u32>() / 10;
            maximum = window.iter().copied().max().unwrap_or(0);
        }
    }
    [messages, average, messages, maximum]
}

#[cfg(test)]
mod tests {
    use super::*;
    use example_applications::{Checked as _, Mq};

    #[test]
    fn they_are_the_expected_ones() {
        assert_eq!(results(1), Mq::EXPECTED);
        assert_eq!(results(2), [300, 337, 300, 342]);
    }
}
