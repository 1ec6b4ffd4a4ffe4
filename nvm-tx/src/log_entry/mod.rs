//! The entries of an undo log.
//!
//! An entry is a header word, for some an extension word, and a payload, padded to 4 bytes (padding is
//! never stored):
//!
//! | bits of the header | field |
//! | --- | --- |
//! | 0..20 | offset of what the entry is about |
//! | 20..24 | code: 0 to 7 a range of 1 to 8 bytes, 8 and 9 one of 12 and 16, 10 bits, 11 deferred bits, 12 extended |
//! | 24..32 | tag: the sequence number that the transaction will commit with |
//!
//! | bits of the extension | field |
//! | --- | --- |
//! | 0..16 | length of the range |
//! | 16..28 | offset, bits 20 to 31 |
//! | 28..32 | 0 range, 1 bits, 2 deferred bits |
//!
//! The payload of a range is its old bytes. That of bits is a mask and the byte's old bits; that of
//! deferred bits a mask and the byte's new bits, which are stored after the commit.
//!
//! An entry is **valid** when its tag is the running transaction's, and all before it are. Stored in
//! this order, an entry cannot be valid before it is whole, nor be followed by a false one:
//!
//! | store | power lost after it |
//! | --- | --- |
//! | payload, extension | the header's tag is an older one: the log ends before the entry |
//! | where the *next* header's place happens to hold the running tag: 255 into its tag byte | as before |
//! | header, its tag last | the entry is valid; what it saved is not yet changed |
//!
//! The second store is what makes an 8-bit tag safe: old payloads and headers of 254 transactions ago
//! may lie anywhere in the log, but never where the next header is looked for with the right tag. It is
//! seldom needed (once in 254 on average for random bytes).
//!
//! | module | owns |
//! | --- | --- |
//! | `new_entry` | entries that are stored |
//! | `near` | the most frequent ones, soon stored and soon found |

mod near;
mod new_entry;

use nvm_core::{Class, Error, MAX_REGION_BYTES, Nvm, RawOffset, narrowed, widened};

pub(crate) use self::near::{
    NEAR_ENTRY_BYTES, OfNear, complete_near_bits, look_up_near, near_header, near_word, store_near,
    store_near_bits,
};
pub(crate) use self::new_entry::NewEntry;
use crate::commit_word::NO_SEQUENCE;
use crate::copy::copy;

/// Bytes of a header.
pub(crate) const HEADER_BYTES: RawOffset = 4;

/// Offsets below it need no extension.
const SHORT_OFFSET_LIMIT: u32 = 1 << 20;
/// The longest range: what the extension has bits for, and a region bytes.
const LONGEST: RawOffset = if cfg!(target_pointer_width = "16") {
    MAX_REGION_BYTES
} else {
    0xFFFF
};

/// Codes of bits.
const BITS: u32 = 10;
const DEFERRED_BITS: u32 = 11;
/// That of an entry with an extension.
const EXTENDED: u32 = 12;

/// What an entry is about: as it is numbered in an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Old bytes of a range.
    Range = 0,
    /// Old bits of a byte.
    Bits = 1,
    /// New bits of a byte, to be stored after the commit.
    DeferredBits = 2,
}

impl Kind {
    const fn of(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Range),
            1 => Some(Self::Bits),
            2 => Some(Self::DeferredBits),
            _ => None,
        }
    }

    /// The number of the kind that a code of its own stands for, of codes from that of [`BITS`] on.
    const fn number_of_code(code: u32) -> u32 {
        code - (BITS - Self::Bits as u32)
    }
}

/// A valid entry of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogEntry {
    pub(crate) kind: Kind,
    /// What it is about.
    pub(crate) offset: RawOffset,
    /// Bytes that it is about.
    pub(crate) len: RawOffset,
    /// Where its payload lies.
    pub(crate) payload: RawOffset,
    /// Where the next header lies.
    pub(crate) next: RawOffset,
}

/// The stretch of NVM that holds entries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EntryArea {
    pub(crate) start: RawOffset,
    pub(crate) end: RawOffset,
}

impl EntryArea {
    const fn holds(self, at: RawOffset, len: RawOffset) -> bool {
        at <= self.end && len <= self.end - at
    }

