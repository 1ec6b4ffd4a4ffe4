//! Which ranges a running transaction need not log any more.

use nvm_core::{Error, Nvm};

use crate::log_entry::{EntryArea, Kind, LogEntry};

const CACHED: usize = 6;

/// The ranges that were logged already or were allocated in this transaction. The first few are kept
/// in volatile memory; more logged ones are looked up in the log itself. What is behind `len` is not cleared: it counts
/// only once there are so many.
#[derive(Debug)]
pub(crate) struct Coverage {
    /// How many ranges there are; one more than there is room for where some are in the log alone.
    len: usize,
    /// In which words all these ranges may be.
    words: Filter,
    /// Where the range ends that was added last.
    last_end: u32,
    ranges: [(u32, u32); CACHED],
    /// The first entry of the log that is not among `ranges`.
    uncached: u32,
    /// In which words such entries may be.
    uncached_words: Filter,
}

/// What lies at the beginning of a range.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing to log up to here.
    CoveredTo(u32),
    /// To be logged up to here.
    UncoveredTo(u32),
}

/// What is known of a few bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OfNear {
    /// None of them needs logging.
    Covered,
    /// All of them do.
    Uncovered,
    /// Some of them do, or it is not known without looking into the log.
    Unknown,
}

impl Coverage {
    pub(crate) const fn new() -> Self {
        Self {
            len: 0,
            words: Filter::EMPTY,
            last_end: 0,
            ranges: [(0, 0); CACHED],
            uncached: 0,
            uncached_words: Filter::EMPTY,
        }
    }

    #[inline]
    pub(crate) const fn clear(&mut self) {
        self.len = 0;
        self.words = Filter::EMPTY;
        self.last_end = 0;
    }

    /// Adds a range that must not be logged, if there is room for it.
    pub(crate) fn add_fresh(&mut self, start: u32, end: u32) {
        self.words.add(start / 4, end.div_ceil(4));
        self.push(start, end);
    }

    /// Adds a range that has just been logged by the entry at `at`.
    pub(crate) fn add_logged(&mut self, start: u32, end: u32, at: u32) {
        self.words.add(start / 4, end.div_ceil(4));
        if !self.push(start, end) {
            self.add_uncached(start, end, at);
        }
    }

    /// The same for a range within a word.
    #[inline]
    pub(crate) fn add_near(&mut self, start: u32, len: u32, at: u32) {
        let end = start + len;
        self.words.add_one(start / 4);
        if start != self.last_end
            && let Some(free) = self.ranges.get_mut(self.len)
        {
            *free = (start, end);
            self.len += 1;
            self.last_end = end;
        } else {
            self.add_logged(start, end, at);
        }
    }

    #[cold]
    #[inline(never)]
    fn add_uncached(&mut self, start: u32, end: u32, at: u32) {
        if self.len <= CACHED {
            self.len = CACHED + 1;
            self.uncached = at;
            self.uncached_words = Filter::EMPTY;
        }
        self.uncached_words.add(start / 4, end.div_ceil(4));
    }

    fn ranges(&self) -> &[(u32, u32)] {
        self.ranges.get(..self.len).unwrap_or(&self.ranges)
    }

    /// Whether a range may be in the word of a byte.
    #[inline]
    pub(crate) const fn may_touch_word(&self, at: u32) -> bool {
        self.words.may_hold_one(at / 4)
    }

    /// Looks up a few bytes that lie within a word.
    #[inline(never)]
    pub(crate) fn of_near(&self, start: u32, len: u32) -> OfNear {
        let end = start.wrapping_add(len);
        for &(from, to) in self.ranges() {
            if start < to && from < end {
                return if from <= start && end <= to {
                    OfNear::Covered
                } else {
                    OfNear::Unknown
                };
            }
        }
        if self.len > CACHED && self.uncached_words.may_hold_one(start / 4) {
            OfNear::Unknown
        } else {
            OfNear::Uncovered
        }
    }

