//! The bytes of a table of records: one after the other, valid as far as a mark says.
//!
//! | bytes of a record | field |
//! | --- | --- |
//! | 0..2 | check: bit 0 is set for an error alone; the others are condensed from the call site, the position in the table, the value's size, and what kind of record it is |
//! | 2.. | the value, as [`Record`] encodes it |
//!
//! | bytes of an error's record | field |
//! | --- | --- |
//! | 0..2 | check |
//! | 2..4 | position in the table |
//! | 4.. | the error |
//!
//! A value that takes no bytes, `()`, takes no record either: that it is there is in the mark's count. In
//! its place stands the next record that takes bytes, or whatever was there before. Neither is ever taken
//! for the error with which the transaction at this position could have ended instead:
//!
//! | in its place | differs from that error |
//! | --- | --- |
//! | what was there before | by its check: one that happens to be the same is set to 0 before the mark counts the `()` |
//! | another error, valid or being stored | by its position, which is stored before the check |
//! | another value or frame, valid or being stored | by bit 0 of its check, which is in the byte that is stored first |

use nvm_core::{
    Area, Class, Nvm, RawOffset, RecordReader, RecordWriter, UpTo12Bits, ablation, widened,
};

use crate::codec::{Decode, Encode};
use crate::error::{Error, ErrorKind, Table};
use crate::site::Site;

/// Bytes of a record besides its value.
pub(crate) const CHECK_BYTES: RawOffset = 2;
/// Bytes of an error's record besides the error.
const ERROR_HEADER_BYTES: RawOffset = 4;

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A result.
    Value,
    /// The error with which a transaction was rolled back.
    Error,
    /// A loop's frame.
    Frame,
}

/// What of a record's check is known when the program is built.
#[inline]
pub(crate) const fn seed(site: Site, bytes: u32) -> u16 {
    seed_of_tag(site.tag(), bytes)
}

/// The same of a call site's [tag](Site::tag).
#[inline]
pub(crate) const fn seed_of_tag(tag: u16, bytes: u32) -> u16 {
    tag ^ (bytes as u16).wrapping_mul(0x2F0B) ^ (bytes >> 16) as u16
}

/// The most bytes that the record of a value of up to `max_bytes` takes.
#[inline]
pub(crate) const fn value_bytes(max_bytes: RawOffset) -> RawOffset {
    match max_bytes {
        0 => 0,
        bytes => bytes.saturating_add(CHECK_BYTES),
    }
}

/// The most bytes that the record of an error of up to `max_bytes` takes.
#[inline]
pub(crate) const fn error_bytes(max_bytes: RawOffset) -> RawOffset {
    max_bytes.saturating_add(ERROR_HEADER_BYTES)
}

/// A position in a table of records. Volatile: a replay walks from the table's start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Records {
    start: RawOffset,
    end: RawOffset,
    at: RawOffset,
    index: u16,
    table: Table,
}

impl Records {
    pub(crate) const fn new(area: Area, table: Table) -> Self {
        Self {
            start: area.offset(),
            end: area.offset().saturating_add(area.len()),
            at: area.offset(),
            index: 0,
            table,
        }
    }

    pub(crate) const fn rewind(&mut self) {
        self.index = 0;
        self.at = self.start;
    }

    pub(crate) const fn table(&self) -> Table {
        self.table
    }

    /// The record's position in the table.
    pub(crate) const fn index(&self) -> u16 {
        self.index
    }

    /// Where the record's bytes lie, or will.
    pub(crate) const fn at(&self) -> RawOffset {
        self.at
    }

    /// Behind the table's last byte.
    pub(crate) const fn end(&self) -> RawOffset {
        self.end
    }

    /// Bytes from here to the table's end.
    pub(crate) const fn free(&self) -> RawOffset {
        self.end.saturating_sub(self.at)
    }

    /// Steps over a record of `bytes`.
    pub(crate) const fn step(&mut self, bytes: RawOffset) {
        self.index += 1;
        self.at += bytes;
    }

    /// Sets the position.
    pub(crate) const fn move_to(&mut self, index: u16, at: RawOffset) {
        self.index = index;
        self.at = at;
    }

