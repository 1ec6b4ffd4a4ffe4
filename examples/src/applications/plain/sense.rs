//! Periodic sensing.

use example_applications::Results;

/// The last photo's number and shade, its pixels of another shade, and how often the timer expired.
pub fn results(scale: u16) -> Results {
    let mut photo = vec![0; 20 * 20];
    let (mut id, mut expiries) = (0, 0);
    while id < 5 * u32::from(scale) {
        expiries += 1;
        id += 1;
        photo.fill((42 + id) % 256);
    }
    let wrong = photo.iter().filter(|pixel| **pixel != photo[0]).count();
    [id, photo[0], wrong as u32, expiries]
}

#[cfg(test)]
mod tests {
    use super::*;
    use example_applications::{Checked as _, Sense};

    #[test]
    fn they_are_the_expected_ones() {
        assert_eq!(results(1), Sense::EXPECTED);
        assert_eq!(results(50), [250, 36, 0, 250]);
    }
}
