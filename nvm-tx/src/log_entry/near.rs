//! The most frequent entries, soon stored and soon found: those of aligned words and of bits that need no extension.

use nvm_core::{Class, Error, Nvm, RawOffset, narrowed, widened};

use super::{BITS, DEFERRED_BITS, EntryArea, HEADER_BYTES, Kind, SHORT_OFFSET_LIMIT, store_bits};
use crate::broken::{self, Variant};
use crate::commit_word::NO_SEQUENCE;

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
