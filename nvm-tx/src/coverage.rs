//! Which ranges a running transaction need not log any more.
//!
//! The log itself says what was logged; a filter says of most words, without a look into it, that they were not. Fresh
//! ranges are in no entry, and those that were logged other than by a word are soon found: a few of both are kept in
//! volatile memory.

use nvm_core::{Error, Nvm, RawOffset};

use crate::log_entry::{EntryArea, Kind, LogEntry};

const CACHED: usize = 6;

/// In place of a range: holds nothing. Not all of its bits are alike, so that it is copied where a log is made, which takes
/// fewer instructions than the call that clears.
const NO_RANGE: (RawOffset, RawOffset) = (
    if cfg!(target_pointer_width = "16") {
        0
    } else {
        RawOffset::MAX
    },
    0,
);

/// What needs no logging any more. Of `ranges` only the first `len` count, and they only where the log's state
/// [says so](crate::state::State::RANGES): what a transaction does not use need not be cleared.
#[derive(Debug)]
pub(crate) struct Coverage {
    /// In which words anything may be that was logged, or is fresh.
    words: Filter,
    len: usize,
    ranges: [(RawOffset, RawOffset); CACHED],
}

/// What lies at the beginning of a range.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing to log up to here.
    CoveredTo(RawOffset),
    /// To be logged up to here.
    UncoveredTo(RawOffset),
}

impl Coverage {
    pub(crate) const fn new() -> Self {
        Self {
            words: Filter::EMPTY,
            len: 0,
            ranges: [NO_RANGE; CACHED],
        }
    }

    #[inline]
    pub(crate) const fn clear(&mut self) {
        self.words = Filter::EMPTY;
    }

    /// Forgets the ranges of the transactions before.
    #[inline]
    pub(crate) const fn clear_ranges(&mut self) {
        self.len = 0;
    }

    /// Adds a range that must not be logged, if there is room for it, or that has just been logged.
    pub(crate) fn add(&mut self, start: RawOffset, end: RawOffset) {
        self.words.add(start / 4, end.div_ceil(4));
        let known = self.ranges.get_mut(..self.len).unwrap_or_default();
        // One that continues another shares its place, since ranges are often logged in order.
        if let Some(range) = known.iter_mut().find(|range| range.1 == start) {
            range.1 = end;
        } else if let Some(free) = self.ranges.get_mut(self.len) {
            *free = (start, end);
            self.len += 1;
        }
    }

    /// Adds a range within a word that has just been logged.
    #[inline]
    pub(crate) const fn add_near(&mut self, word: RawOffset) {
        self.words.add_one(word);
    }

    /// Whether anything may be known of that word.
    #[inline]
    pub(crate) const fn may_touch_word(&self, word: RawOffset) -> bool {
        self.words.may_hold_one(word)
    }

    /// Whether one of the ranges holds those from `start` to `end`.
    pub(crate) fn has_range_of(&self, start: RawOffset, end: RawOffset) -> bool {
        let mut ranges = self.ranges().iter();
        ranges.any(|range| range.0 <= start && end <= range.1)
    }

    fn ranges(&self) -> &[(RawOffset, RawOffset)] {
        self.ranges.get(..self.len).unwrap_or(&self.ranges)
    }

    /// What lies at the beginning of the range from `start` to `end`. The log has entries up to the end of `logged`;
    /// `has_ranges` says whether the ranges count.
    pub(crate) fn next<N: Nvm>(
        &self,
        nvm: &N,
        logged: EntryArea,
        tag: u8,
        has_ranges: bool,
        start: RawOffset,
        end: RawOffset,
    ) -> Result<Next, Error> {
        if !self.words.may_hold(start / 4, end.div_ceil(4)) {
            return Ok(Next::UncoveredTo(end));
        }
        let mut uncovered_to = end;
        let mut is_covered_to = |(from, to): (RawOffset, RawOffset)| {
            if from <= start && start < to {
                return true;
            }
            if start < from {
                uncovered_to = uncovered_to.min(from);
            }
            false
        };
        if has_ranges {
            for &range in self.ranges() {
                if is_covered_to(range) {
                    return Ok(Next::CoveredTo(range.1));
                }
            }
        }
        let mut at = logged.start;
        while let Some(entry) = LogEntry::load_logged(nvm, logged, at, tag)? {
            if entry.kind == Kind::Range && is_covered_to(entry.range()) {
                return Ok(Next::CoveredTo(entry.range().1));
            }
            at = entry.next;
        }
        Ok(Next::UncoveredTo(uncovered_to))
    }
}

