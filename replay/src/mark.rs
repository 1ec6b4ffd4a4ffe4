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

/// What a system call publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SystemMark {
    pub(crate) count: u16,
    pub(crate) generation: u8,
    pub(crate) steps: u16,
    pub(crate) digest: u8,
}

impl SystemMark {
    pub(crate) const fn empty(generation: u8) -> Self {
        Self {
            count: 0,
            generation,
            steps: 0,
            digest: 0,
        }
    }

    #[inline]
    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self {
            count: (bits & 0xFF) as u16,
            generation: (bits >> 8) as u8,
            steps: (bits >> 16 & 0xF) as u16,
            digest: (bits >> 20 & 0xF) as u8,
        }
    }

    #[inline]
    pub(crate) const fn bits(self) -> u32 {
        self.count as u32
            | (self.generation as u32) << 8
            | (self.steps as u32) << 16
            | (self.digest as u32) << 20
    }
}

/// The digest of one more record, made at the call site of that [tag](Site::tag).
// Where a `usize` has 16 bits text counts most: one copy.
#[cfg_attr(not(target_pointer_width = "16"), inline)]
#[cfg_attr(target_pointer_width = "16", inline(never))]
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
#[cfg_attr(not(target_pointer_width = "16"), inline)]
#[cfg_attr(target_pointer_width = "16", inline(never))]
pub(crate) const fn system_digest(before: u8, site: Site) -> u8 {
    let tag = site.tag();
    let folded = (tag ^ tag >> 4 ^ tag >> 8 ^ tag >> 12) as u8;
    ((before << 1 | before >> 3) ^ folded) & 0xF
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
        let mark = SystemMark {
            count: 255,
            generation: 253,
            steps: 15,
            digest: 9,
        };
        assert_eq!(SystemMark::from_bits(mark.bits()), mark);
        assert!(mark.bits() <= nvm_tx::MARK_MAX);
    }
}