    /// Makes sure that a record of up to `needed` bytes has room.
    pub(crate) const fn reserve(&self, needed: RawOffset) -> Result<(), Error> {
        let free = self.free();
        if free < needed {
            return Err(Error::new(ErrorKind::TableFull {
                table: self.table,
                needed: UpTo12Bits::of(needed),
                free: UpTo12Bits::of(free),
            }));
        }
        Ok(())
    }

    /// The check of a record at this position; never 0. `bytes` are the value's, or tell frames apart.
    #[inline]
    pub(crate) const fn check(&self, site: Site, kind: Kind, bytes: u32) -> u16 {
        self.check_of(seed(site, bytes), kind)
    }

    /// The same of its [`seed`].
    // Where a `usize` has 16 bits text counts most: one copy.
    #[cfg_attr(not(target_pointer_width = "16"), inline)]
    #[cfg_attr(target_pointer_width = "16", inline(never))]
    pub(crate) const fn check_of(&self, seed: u16, kind: Kind) -> u16 {
        let check = seed ^ self.index.wrapping_mul(0x6A5D);
        match kind {
            Kind::Error => check | 1,
            Kind::Frame => (check ^ 0xB96F) & !1 | 0x8000,
            Kind::Value if check < 2 => 2,
            Kind::Value => check & !1,
        }
    }

    /// The check that stands at this position; 0 where there is no room for one.
    pub(crate) fn stored_check<N: Nvm>(&self, nvm: &N) -> Result<u16, Error> {
        if self.free() < CHECK_BYTES {
            return Ok(0);
        }
        Ok(nvm.read_u16(self.at)?)
    }

    /// Makes sure that no error with the check of this [`seed`] stands here, where there is room for one.
    #[inline]
    pub(crate) fn invalidate_error<N: Nvm>(&self, nvm: &N, seed: u16) -> Result<(), Error> {
        // An error's is odd, and it alone.
        if !ablation::CRASH_CONSISTENCY || nvm.read_u8(self.at)? & 1 == 0 {
            return Ok(());
        }
        self.invalidate_check(nvm, seed)
    }

    /// The same where an odd check stands here.
    #[inline(never)]
    fn invalidate_check<N: Nvm>(&self, nvm: &N, seed: u16) -> Result<(), Error> {
        if nvm.read_u16(self.at)? == self.check_of(seed, Kind::Error) {
            nvm.write_u16(Class::Replay, self.at, 0)?;
        }
        Ok(())
    }

