//! Power losses without a commit: a transaction that is too long for its energy shows up here, and not
//! as an endless silent repetition.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..2 | starts in a row with the numbers that follow |
//! | 2 | sequence number of the thread's transactions at its last start |
//! | 3 | sequence number of its kernel transactions at its last start |
//! | 4..8 | the same in the other phase: the even counts are in the first word, the odd ones here |
//!
//! One word is stored at a start, over the older of the two, its numbers last:
//!
//! | store | power lost after it: the next start counts |
//! | --- | --- |
//! | bytes of the count | from the other word: this one has old numbers, or if they are the same a count that is too low |
//! | both numbers | from this word |
//!
//! So a start that is cut short may not be counted, and a count is never too high; but 254 commits look
//! like none, one time in 254.

use nvm_core::{Area, Class, Nvm, RawOffset, ablation};

use crate::error::Error;

/// The most starts that are counted.
const MOST: u16 = u16::MAX - 1;

/// A word: starts in a row, and the numbers that they had.
#[derive(Debug, Clone, Copy)]
struct Word {
    sequences: [u8; 2],
    starts: u16,
}

fn load<N: Nvm>(nvm: &N, at: RawOffset) -> Result<Word, Error> {
    let [low, high, own, kernel] = nvm.read_u32(at)?.to_le_bytes();
    Ok(Word {
        sequences: [own, kernel],
        starts: u16::from_le_bytes([low, high]),
    })
}

pub(crate) fn format<N: Nvm>(nvm: &N, area: Area) -> Result<(), Error> {
    Ok(nvm.write(Class::Replay, area.offset(), &[0xFF; 8])?)
}

/// How many starts there were in a row with these numbers, if any.
#[inline(always)]
#[allow(clippy::inline_always)] // a start counts as cheaply as where it stood there
pub(crate) fn starts<N: Nvm>(
    nvm: &N,
    area: Area,
    sequences: [u8; 2],
) -> Result<Option<u16>, Error> {
    let (even, odd) = (load(nvm, area.offset())?, load(nvm, area.offset() + 4)?);
    let starts_of = |word: Word, parity: u16| {
        (word.sequences == sequences && word.starts % 2 == parity).then_some(word.starts)
    };
    Ok(starts_of(even, 0).max(starts_of(odd, 1)))
}

/// Where a word lies that holds the other one's counts: none was ever stored so. That of formatting has no count.
#[cfg(feature = "inspect")]
pub(crate) fn wrong_parity<N: Nvm>(nvm: &N, area: Area) -> Result<Option<RawOffset>, Error> {
    let (even, odd) = (load(nvm, area.offset())?, load(nvm, area.offset() + 4)?);
    Ok(
        if !even.starts.is_multiple_of(2) && even.starts != u16::MAX {
            Some(area.offset())
        } else if odd.starts.is_multiple_of(2) {
            Some(area.offset() + 4)
        } else {
            None
        },
    )
}

/// Counts a start, and answers how many there were in a row without a commit in between, this one not
/// included. Costs 4 bytes.
pub(crate) fn count_start<N: Nvm>(nvm: &N, area: Area, sequences: [u8; 2]) -> Result<u16, Error> {
    if !ablation::CRASH_CONSISTENCY {
        return Ok(0);
    }
    let before = starts(nvm, area, sequences)?;
    let starts = before.map_or(0, |starts| starts.saturating_add(1).min(MOST));
    let [low, high] = starts.to_le_bytes();
    let at = area.offset() + 4 * RawOffset::from(starts % 2);
    let [own, kernel] = sequences;
    let word = u32::from_le_bytes([low, high, own, kernel]);
    nvm.write_u32(Class::Replay, at, word)?;
    Ok(starts)
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::vec::Vec;

    use super::*;
    use nvm_core::for_each_atom;
    use nvm_core::sim::{SimNvm, until_power_loss};

    const AREA: Area = Area::new(0, 8);

    #[test]
    fn starts_are_counted_until_a_commit() {
        let nvm = SimNvm::<1>::new(8);
        format(&nvm, AREA).unwrap();
        let count = |own, kernel| count_start(&nvm, AREA, [own, kernel]).unwrap();
        let counts: Vec<u16> = (0..600).map(|_| count(5, 9)).collect();
        assert_eq!(counts, (0..600).collect::<Vec<u16>>());
        assert_eq!([count(6, 9), count(6, 9), count(6, 10)], [0, 1, 0]);
        nvm.write(Class::Replay, 0, &[0xFD, 0xFF, 7, 7]).unwrap();
        nvm.write(Class::Replay, 4, &[0xFD, 0xFF, 7, 7]).unwrap();
        assert_eq!([count(7, 7), count(7, 7), count(7, 7)], [MOST; 3]);
    }

    #[test]
    fn a_torn_count_is_never_too_high() {
        for_each_atom!(ATOM => {
            for before in [0, 1, 7, 253, 254, 255, 256, 257, 65_000] {
                for sequences in [[5, 9], [6, 9], [5, 10], [6, 10]] {
                    for cut in 0..4 {
                        let nvm = SimNvm::<ATOM>::new(8);
                        format(&nvm, AREA).unwrap();
                        for starts in before..=before + 1 {
                            let [low, high] = u16::to_le_bytes(starts);
                            let at = 4 * u32::from(starts % 2);
                            nvm.write(Class::Replay, at, &[low, high, 5, 9]).unwrap();
                        }
                        nvm.cut_after(cut);
                        let cut = until_power_loss(|| count_start(&nvm, AREA, sequences)).is_err();
                        nvm.power_on();
                        nvm.cut_never();
                        let counted = count_start(&nvm, AREA, sequences).unwrap();
                        let right = if sequences == [5, 9] { before + 2 } else { 0 };
                        let right = right.min(MOST);
                        let lowest = if cut { right } else { (right + 1).min(MOST) };
                        assert!(
                            (lowest..=right + 1).contains(&counted),
                            "{}",
                            format!("{counted} for {right}")
                        );
                    }
                }
            }
        });
    }
}
