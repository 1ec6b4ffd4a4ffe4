//! System calls whose caller encodes and decodes their results: one copy of all else, whatever the results are.

use nvm_core::{Class, Nvm, RawOffset, RecordReader, RecordWriter, ablation, widened};

use super::{SystemTable, SystemTx};
use crate::error::Error;
use crate::mark::{MAX_SYSTEM_COUNT, SystemMark, system_digest};
use crate::records::{CHECK_BYTES, Kind};
use crate::site::Site;

/// Changes objects in a kernel transaction, and appends the result to its record; to none where there is none.
pub type EncodeResult<'b, N> =
    dyn FnMut(&mut SystemTx<'_, N>, Option<&mut RecordWriter<'_, N>>) -> Result<(), Error> + 'b;

/// Takes a result from its record; answers `false` where the bytes are none.
pub type DecodeResult<'b, N> =
    dyn FnMut(&mut RecordReader<'_, N>) -> Result<bool, nvm_core::Error> + 'b;

impl<N: Nvm + Copy> SystemTable<N> {
    /// Begins a system call: answers whether it is made for the first time. Where it is not, or where another one has
    /// failed, take its result by [`take_encoded`](SystemTable::take_encoded).
    #[inline]
    pub fn is_new(&mut self) -> bool {
        self.used = true;
        self.failed.is_none() && !self.is_recorded() && self.committed.steps == 0
    }

    /// [`complete`](SystemTable::complete) for a result of up to `max_bytes`, which `body` encodes.
    ///
    /// # Errors
    ///
    /// As there.
    #[inline(never)] // one copy
    pub fn complete_encoded(
        &mut self,
        site: Site,
        max_bytes: RawOffset,
        body: &mut EncodeResult<'_, N>,
    ) -> Result<(), Error> {
        self.prepare(site, max_bytes)?;
        let published = self.completed(site);
        let (at, end) = (self.calls.at() + CHECK_BYTES, self.calls.end());
        let nvm = *self.log.nvm();
        let mut writer = RecordWriter::new(&nvm, at, end);
        let is_recorded = max_bytes > 0 && ablation::CRASH_CONSISTENCY;
        let record = is_recorded.then_some(&mut writer);
        if let Err(error) = self.commit_encoded(site, max_bytes, published, record, body) {
            return Err(self.fail(error));
        }
        let bytes = if is_recorded {
            writer.position() - self.calls.at()
        } else {
            0
        };
        self.note_completed(published, bytes);
        Ok(())
    }

    /// Before the next call: that it comes next, and that there is room for its record.
    #[inline]
    fn prepare(&mut self, site: Site, max_bytes: RawOffset) -> Result<(), Error> {
        let needed = if max_bytes == 0 {
            0
        } else {
            max_bytes.saturating_add(CHECK_BYTES)
        };
        let is_free = self.committed.count < MAX_SYSTEM_COUNT && self.calls.free() >= needed;
        if self.is_new() && is_free {
            return Ok(());
        }
        self.prepare_with_care(site, max_bytes)
    }

    #[cold]
    #[inline(never)]
    fn prepare_with_care(&mut self, site: Site, max_bytes: RawOffset) -> Result<(), Error> {
        self.check_next(site)?;
        self.reserve(max_bytes)
    }

    #[inline]
    fn commit_encoded(
        &mut self,
        site: Site,
        max_bytes: RawOffset,
        published: SystemMark,
        record: Option<&mut RecordWriter<'_, N>>,
        body: &mut EncodeResult<'_, N>,
    ) -> Result<(), Error> {
        let is_recorded = record.is_some();
        let mut tx = self.log.begin()?;
        if let Err(error) = body(&mut tx, record) {
            tx.roll_back()?;
            return Err(error);
        }
        if is_recorded {
            let check = self.calls.check(site, Kind::Value, widened(max_bytes));
            tx.nvm().write_u16(Class::Replay, self.calls.at(), check)?;
        }
        Ok(tx.commit_with(published.bits())?)
    }

    /// Takes the result of the next system call, of up to `max_bytes`: answers whether it had completed before a power
    /// loss.
    ///
    /// # Errors
    ///
    /// As [`bypass`](SystemTable::bypass).
    pub fn take_encoded(
        &mut self,
        site: Site,
        max_bytes: RawOffset,
        decode: &mut DecodeResult<'_, N>,
    ) -> Result<bool, Error> {
        if self.failed.is_none() && !self.is_recorded() {
            self.used = true;
            return Ok(false);
        }
        self.check_failed()?;
        let taken = self.decode_encoded(site, max_bytes, decode);
        let bytes = taken.map_err(|error| self.fail(error))?;
        self.walk_over(site, bytes)?;
        Ok(true)
    }

    /// [`complete_in_place`](SystemTable::complete_in_place) for a result of up to `max_bytes`, which `decode` takes.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn complete_in_place_encoded(
        &mut self,
        site: Site,
        max_bytes: RawOffset,
        decode: &mut DecodeResult<'_, N>,
    ) -> Result<(), Error> {
        self.prepare_with_care(site, max_bytes)?;
        let published = self.completed(site);
        let completed = self.publish_encoded(site, max_bytes, published, decode);
        let bytes = completed.map_err(|error| self.fail(error))?;
        self.note_completed(published, bytes);
        Ok(())
    }

    #[inline]
    fn publish_encoded(
        &mut self,
        site: Site,
        max_bytes: RawOffset,
        published: SystemMark,
        decode: &mut DecodeResult<'_, N>,
    ) -> Result<RawOffset, Error> {
        if max_bytes > 0 && ablation::CRASH_CONSISTENCY {
            let check = self.calls.check(site, Kind::Value, widened(max_bytes));
            let at = self.calls.at();
            self.log.nvm().write_u16(Class::Replay, at, check)?;
        }
        let bytes = self.decode_encoded(site, max_bytes, decode)?;
        self.log.publish(published.bits())?;
        Ok(bytes)
    }

    /// Goes on behind the record of a call that completed before a power loss.
    fn walk_over(&mut self, site: Site, bytes: RawOffset) -> Result<(), Error> {
        self.digest = system_digest(self.digest, site);
        // The digest that goes with steps has their call's site in it: `check_steps` compares that one.
        let is_last = self.calls.index() + 1 == self.committed.count && self.committed.steps == 0;
        if is_last && self.digest != self.committed.digest {
            return Err(self.fail(self.calls.diverged(site)));
        }
        self.calls.step(bytes);
        Ok(())
    }

    /// Takes the value of the next record, and answers the record's bytes.
    fn decode_encoded(
        &self,
        site: Site,
        max_bytes: RawOffset,
        decode: &mut DecodeResult<'_, N>,
    ) -> Result<RawOffset, Error> {
        let (nvm, mut at) = (self.log.nvm(), self.calls.at());
        if max_bytes > 0 {
            if ablation::CRASH_CONSISTENCY
                && self.calls.stored_check(nvm)?
                    != self.calls.check(site, Kind::Value, widened(max_bytes))
            {
                return Err(self.calls.diverged(site));
            }
            at += CHECK_BYTES;
        }
        let mut reader = RecordReader::new(nvm, at, self.calls.end());
        match decode(&mut reader) {
            Ok(true) => Ok(reader.position() - self.calls.at()),
            Ok(false) | Err(nvm_core::Error::OutOfRange { .. }) => Err(self.calls.diverged(site)),
            Err(error) => Err(error.into()),
        }
    }
}
