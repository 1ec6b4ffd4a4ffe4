//! Power losses without a commit: a transaction that is too long for its energy shows up here, and not
//! as an endless silent repetition.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0 | sequence number of the thread's transactions at its last start |
//! | 1 | sequence number of its kernel transactions at its last start |
//! | 2..4 | starts in a row with these numbers |
//! | 4..8 | the same in the other phase |
//!
//! One word is stored at a start, the older of the two being overwritten, so a torn store leaves the
//! other. The count may then be one too low, which does no harm.

use nvm_core::{Area, Class, Nvm};

use crate::error::Error;

/// Starts in a row, and which of the two words says so.
#[derive(Debug, Clone, Copy)]
struct Word {
    sequences: [u8; 2],
    starts: u16,
}

fn load<N: Nvm>(nvm: &N, at: u32) -> Result<Word, Error> {
    let mut bytes = [0; 4];
    nvm.read(at, &mut bytes)?;
    let [a, b, low, high] = bytes;
    Ok(Word {
        sequences: [a, b],
        starts: u16::from_le_bytes([low, high]),
    })
}

pub(crate) fn format<N: Nvm>(nvm: &N, area: Area) -> Result<(), Error> {
    Ok(nvm.write(Class::Replay, area.offset(), &[0xFF; 8])?)
}

/// Counts a start, and answers how many there were in a row without a commit in between, this one not
/// included. Costs 4 bytes.
pub(crate) fn count_start<N: Nvm>(nvm: &N, area: Area, sequences: [u8; 2]) -> Result<u16, Error> {
    let (even, odd) = (load(nvm, area.offset())?, load(nvm, area.offset() + 4)?);
    let starts_of = |word: Word, parity: u16| {
        (word.sequences == sequences && word.starts % 2 == parity).then_some(word.starts)
    };
    let before = starts_of(even, 0).max(starts_of(odd, 1));
    let starts = before.map_or(0, |starts| if starts == u16::MAX { starts - 1 } else { starts + 1 });
    let [low, high] = starts.to_le_bytes();
    let at = area.offset() + 4 * u32::from(starts % 2);
    nvm.write(Class::Replay, at, &[sequences[0], sequences[1], low, high])?;
    Ok(starts)
}
