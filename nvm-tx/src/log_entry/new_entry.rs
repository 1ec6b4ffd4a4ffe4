//! Entries that are stored.

use nvm_core::{Class, Error, Nvm, RawOffset, widened};

use super::{
    BITS, DEFERRED_BITS, EXTENDED, EntryArea, HEADER_BYTES, Kind, LONGEST, SHORT_OFFSET_LIMIT,
    invalidate_if_tagged, is_short, padded,
};
use crate::broken::{self, Variant};
use crate::copy::copy;

const fn code_of_len(len: RawOffset) -> Option<u32> {
    match len {
        1..=8 => Some(widened(len) - 1),
        12 => Some(8),
        16 => Some(9),
        _ => None,
    }
}

/// An entry that is to be stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewEntry {
    pub(super) kind: Kind,
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
            None => copy(nvm, Class::UndoLog, self.offset, payload_at, self.len)?,
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
