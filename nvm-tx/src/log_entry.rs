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

use nvm_core::{Class, Error, MAX_REGION_BYTES, Nvm, RawOffset, narrowed, widened};

use crate::broken::{self, Variant};
use crate::commit_word::NO_SEQUENCE;

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

const fn code_of_len(len: RawOffset) -> Option<u32> {
    match len {
        1..=8 => Some(widened(len) - 1),
        12 => Some(8),
        16 => Some(9),
        _ => None,
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

/// An entry that is to be stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewEntry {
    kind: Kind,
    offset: RawOffset,
    len: RawOffset,
    header: u32,
    extension: Option<u32>,
}

impl NewEntry {
    /// The entry for at most `len` bytes at `offset`; a range longer than an entry can be is cut off.
    pub(crate) const fn new(kind: Kind, offset: RawOffset, len: RawOffset) -> Self {
        let len = if len > LONGEST { LONGEST } else { len };
        let code = match kind {
            Kind::Range => code_of_len(len),
            Kind::Bits => Some(BITS),
            Kind::DeferredBits => Some(DEFERRED_BITS),
        };
        let (header, extension) = match code {
            Some(code) if is_short(offset) => (widened(offset) | code << 20, None),
            _ => {
                let offset = widened(offset);
                (
                    offset & (SHORT_OFFSET_LIMIT - 1) | EXTENDED << 20,
                    Some(widened(len) | (offset >> 20) << 16 | (kind as u32) << 28),
                )
            }
        };
        Self {
            kind,
            offset,
            len,
            header,
            extension,
        }
    }

    /// Bytes that the entry is about.
    pub(crate) const fn len(&self) -> RawOffset {
        self.len
    }

    const fn prefix_bytes(&self) -> RawOffset {
        if self.extension.is_some() {
            2 * HEADER_BYTES
        } else {
            HEADER_BYTES
        }
    }

    const fn payload_bytes(&self) -> RawOffset {
        match self.kind {
            Kind::Range => self.len,
            Kind::Bits | Kind::DeferredBits => 2,
        }
    }

    /// Bytes that the entry takes in the log.
    pub(crate) const fn bytes(&self) -> RawOffset {
        self.prefix_bytes() + padded(self.payload_bytes())
    }

    /// Stores the entry at `at`, valid from the last store on, and answers where the next one goes. The caller has checked
    /// that it fits.
    ///
    /// `payload` is given for bits; a range saves what lies at its offset now.
    #[inline]
    pub(crate) fn store<N: Nvm>(
        &self,
        nvm: &N,
        area: EntryArea,
        at: RawOffset,
        tag: u8,
        payload: Option<[u8; 2]>,
    ) -> Result<RawOffset, Error> {
        let payload_at = at + self.prefix_bytes();
        if broken::is(Variant::HeaderFirst) {
            nvm.write_u32(Class::UndoLog, at, self.header | u32::from(tag) << 24)?;
        }
        match payload {
            Some(bytes) => nvm.write(Class::UndoLog, payload_at, &bytes)?,
            None => copy(nvm, self.offset, payload_at, self.len)?,
        }
        if let Some(extension) = self.extension {
            nvm.write_u32(Class::UndoLog, at + HEADER_BYTES, extension)?;
        }
        let next = at + self.bytes();
        if !broken::is(Variant::KeepsNextHeader) {
            invalidate_if_tagged(nvm, area, next, tag)?;
        }
        nvm.write_u32(Class::UndoLog, at, self.header | u32::from(tag) << 24)?;
        Ok(next)
    }
}

/// Bytes of the entry that [`store_near`] stores.
pub(crate) const NEAR_ENTRY_BYTES: RawOffset = HEADER_BYTES + 4;

/// The word of `LEN` bytes that [`store_near`] can log: aligned ones, so that the accesses are known to be single ones.
#[inline]
pub(crate) const fn near_word<const LEN: usize>(offset: RawOffset) -> Option<RawOffset> {
    if cfg!(target_pointer_width = "16") {
        // All of them are short.
        return if offset.is_multiple_of(LEN as RawOffset) {
            Some(offset / 4)
        } else {
            None
        };
    }
    // One comparison for both: an offset that is no multiple comes out as a large number.
    let shift = LEN.trailing_zeros();
    let units = offset.rotate_right(shift);
    if widened(units) < SHORT_OFFSET_LIMIT >> shift {
        Some(units >> (2 - shift))
    } else {
        None
    }
}

/// Stores the entry of a [near](near_word) range of 1, 2 or 4 bytes at `at`, a multiple of 4 at most
/// [`near_end`](EntryArea::near_end): [`NewEntry::store`] for the most frequent ones.
#[inline]
pub(crate) fn store_near<N: Nvm, const LEN: usize>(
    nvm: &N,
    at: RawOffset,
    tag: u8,
    offset: RawOffset,
) -> Result<(), Error> {
    // Said so that the compiler knows: one access each.
    let at = at & !3;
    let payload = at + HEADER_BYTES;
    let object = offset & !(LEN as RawOffset - 1);
    // Not made before it is needed: it would take a register meanwhile.
    let header = || near_header(offset, LEN as RawOffset, tag);
    if broken::is(Variant::HeaderFirst) {
        nvm.write_u32(Class::UndoLog, at, header())?;
    }
    match LEN {
        1 => nvm.write_u8(Class::UndoLog, payload, nvm.read_u8(object)?)?,
        2 => nvm.write_u16(Class::UndoLog, payload, nvm.read_u16(object)?)?,
        _ => nvm.write_u32(Class::UndoLog, payload, nvm.read_u32(object)?)?,
    }
    let next = at + NEAR_ENTRY_BYTES;
    if !broken::is(Variant::KeepsNextHeader) && tag_at(nvm, next)? == tag {
        nvm.write_u8(Class::UndoLog, next + 3, NO_SEQUENCE)?;
    }
    nvm.write_u32(Class::UndoLog, at, header())
}

/// The same for bits of a near byte, with their mask and bits.
#[inline]
pub(crate) fn store_near_bits<N: Nvm>(
    nvm: &N,
    at: RawOffset,
    tag: u8,
    kind: Kind,
    offset: RawOffset,
    payload: [u8; 2],
) -> Result<(), Error> {
    let at = at & !3;
    let code = match kind {
        Kind::DeferredBits => DEFERRED_BITS,
        Kind::Bits | Kind::Range => BITS,
    };
    let header = widened(offset) | code << 20 | u32::from(tag) << 24;
    if broken::is(Variant::HeaderFirst) {
        nvm.write_u32(Class::UndoLog, at, header)?;
    }
    let payload = u16::from_le_bytes(payload);
    nvm.write_u16(Class::UndoLog, at + HEADER_BYTES, payload)?;
    let next = at + NEAR_ENTRY_BYTES;
    if !broken::is(Variant::KeepsNextHeader) && tag_at(nvm, next)? == tag {
        nvm.write_u8(Class::UndoLog, next + 3, NO_SEQUENCE)?;
    }
    nvm.write_u32(Class::UndoLog, at, header)
}

/// Does what [`LogEntry::complete`] does where an entry about deferred bits of a near byte with `tag` is at `at`, and answers
/// where the next one lies; 0 where it is another one.
#[inline]
pub(crate) fn complete_near_bits<N: Nvm>(
    nvm: &N,
    area: EntryArea,
    at: RawOffset,
    tag: u8,
    class: Class,
) -> Result<RawOffset, Error> {
    if !area.holds(at, NEAR_ENTRY_BYTES) {
        return Ok(0);
    }
    let header = nvm.read_u32(at)?;
    if header >> 20 != u32::from(tag) << 4 | DEFERRED_BITS {
        return Ok(0);
    }
    store_bits(
        nvm,
        class,
        narrowed(header & (SHORT_OFFSET_LIMIT - 1)),
        at + HEADER_BYTES,
    )?;
    Ok(at + NEAR_ENTRY_BYTES)
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

/// The tag of the header whose place is `at`, a multiple of 4.
#[inline]
fn tag_at<N: Nvm>(nvm: &N, at: RawOffset) -> Result<u8, Error> {
    // Where a word is one load, its upper byte can be compared without another instruction.
    if N::ATOM >= 4 {
        Ok((nvm.read_u32(at & !3)? >> 24) as u8)
    } else {
        nvm.read_u8(at + 3)
    }
}

/// The header of the [near](near_word) range of `len` bytes at `offset`.
#[inline]
pub(crate) const fn near_header(offset: RawOffset, len: RawOffset, tag: u8) -> u32 {
    widened(offset) | widened(len).wrapping_sub(1) << 20 | (tag as u32) << 24
}

/// What is soon found out about a few bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OfNear {
    /// None of them needs logging.
    Covered,
    /// They lie in a word of which nothing is logged.
    Uncovered,
    /// Some of them may need it.
    Unknown,
}

/// What a log of entries from `at` to `end` says of the range with this header.
pub(crate) fn look_up_near<N: Nvm>(
    nvm: &N,
    (mut at, end): (RawOffset, RawOffset),
    header: u32,
) -> Result<OfNear, Error> {
    while at < end {
        let other = nvm.read_u32(at & !3)? ^ header;
        if other == 0 {
            return Ok(OfNear::Covered);
        }
        // Up to 4 bytes are told by the lower two bits of the code: only their entries are all as long as this one.
        if other & !(3 << 20) >= SHORT_OFFSET_LIMIT || (other & (SHORT_OFFSET_LIMIT - 1)) < 4 {
            return Ok(OfNear::Unknown);
        }
        at += NEAR_ENTRY_BYTES;
    }
    Ok(OfNear::Uncovered)
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
            Kind::Range => copy_as(nvm, class, self.payload, self.offset, self.len),
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

fn copy<N: Nvm>(nvm: &N, from: RawOffset, to: RawOffset, len: RawOffset) -> Result<(), Error> {
    copy_as(nvm, Class::UndoLog, from, to, len)
}

/// Copies a range.
#[inline(never)]
fn copy_as<N: Nvm>(
    nvm: &N,
    class: Class,
    from: RawOffset,
    to: RawOffset,
    len: RawOffset,
) -> Result<(), Error> {
    if N::ATOM > 1 {
        copy_atoms(nvm, class, from, to, len)
    } else {
        copy_pieces(nvm, class, from, to, len)
    }
}

/// The same in the atoms that one long store would have.
fn copy_atoms<N: Nvm>(
    nvm: &N,
    class: Class,
    mut from: RawOffset,
    mut to: RawOffset,
    len: RawOffset,
) -> Result<(), Error> {
    let end = to.wrapping_add(len);
    while to != end {
        let left = end.wrapping_sub(to);
        let step = if N::ATOM >= 4 && left >= 4 && to.is_multiple_of(4) {
            nvm.write_u32(class, to, nvm.read_u32(from)?)?;
            4
        } else if left >= 2 && to.is_multiple_of(2) {
            nvm.write_u16(class, to, nvm.read_u16(from)?)?;
            2
        } else {
            nvm.write_u8(class, to, nvm.read_u8(from)?)?;
            1
        };
        (from, to) = (from.wrapping_add(step), to.wrapping_add(step));
    }
    Ok(())
}

/// The same in pieces that fit on a small stack, each of which may be a transfer on a bus, and begin at multiples of an atom
/// if `to` does.
fn copy_pieces<N: Nvm>(
    nvm: &N,
    class: Class,
    from: RawOffset,
    to: RawOffset,
    len: RawOffset,
) -> Result<(), Error> {
    let mut buffer = [0; 32];
    let mut done = 0;
    while done < len {
        let piece = (len - done).min(buffer.len() as RawOffset);
        let Some(bytes) = buffer.get_mut(..piece as usize) else {
            break;
        };
        nvm.read(from + done, bytes)?;
        nvm.write(class, to + done, bytes)?;
        done += piece;
    }
    Ok(())
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