/// Which numbers were added, modulo how many [`Bits`] there are: tells of most others that they were not, without a look
/// into the log.
///
/// Number n is bit -n, so that one instruction makes it: a shift of a register by more than its bits is none, but a
/// rotation is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filter(Bits);

#[cfg(not(target_pointer_width = "16"))]
type Bits = u32;
/// A processor with 16 bits shifts by one place at a time: there a bit is looked up, and a range is a loop.
#[cfg(target_pointer_width = "16")]
type Bits = u16;

impl Filter {
    pub(crate) const EMPTY: Self = Self(0);

    #[inline]
    pub(crate) const fn add(&mut self, from: RawOffset, to: RawOffset) {
        self.0 |= Self::bits(from, to);
    }

    /// Whether some of the numbers from `from` to before `to` may have been added.
    #[inline]
    pub(crate) const fn may_hold(self, from: RawOffset, to: RawOffset) -> bool {
        self.0 != 0 && self.0 & Self::bits(from, to) != 0
    }

    #[inline]
    pub(crate) const fn add_one(&mut self, number: RawOffset) {
        self.0 |= Self::bit(number);
    }

    #[inline]
    pub(crate) const fn may_hold_one(self, number: RawOffset) -> bool {
        self.0 & Self::bit(number) != 0
    }

    #[cfg(not(target_pointer_width = "16"))]
    #[inline]
    const fn bit(number: RawOffset) -> Bits {
        1_u32.rotate_right(number % 32)
    }

    #[cfg(target_pointer_width = "16")]
    #[inline]
    const fn bit(number: RawOffset) -> Bits {
        const BITS: [Bits; Bits::BITS as usize] = {
            let mut bits = [1; Bits::BITS as usize];
            let mut place = 1;
            while place < bits.len() {
                bits[place] = bits[place - 1] << 1;
                place += 1;
            }
            bits
        };
        BITS[number as usize % BITS.len()]
    }

    #[cfg(any(target_pointer_width = "16", test))]
    const fn bits_one_by_one(mut from: RawOffset, to: RawOffset) -> Bits {
        if to.wrapping_sub(from) >= Bits::BITS as RawOffset {
            return Bits::MAX;
        }
        let mut bits = 0;
        while from != to {
            bits |= Self::bit(from);
            from = from.wrapping_add(1);
        }
        bits
    }

    #[cfg(target_pointer_width = "16")]
    #[inline(never)]
    const fn bits(from: RawOffset, to: RawOffset) -> Bits {
        Self::bits_one_by_one(from, to)
    }

    #[cfg(not(target_pointer_width = "16"))]
    #[inline]
    const fn bits(from: RawOffset, to: RawOffset) -> Bits {
        match to.wrapping_sub(from) {
            0 => 0,
            count @ 1..32 => ((1 << count) - 1_u32).rotate_right((to - 1) % 32),
            _ => u32::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nvm_core::sim::SimNvm;

    #[test]
    fn a_filter_never_denies_what_was_added() {
        for (from, to) in [(0, 1), (5, 5), (31, 33), (30, 62), (3, 100)] {
            let mut filter = Filter::EMPTY;
            filter.add(from, to);
            assert!((from..to).all(|number| filter.may_hold(number, number + 1)));
            assert!((from..to).all(|number| filter.may_hold_one(number)));
            let others = (200..232).filter(|number| filter.may_hold(*number, number + 1));
            assert_eq!(others.count() as u32, (to - from).min(32));
            assert_eq!(Filter::bits(from, to), Filter::bits_one_by_one(from, to));
        }
    }

    #[test]
    fn splits_a_range_around_what_is_covered() {
        let nvm = SimNvm::<4>::new(64);
        let logged = EntryArea { start: 0, end: 0 };
        let mut coverage = Coverage::new();
        coverage.add(10, 14);
        coverage.add(14, 16);
        coverage.add(20, 24);
        let next = |start| coverage.next(&nvm, logged, 1, true, start, 30).unwrap();
        assert_eq!(next(8), Next::UncoveredTo(10));
        assert_eq!(next(10), Next::CoveredTo(16));
        assert_eq!(next(15), Next::CoveredTo(16));
        assert_eq!(next(16), Next::UncoveredTo(20));
        assert_eq!(next(21), Next::CoveredTo(24));
        assert_eq!(next(24), Next::UncoveredTo(30));
    }
}