    /// The last place for a [near](store_near) entry with a header behind it; 0 where there is none, or entries lie at no
    /// multiple of 4.
    pub(crate) const fn near_end(self) -> RawOffset {
        match self.end.checked_sub(NEAR_ENTRY_BYTES + HEADER_BYTES) {
            Some(last) if last >= self.start && self.start.is_multiple_of(4) => last,
            _ => 0,
        }
    }
}

const fn padded(len: RawOffset) -> RawOffset {
    (len + 3) & !3
}

/// Whether an entry about what lies there needs no extension for its offset.
pub(crate) const fn is_short(offset: RawOffset) -> bool {
    widened(offset) < SHORT_OFFSET_LIMIT
}

/// The most that [`bits_entry_bytes`] answers for any offset.
pub const MAX_BITS_ENTRY_BYTES: RawOffset = NEAR_ENTRY_BYTES + HEADER_BYTES;

/// Bytes of a log that [`Tx::set_bits`](crate::Tx::set_bits) or
/// [`Tx::set_bits_on_commit`](crate::Tx::set_bits_on_commit) of the byte at `offset` takes.
pub const fn bits_entry_bytes(offset: RawOffset) -> RawOffset {
    if is_short(offset) {
        NEAR_ENTRY_BYTES
    } else {
        MAX_BITS_ENTRY_BYTES
    }
}

/// Stores bits as their payload tells.
#[inline]
fn store_bits<N: Nvm>(
    nvm: &N,
    class: Class,
    offset: RawOffset,
    payload: RawOffset,
) -> Result<(), Error> {
    let [mask, bits] = nvm.read_u16(payload)?.to_le_bytes();
    let byte = nvm.read_u8(offset)?;
    nvm.write_u8(class, offset, byte & !mask | bits & mask)
}

/// Makes sure that no entry with `tag` begins at `at`.
#[inline]
pub(crate) fn invalidate_if_tagged<N: Nvm>(
    nvm: &N,
    area: EntryArea,
    at: RawOffset,
    tag: u8,
) -> Result<(), Error> {
    if area.holds(at, HEADER_BYTES) && nvm.read_u8(at + 3)? == tag {
        nvm.write_u8(Class::UndoLog, at + 3, NO_SEQUENCE)?;
    }
    Ok(())
}

impl LogEntry {
    /// Where the range begins, and where it ends.
    pub(crate) const fn range(&self) -> (RawOffset, RawOffset) {
        (self.offset, self.offset.saturating_add(self.len))
    }

    /// The entry at `at` of a running transaction, which has logged so much.
    #[inline]
    pub(crate) fn load_logged<N: Nvm>(
        nvm: &N,
        logged: EntryArea,
        at: RawOffset,
        tag: u8,
    ) -> Result<Option<Self>, Error> {
        if at >= logged.end {
            return Ok(None);
        }
        // Where a `usize` has 16 bits text counts most, and shifts are many instructions.
        if cfg!(not(target_pointer_width = "16"))
            && let Some(entry) = Self::of_short(nvm.read_u32(at)?, at, tag)
        {
            return Ok(Some(entry));
        }
        Self::load(nvm, logged, at, tag)
    }

    /// The entry at `at` that has this header, if it is about a range of at most 8 bytes or about bits, as most are: soon
    /// made out.
    #[inline]
    const fn of_short(header: u32, at: RawOffset, tag: u8) -> Option<Self> {
        if header >> 24 != tag as u32 {
            return None;
        }
        let (kind, len, padded) = match header >> 20 & 0xF {
            code @ 0..8 => (
                Kind::Range,
                code as RawOffset + 1,
                (code as RawOffset & 4) + 4,
            ),
            BITS => (Kind::Bits, 1, 4),
            DEFERRED_BITS => (Kind::DeferredBits, 1, 4),
            _ => return None,
        };
        let payload = at + HEADER_BYTES;
        Some(Self {
            kind,
            offset: narrowed(header & (SHORT_OFFSET_LIMIT - 1)),
            len,
            payload,
            next: payload + padded,
        })
    }

