//! Applications, of which a sweep cuts the last iterations: all of a run would be too long, once for each cut.

/// How often each makes its outer loop.
const APPLICATIONS: [(&str, u32); 7] = [
    ("ar", 100),
    ("bc", 100),
    ("dnn", 100),
    ("em", 100),
    ("kv", 1),
    ("mq", 150),
    ("sense", 5),
];

/// How many iterations a sweep cuts: the last one ends otherwise than those before it.
const SWEPT: u64 = 2;

/// After how many of a run's instructions the power goes for a sweep to begin at the next start; none where all of the
/// run is swept.
pub(super) fn before_the_last(program: &str, instructions: u64) -> Option<u64> {
    let (_, iterations) = APPLICATIONS.iter().find(|(name, _)| *name == program)?;
    let swept = SWEPT * instructions / u64::from(*iterations);
    instructions.checked_sub(swept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_begins_two_iterations_before_the_end() {
        assert_eq!(before_the_last("dnn", 10_000), Some(9_800));
        assert_eq!(before_the_last("sense", 10_000), Some(6_000));
        assert_eq!(before_the_last("kv", 10_000), None);
        assert_eq!(before_the_last("wake", 10_000), None);
    }
}