    fn push(&mut self, start: u32, end: u32) -> bool {
        self.last_end = end;
        let len = self.len.min(CACHED);
        // One that continues another shares its place, since ranges are often logged in order.
        if let Some(range) = self.ranges[..len].iter_mut().find(|range| range.1 == start) {
            range.1 = end;
            return true;
        }
        match self.ranges.get_mut(self.len) {
            Some(free) => {
                *free = (start, end);
                self.len += 1;
                true
            }
            None => false,
        }
    }

    /// What lies at the beginning of the range from `start` to `end`.
    #[inline]
    pub(crate) fn next<N: Nvm>(
        &self,
        nvm: &N,
        area: EntryArea,
        tag: u8,
        start: u32,
        end: u32,
    ) -> Result<Next, Error> {
        let mut uncovered_to = end;
        for &(from, to) in self.ranges() {
            if from <= start && start < to {
                return Ok(Next::CoveredTo(to));
            }
            if start < from {
                uncovered_to = uncovered_to.min(from);
            }
        }
        if self.len <= CACHED || !self.uncached_words.may_hold(start / 4, end.div_ceil(4)) {
            return Ok(Next::UncoveredTo(uncovered_to));
        }
        let mut at = self.uncached;
        while let Some(entry) = LogEntry::load(nvm, area, at, tag)? {
            if entry.kind == Kind::Range {
                let to = entry.offset.saturating_add(entry.len);
                if entry.offset <= start && start < to {
                    return Ok(Next::CoveredTo(to));
                }
                if start < entry.offset {
                    uncovered_to = uncovered_to.min(entry.offset);
                }
            }
            at = entry.next;
        }
        Ok(Next::UncoveredTo(uncovered_to))
    }
}

/// Which numbers were added, modulo 32: tells of most others that they were not, without a look into the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filter(u32);

impl Filter {
    pub(crate) const EMPTY: Self = Self(0);

    #[inline]
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[inline]
    pub(crate) const fn add(&mut self, from: u32, to: u32) {
        self.0 |= Self::bits(from, to);
    }

    /// Whether some of the numbers from `from` to before `to` may have been added.
    #[inline]
    pub(crate) const fn may_hold(self, from: u32, to: u32) -> bool {
        self.0 != 0 && self.0 & Self::bits(from, to) != 0
    }

    #[inline]
    pub(crate) const fn add_one(&mut self, number: u32) {
        self.0 |= 1 << (number % 32);
    }

    #[inline]
    pub(crate) const fn may_hold_one(self, number: u32) -> bool {
        self.0 >> (number % 32) & 1 != 0
    }

    #[inline]
    const fn bits(from: u32, to: u32) -> u32 {
        match to.wrapping_sub(from) {
            count @ 0..32 => ((1 << count) - 1_u32).rotate_left(from % 32),
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
            let others = (200..232).filter(|number| filter.may_hold(*number, number + 1));
            assert_eq!(others.count() as u32, (to - from).min(32));
        }
    }

    #[test]
    fn splits_a_range_around_what_is_covered() {
        let nvm = SimNvm::<4>::new(64);
        let area = EntryArea { start: 0, end: 64 };
        let mut coverage = Coverage::new();
        coverage.add_logged(10, 14, 0);
        coverage.add_logged(14, 16, 0);
        coverage.add_fresh(20, 24);
        let next = |start| coverage.next(&nvm, area, 1, start, 30).unwrap();
        assert_eq!(next(8), Next::UncoveredTo(10));
        assert_eq!(next(10), Next::CoveredTo(16));
        assert_eq!(next(15), Next::CoveredTo(16));
        assert_eq!(next(16), Next::UncoveredTo(20));
        assert_eq!(next(21), Next::CoveredTo(24));
        assert_eq!(next(24), Next::UncoveredTo(30));
    }
}
