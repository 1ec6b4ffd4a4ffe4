//! The commit point: two words that are written in turn.
//!
//! | bytes of a word | field |
//! | --- | --- |
//! | 0..3 | mark: 24 bits that the log's user publishes with a commit |
//! | 3 | sequence number |
//!
//! Word A (offset 0) carries the even sequence numbers, word B (offset 4) the odd ones; the *live* word
//! is the one whose number follows the other's. A commit stores the word that is not live, with the
//! number after the live one. The number is the word's last byte, so that it is stored last, and with
//! one atom whatever the width of an atom is: before it the old word is live, after it the new one.
//!
//! Numbers run from 0 to 253 and then from 0 again. 254 and 255 are never used, so 255 can mean "none".

use nvm_core::{Class, Error, Nvm, RawOffset};

/// The largest mark.
pub const MARK_MAX: u32 = 0x00FF_FFFF;

/// Bytes of the two words.
pub(crate) const COMMIT_WORDS_BYTES: RawOffset = 8;

/// No sequence number.
pub(crate) const NO_SEQUENCE: u8 = 0xFF;

/// How many sequence numbers there are.
pub(crate) const SEQUENCES: u8 = 254;

/// The sequence number after `sequence`.
///
/// ```
/// assert_eq!(nvm_tx::following_sequence(7), 8);
/// assert_eq!(nvm_tx::following_sequence(253), 0);
/// ```
#[inline]
pub const fn following(sequence: u8) -> u8 {
    if sequence >= SEQUENCES - 1 {
        0
    } else {
        sequence + 1
    }
}

/// The sequence number before `sequence`.
#[inline]
pub(crate) const fn preceding(sequence: u8) -> u8 {
    if sequence == 0 {
        SEQUENCES - 1
    } else {
        sequence - 1
    }
}

/// A commit word, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CommitWord {
    pub(crate) mark: u32,
    pub(crate) sequence: u8,
}

impl CommitWord {
    const fn from_raw(raw: u32) -> Self {
        Self {
            mark: raw & MARK_MAX,
            sequence: (raw >> 24) as u8,
        }
    }

    /// Stores the words' first state: sequence 0, mark as given.
    pub(crate) fn format<N: Nvm>(nvm: &N, at: RawOffset, mark: u32) -> Result<(), Error> {
        nvm.write_u32(Class::UndoLog, at + 4, u32::from(SEQUENCES - 1) << 24)?;
        nvm.write_u32(Class::UndoLog, at, mark & MARK_MAX)
    }

    /// The live word; `None` where the two contradict each other.
    pub(crate) fn live<N: Nvm>(nvm: &N, at: RawOffset) -> Result<Option<Self>, Error> {
        let even = Self::from_raw(nvm.read_u32(at)?);
        let odd = Self::from_raw(nvm.read_u32(at + 4)?);
        // Both neighbours of an even number are odd ones, and below the numbers' end as it is.
        if even.sequence >= SEQUENCES || even.sequence % 2 != 0 {
            return Ok(None);
        }
        Ok(if odd.sequence == even.sequence + 1 {
            Some(odd)
        } else if odd.sequence == preceding(even.sequence) {
            Some(even)
        } else {
            None
        })
    }

    /// Makes `self` the live word: the commit point.
    #[inline]
    pub(crate) fn publish<N: Nvm>(self, nvm: &N, at: RawOffset) -> Result<(), Error> {
        nvm.write_u32(
            Class::UndoLog,
            at + 4 * RawOffset::from(self.sequence & 1),
            u32::from(self.sequence) << 24 | self.mark,
        )
    }
}

#[cfg(test)]
mod tests {
    use nvm_core::sim::SimNvm;

    use super::*;

    #[test]
    fn the_live_word_is_the_one_whose_number_follows() {
        let nvm = SimNvm::<4>::new(8);
        for even in 0..=u8::MAX {
            for odd in 0..=u8::MAX {
                nvm.write_u32(Class::UndoLog, 0, u32::from(even) << 24)
                    .unwrap();
                nvm.write_u32(Class::UndoLog, 4, u32::from(odd) << 24)
                    .unwrap();
                let are_valid =
                    even < SEQUENCES && odd < SEQUENCES && even % 2 == 0 && odd % 2 == 1;
                let expected = match (following(even) == odd, following(odd) == even) {
                    _ if !are_valid => None,
                    (true, _) => Some(odd),
                    (_, true) => Some(even),
                    _ => None,
                };
                let live = CommitWord::live(&nvm, 0).unwrap();
                assert_eq!(live.map(|word| word.sequence), expected, "{even} {odd}");
            }
        }
    }
}