    /// Stores a value, whose record is not valid before its [check](Records::validate_value) is stored, and answers the
    /// record's bytes.
    #[inline]
    pub(crate) fn encode<N: Nvm>(
        &self,
        nvm: &N,
        encode: impl FnOnce(&mut RecordWriter<'_, N>) -> Result<(), nvm_core::Error>,
    ) -> Result<RawOffset, Error> {
        if !ablation::CRASH_CONSISTENCY {
            return Ok(0);
        }
        let mut writer = RecordWriter::new(nvm, self.at + CHECK_BYTES, self.end);
        encode(&mut writer)?;
        Ok(writer.position() - self.at)
    }

    /// Stores the check, of this [`seed`], of the value that was stored before.
    #[inline]
    pub(crate) fn validate_value<N: Nvm>(&self, nvm: &N, seed: u16) -> Result<(), Error> {
        if ablation::CRASH_CONSISTENCY {
            let check = self.check_of(seed, Kind::Value);
            nvm.write_u16(Class::Replay, self.at, check)?;
        }
        Ok(())
    }

    /// Stores a value's record with the check of this [`seed`], not yet published, and answers its bytes.
    #[inline]
    pub(crate) fn put_value<N: Nvm>(
        &self,
        nvm: &N,
        seed: u16,
        encode: impl FnOnce(&mut RecordWriter<'_, N>) -> Result<(), nvm_core::Error>,
    ) -> Result<RawOffset, Error> {
        let bytes = self.encode(nvm, encode)?;
        self.validate_value(nvm, seed)?;
        Ok(bytes)
    }

    /// Stores the record of an error of up to `max_bytes`, not yet published, and answers its bytes.
    pub(crate) fn put_error<N: Nvm>(
        &self,
        nvm: &N,
        site: Site,
        max_bytes: RawOffset,
        error: &dyn Encode<N>,
    ) -> Result<RawOffset, Error> {
        if !ablation::CRASH_CONSISTENCY {
            return Ok(0);
        }
        let mut writer = RecordWriter::new(nvm, self.at + CHECK_BYTES, self.end);
        writer.put(&self.index.to_le_bytes())?;
        error.encode_into(&mut writer)?;
        let check = self.check(site, Kind::Error, widened(max_bytes));
        nvm.write_u16(Class::Replay, self.at, check)?;
        Ok(writer.position() - self.at)
    }

    /// Whether the transaction at this position ended with an error, of up to `max_bytes`.
    pub(crate) fn is_error<N: Nvm>(
        &self,
        nvm: &N,
        site: Site,
        max_bytes: RawOffset,
    ) -> Result<bool, Error> {
        Ok(self.free() >= ERROR_HEADER_BYTES
            && nvm.read_u16(self.at)? == self.check(site, Kind::Error, widened(max_bytes))
            && nvm.read_u16(self.at + CHECK_BYTES)? == self.index)
    }

    /// Takes the value, of up to `max_bytes`, at this position, and answers its record's bytes.
    #[inline]
    pub(crate) fn take_value<N: Nvm>(
        &self,
        nvm: &N,
        site: Site,
        max_bytes: RawOffset,
        decode: &mut dyn Decode<N>,
    ) -> Result<RawOffset, Error> {
        if max_bytes > 0
            && ablation::CRASH_CONSISTENCY
            && self.stored_check(nvm)? != self.check(site, Kind::Value, widened(max_bytes))
        {
            return Err(self.diverged(site));
        }
        self.take_valid(nvm, site, max_bytes, decode)
    }

    /// The same where the check is known to be right.
    #[inline]
    pub(crate) fn take_valid<N: Nvm>(
        &self,
        nvm: &N,
        site: Site,
        max_bytes: RawOffset,
        decode: &mut dyn Decode<N>,
    ) -> Result<RawOffset, Error> {
        let header = if max_bytes > 0 { CHECK_BYTES } else { 0 };
        self.decode(nvm, site, header, decode)
    }

    /// Takes the error that [`is_error`](Records::is_error) found, and answers its record's bytes.
    #[inline]
    pub(crate) fn take_error<N: Nvm>(
        &self,
        nvm: &N,
        site: Site,
        decode: &mut dyn Decode<N>,
    ) -> Result<RawOffset, Error> {
        self.decode(nvm, site, ERROR_HEADER_BYTES, decode)
    }

    #[inline(never)] // one copy
    fn decode<N: Nvm>(
        &self,
        nvm: &N,
        site: Site,
        header: RawOffset,
        decode: &mut dyn Decode<N>,
    ) -> Result<RawOffset, Error> {
        let mut reader = RecordReader::new(nvm, self.at + header, self.end);
        match decode.decode_from(&mut reader) {
            Ok(true) => Ok(reader.position() - self.at),
            Ok(false) | Err(nvm_core::Error::OutOfRange { .. }) => Err(self.diverged(site)),
            Err(error) => Err(error.into()),
        }
    }

    /// The error of a program that does something else than before.
    pub(crate) const fn diverged(&self, site: Site) -> Error {
        Error::new(ErrorKind::ReplayDiverged {
            table: self.table,
            record: self.index,
            site: Some(site),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_tell_kinds_sizes_and_positions_apart() {
        let site = Site::here();
        let mut records = Records::new(Area::new(0, 64), Table::Transactions);
        for _ in 0..1000 {
            let value = records.check(site, Kind::Value, 4);
            let error = records.check(site, Kind::Error, 4);
            let frame = records.check(site, Kind::Frame, 4);
            assert!(value != 0 && error != 0 && frame != 0);
            assert_eq!((value & 1, error & 1, frame & 1), (0, 1, 0));
            assert_ne!(value, frame);
            assert_ne!(value, records.check(site, Kind::Value, 8));
            assert_ne!(value, records.check(Site::here(), Kind::Value, 4));
            records.step(0);
            assert_ne!(value, records.check(site, Kind::Value, 4));
        }
    }
}
