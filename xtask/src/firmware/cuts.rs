//! Where the power is cut.

use std::ops::Range;

use intos::host::Random;

/// A run's cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cuts {
    /// Before which instruction of the window the first comes, from 1 on.
    pub(super) first: u32,
    /// Before which instruction from the next start on the second comes; 0: there is none.
    pub(super) second: u32,
}

/// One cut in each run.
pub(super) fn once(window: Range<u32>, step: u32) -> Vec<Cuts> {
    window
        .step_by(step as usize)
        .map(|first| Cuts { first, second: 0 })
        .collect()
}

/// Two cuts in each run, the second in the recovery from the first: all of them where they are no more than `most`,
/// otherwise as many at random.
pub(super) fn twice(
    window: Range<u32>,
    step: u32,
    recovery: Range<u32>,
    most: u32,
    seed: u64,
) -> Vec<Cuts> {
    let firsts = window.len().div_ceil(step as usize) as u64;
    let seconds = recovery.len() as u64;
    let all = firsts * seconds;
    let pair = |number: u64| Cuts {
        first: window.start + (number / seconds.max(1)) as u32 * step,
        second: recovery.start + (number % seconds.max(1)) as u32,
    };
    if all <= u64::from(most) {
        return (0..all).map(pair).collect();
    }
    let mut random = Random::new(seed);
    (0..most).map(|_| pair(random.below(all))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_instruction_is_cut_once() {
        let cuts = once(1..6, 2);
        assert!(cuts.iter().all(|cuts| cuts.second == 0));
        assert_eq!(
            cuts.iter().map(|cuts| cuts.first).collect::<Vec<_>>(),
            [1, 3, 5]
        );
    }

    #[test]
    fn all_pairs_are_cut_where_they_are_few_and_a_sample_where_they_are_many() {
        let all = twice(3..6, 2, 1..4, 6, 1);
        let pairs: Vec<_> = all.iter().map(|cuts| (cuts.first, cuts.second)).collect();
        assert_eq!(pairs, [(3, 1), (3, 2), (3, 3), (5, 1), (5, 2), (5, 3)]);
        let sample = twice(1..1_000, 1, 1..1_000, 500, 1);
        assert_eq!(sample.len(), 500);
        assert_eq!(sample, twice(1..1_000, 1, 1..1_000, 500, 1));
        assert!(
            sample
                .iter()
                .all(|cuts| (1..1_000).contains(&cuts.first) && (1..1_000).contains(&cuts.second))
        );
    }
}
