//! Event monitoring.

use example_applications::Results;

/// On how many events each actor acted, and its buffer's last byte.
pub fn results(scale: u16) -> Results {
    let (mut first, mut second) = ([0; 200], [0; 200]);
    let (mut firsts, mut seconds) = (0, 0);
    for _event in 0..100 * u32::from(scale) {
        firsts += 1;
        first.fill((42 + firsts) % 256);
        seconds += 1;
        second.fill((24 + seconds) % 256);
    }
    [firsts, first[199], seconds, second[199]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use example_applications::{Checked as _, Em};

    #[test]
    fn they_are_the_expected_ones() {
        assert_eq!(results(1), Em::EXPECTED);
        assert_eq!(results(3), [300, 86, 300, 68]);
    }
}