    /// The entry at `at`, if one with `tag` is there. A damaged one ends the log.
    pub(crate) fn load<N: Nvm>(
        nvm: &N,
        area: EntryArea,
        at: RawOffset,
        tag: u8,
    ) -> Result<Option<Self>, Error> {
        if !area.holds(at, HEADER_BYTES) {
            return Ok(None);
        }
        let header = nvm.read_u32(at)?;
        if (header >> 24) as u8 != tag {
            return Ok(None);
        }
        let mut offset = header & (SHORT_OFFSET_LIMIT - 1);
        let mut payload = at + HEADER_BYTES;
        let code = (header >> 20) & 0xF;
        // By comparisons: a table of jumps is larger.
        let (mut number, mut len) = (0, code as RawOffset + 1);
        if code >= BITS {
            (number, len) = (Kind::number_of_code(code), 1);
            if code == EXTENDED {
                if !area.holds(payload, HEADER_BYTES) {
                    return Ok(None);
                }
                let extension = nvm.read_u32(payload)?;
                payload += HEADER_BYTES;
                offset |= (extension >> 16 & 0xFFF) << 20;
                number = extension >> 28;
                if number == Kind::Range as u32 {
                    len = extension as u16 as RawOffset;
                }
            }
        } else if code >= 8 {
            // 12 or 16.
            len = 4 * (code as RawOffset - 5);
        }
        let Some(kind) = Kind::of(number) else {
            return Ok(None);
        };
        if len > LONGEST {
            return Ok(None);
        }
        let payload_bytes = match kind {
            Kind::Range => len,
            Kind::Bits | Kind::DeferredBits => 2,
        };
        if !area.holds(payload, padded(payload_bytes)) {
            return Ok(None);
        }
        let next = payload + padded(payload_bytes);
        Ok(Some(Self {
            kind,
            offset: narrowed(offset),
            len,
            payload,
            next,
        }))
    }

    /// Puts back what the entry saved. Idempotent.
    pub(crate) fn roll_back<N: Nvm>(&self, nvm: &N, class: Class) -> Result<(), Error> {
        match self.kind {
            Kind::Range => copy(nvm, class, self.payload, self.offset, self.len),
            Kind::Bits => self.store_bits(nvm, class),
            Kind::DeferredBits => Ok(()),
        }
    }

    /// Stores deferred bits. Idempotent.
    pub(crate) fn complete<N: Nvm>(&self, nvm: &N, class: Class) -> Result<(), Error> {
        match self.kind {
            Kind::DeferredBits => self.store_bits(nvm, class),
            Kind::Range | Kind::Bits => Ok(()),
        }
    }

    /// The mask of bits that the entry is about; all for a range.
    pub(crate) fn mask<N: Nvm>(&self, nvm: &N) -> Result<u8, Error> {
        match self.kind {
            Kind::Range => Ok(0xFF),
            Kind::Bits | Kind::DeferredBits => nvm.read_u8(self.payload),
        }
    }

    fn store_bits<N: Nvm>(&self, nvm: &N, class: Class) -> Result<(), Error> {
        store_bits(nvm, class, self.offset, self.payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nvm_core::sim::SimNvm;

    #[test]
    fn an_entry_of_a_running_transaction_is_made_out_as_any_other() {
        let logged = EntryArea { start: 0, end: 256 };
        for tag in [1, 0x7F, 0x80, 0xFC] {
            for offset in [256, 259, SHORT_OFFSET_LIMIT - 1] {
                let ranges = (1..=40).map(|len| NewEntry::new(Kind::Range, offset, len));
                let bits = [Kind::Bits, Kind::DeferredBits];
                let bits = bits.map(|kind| NewEntry::new(kind, offset, 1));
                for entry in ranges.chain(bits) {
                    let nvm = SimNvm::<4>::new(SHORT_OFFSET_LIMIT + 64);
                    let payload = (entry.kind != Kind::Range).then_some([1, 2]);
                    let end = entry.store(&nvm, logged, 4, tag, payload).unwrap();
                    let loaded = LogEntry::load(&nvm, logged, 4, tag).unwrap().unwrap();
                    assert_eq!((loaded.kind, loaded.next), (entry.kind, end));
                    let again = LogEntry::load_logged(&nvm, logged, 4, tag).unwrap();
                    assert_eq!(again, Some(loaded));
                    let logged = EntryArea { start: 0, end: 4 };
                    assert_eq!(LogEntry::load_logged(&nvm, logged, 4, tag), Ok(None));
                }
            }
        }
    }
}
