//! The bytes of a table of records: one after the other, valid as far as a mark says.
//!
//! | bytes of a record | field |
//! | --- | --- |
//! | 0..2 | check: condensed from call site, position in the table, and what kind of record it is |
//! | 2.. | the value, as [`Record`] encodes it |
//!
//! A value that takes no bytes, `()`, takes no record either: that it is there is in the mark's count.
//! So where such a record is *not* followed by its own kind of check, the check that stands there by
//! chance is invalidated before the mark counts it.

use nvm_core::{Area, Class, Nvm, Record, RecordReader, RecordWriter};

use crate::error::{Error, ErrorKind, Table};
use crate::site::Site;

/// Bytes of a record besides its value.
pub(crate) const CHECK_BYTES: u32 = 2;

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

/// A position in a table of records. Volatile: a replay walks from the table's start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Records {
    area: Area,
    table: Table,
    index: u16,
    at: u32,
}

impl Records {
    pub(crate) const fn new(area: Area, table: Table) -> Self {
        Self {
            area,
            table,
            index: 0,
            at: area.offset(),
        }
    }

    pub(crate) const fn rewind(&mut self) {
        self.index = 0;
        self.at = self.area.offset();
    }

    /// The record's position in the table.
    pub(crate) const fn index(&self) -> u16 {
        self.index
    }

    /// Where the record's bytes lie, or will.
    pub(crate) const fn at(&self) -> u32 {
        self.at
    }

    const fn end(&self) -> u32 {
        self.area.offset() + self.area.len()
    }

    /// Steps over a record of `bytes`.
    pub(crate) const fn step(&mut self, bytes: u32) {
        self.index += 1;
        self.at += bytes;
    }

    /// Sets the position.
    pub(crate) const fn move_to(&mut self, index: u16, at: u32) {
        self.index = index;
        self.at = at;
    }

    /// Makes sure that a value of up to `bytes` can be recorded, with its check if it has any.
    pub(crate) fn reserve(&self, bytes: u32) -> Result<(), Error> {
        let needed = if bytes == 0 { 0 } else { CHECK_BYTES + bytes };
        let free = self.end() - self.at;
        if free < needed {
            return Err(Error::new(ErrorKind::TableFull {
                table: self.table,
                needed,
                free,
            }));
        }
        Ok(())
    }

    /// The check of a record of this kind at this position: never 0.
    #[inline]
    pub(crate) const fn check(&self, site: Site, kind: Kind) -> u16 {
        let kind = match kind {
            Kind::Value => 0x1D3A,
            Kind::Error => 0x72C5,
            Kind::Frame => 0xB96F,
        };
        let check = site.tag() ^ self.index.wrapping_mul(0x6A5D) ^ kind;
        if check == 0 { kind } else { check }
    }

    /// The check that stands at this position; 0 where there is no room for one.
    pub(crate) fn stored_check<N: Nvm>(&self, nvm: &N) -> Result<u16, Error> {
        if self.end() - self.at < CHECK_BYTES {
            return Ok(0);
        }
        Ok(nvm.read_u16(self.at)?)
    }

    /// Makes sure that no record with this check stands here.
    pub(crate) fn invalidate<N: Nvm>(&self, nvm: &N, check: u16) -> Result<(), Error> {
        if self.stored_check(nvm)? == check {
            nvm.write_u16(Class::Replay, self.at, 0)?;
        }
        Ok(())
    }

    /// Stores a record, not yet valid, and answers its bytes.
    #[inline]
    pub(crate) fn put<N: Nvm, R: Record>(
        &self,
        nvm: &N,
        check: u16,
        value: &R,
    ) -> Result<u32, Error> {
        if R::MAX_BYTES == 0 {
            return Ok(0);
        }
        let mut writer = RecordWriter::new(nvm, self.at + CHECK_BYTES, self.end());
        value.encode(&mut writer)?;
        let end = writer.position();
        nvm.write_u16(Class::Replay, self.at, check)?;
        Ok(end - self.at)
    }

    /// Takes the record of a kind that is at this position, and its bytes.
    #[inline]
    pub(crate) fn take<N: Nvm, R: Record>(
        &self,
        nvm: &N,
        site: Site,
        kind: Kind,
    ) -> Result<(R, u32), Error> {
        let with_check = R::MAX_BYTES > 0;
        if with_check && self.stored_check(nvm)? != self.check(site, kind) {
            return Err(self.diverged(site));
        }
        let start = if with_check {
            self.at + CHECK_BYTES
        } else {
            self.at
        };
        let mut reader = RecordReader::new(nvm, start, self.end());
        let value = R::decode(&mut reader)?.ok_or(self.diverged(site))?;
        Ok((value, reader.position() - self.at))
    }

    /// The error of a program that does something else than before.
    pub(crate) const fn diverged(&self, site: Site) -> Error {
        Error::new(ErrorKind::ReplayDiverged {
            table: self.table,
            record: self.index,
            site,
        })
    }
}
