//! What a commit publishes, in the 24 bits that the transaction engine gives us.
//!
//! | bits of a transaction's mark | field |
//! | --- | --- |
//! | 0..15 | count: valid records of the table |
//! | 15 | parity of the iteration of the loop whose frame is the last record, if one is |
//! | 16..24 | digest of the call sites of these records |
//!
//! | bits of a system call's mark | field |
//! | --- | --- |
//! | 0..8 | count: valid records of the table |
//! | 8..16 | generation: the sequence number that the enclosing transaction will commit with |
//! | 16..20 | steps: committed kernel transactions of the system call that is under way |
//! | 20..24 | digest of the call sites of the records, and where there are steps of the call under way |
//!
//! A system call's mark of another generation counts as empty: so the commit of a transaction drops the
//! records of its system calls with the same store.

use crate::site::Site;

/// The most records of transactions.
pub(crate) const MAX_COUNT: u16 = 0x7FFF;
/// The most records of system calls in a transaction.
pub(crate) const MAX_SYSTEM_COUNT: u16 = 0xFF;
/// The most kernel transactions in a system call.
pub(crate) const MAX_STEPS: u16 = 0xF;
/// A generation that no transaction has.
pub(crate) const NO_GENERATION: u8 = 0xFF;

/// What a transaction publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mark {
    pub(crate) count: u16,
    pub(crate) parity: bool,
    pub(crate) digest: u8,
}

impl Mark {
    #[inline]
    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self {
            count: bits as u16 & MAX_COUNT,
            parity: bits & 0x8000 != 0,
            digest: (bits >> 16) as u8,
        }
    }

    #[inline]
    pub(crate) const fn bits(self) -> u32 {
        self.count as u32 | (self.parity as u32) << 15 | (self.digest as u32) << 16
    }
}

/// What a system call publishes: as one number, since most of its fields stay as they are from one call to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SystemMark(u32);

/// Bits of a system call's mark up to its steps.
const UP_TO_STEPS: u32 = 0xFFFF;
const STEPS_AT: u32 = 16;
const STEPS: u32 = 0xF << STEPS_AT;
const DIGEST_AT: u32 = 20;

impl SystemMark {
    #[inline]
    pub(crate) const fn empty(generation: u8) -> Self {
        Self((generation as u32) << 8)
    }

    #[inline]
    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits & nvm_tx::MARK_MAX)
    }

    #[inline]
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    #[inline]
    pub(crate) const fn count(self) -> u16 {
        self.0 as u16 & MAX_SYSTEM_COUNT
    }

    #[inline]
    pub(crate) const fn generation(self) -> u8 {
        (self.0 >> 8) as u8
    }

    #[inline]
    pub(crate) const fn steps(self) -> u16 {
        ((self.0 & STEPS) >> STEPS_AT) as u16
    }

    #[inline]
    pub(crate) const fn digest(self) -> u8 {
        (self.0 >> DIGEST_AT) as u8
    }

    /// The same in another transaction's.
    #[inline]
    pub(crate) const fn with_generation(self, generation: u8) -> Self {
        Self(self.0 & !0xFF00 | (generation as u32) << 8)
    }

    /// One step more, where there are fewer than [`MAX_STEPS`].
    #[inline]
    pub(crate) const fn with_one_step(self, digest: u8) -> Self {
        let one_more = (self.0 & (UP_TO_STEPS | STEPS)) + (1 << STEPS_AT);
        Self(one_more | (digest as u32) << DIGEST_AT)
    }

    /// One call more, where there are fewer than [`MAX_SYSTEM_COUNT`], and no steps.
    #[inline]
    pub(crate) const fn with_one_call(self, digest: u8) -> Self {
        let one_more = (self.0 & UP_TO_STEPS) + 1;
        Self(one_more | (digest as u32) << DIGEST_AT)
    }
}

/// The digest of one more record, made at the call site of that [tag](Site::tag).
#[inline]
pub(crate) const fn digest(before: u8, tag: u16) -> u8 {
    digest_with(before, folded(tag))
}

/// What of a call site's tag goes into a digest.
#[inline]
pub(crate) const fn folded(tag: u16) -> u8 {
    (tag as u8) ^ (tag >> 8) as u8
}

/// The digest of one more record, with its [folded] tag.
#[inline]
pub(crate) const fn digest_with(before: u8, folded: u8) -> u8 {
    before.rotate_left(3) ^ folded
}

/// The digest of one more system call: four bits.
#[inline]
pub(crate) const fn system_digest(before: u8, site: Site) -> u8 {
    system_digest_of_tag(before, site.tag())
}

/// The same of the call site's [tag](Site::tag).
#[inline]
pub(crate) const fn system_digest_of_tag(before: u8, tag: u16) -> u8 {
    let bytes = folded(tag);
    ((before << 1 | before >> 3) ^ bytes ^ bytes >> 4) & 0xF
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_what_was_published() {
        for mark in [
            Mark::default(),
            Mark {
                count: MAX_COUNT,
                parity: true,
                digest: 0xA5,
            },
        ] {
            assert_eq!(Mark::from_bits(mark.bits()), mark);
            assert!(mark.bits() <= nvm_tx::MARK_MAX);
        }
        let fields = |mark: SystemMark| {
            assert_eq!(SystemMark::from_bits(mark.bits()), mark);
            assert!(mark.bits() <= nvm_tx::MARK_MAX);
            (mark.count(), mark.generation(), mark.steps(), mark.digest())
        };
        let mut mark = SystemMark::empty(253);
        assert_eq!(fields(mark), (0, 253, 0, 0));
        for calls in 1..=MAX_SYSTEM_COUNT {
            mark = mark.with_one_call(calls as u8 & 0xF);
            assert_eq!(fields(mark), (calls, 253, 0, calls as u8 & 0xF));
        }
        for steps in 1..=MAX_STEPS {
            mark = mark.with_one_step(9);
            assert_eq!(fields(mark), (MAX_SYSTEM_COUNT, 253, steps, 9));
        }
        mark = SystemMark::empty(7).with_one_step(15).with_one_call(3);
        assert_eq!(fields(mark.with_generation(8)), (1, 8, 0, 3));
    }
}
