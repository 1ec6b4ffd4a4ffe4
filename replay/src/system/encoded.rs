//! System calls whose caller runs the kernel transaction, and encodes and decodes the results: one copy of all else,
//! whatever the results are.

use core::mem;

use nvm_core::{Nvm, RawOffset, Record, RecordWriter, ablation, widened};
use nvm_tx::UndoLog;

use super::SystemTable;
use crate::codec::Decode;
use crate::error::Error;
use crate::mark::{MAX_SYSTEM_COUNT, SystemMark, system_digest};
use crate::records::{seed_of_tag, value_bytes};
use crate::site::Site;

impl<N: Nvm + Copy> SystemTable<N> {
    /// Begins a system call: answers whether it is made for the first time. Where it is not, or where another one has
    /// failed, take its result by [`take_encoded`](SystemTable::take_encoded).
    #[inline]
    pub fn is_new(&self) -> bool {
        self.has_room(0) || self.is_new_with_care()
    }

    #[cold]
    #[inline(never)]
    const fn is_new_with_care(&self) -> bool {
        self.failed.is_none() && !self.is_recorded() && self.committed.steps() == 0
    }

    /// Begins the kernel transaction that completes the next call, with a result of up to `max_bytes`. It runs on the
    /// [`log`](SystemTable::log); [`end_completion`](SystemTable::end_completion) commits it, and
    /// [`give_up`](SystemTable::give_up) rolls it back.
    ///
    /// # Errors
    ///
    /// As [`complete`](SystemTable::complete).
    // Where a `usize` has 16 bits text counts most: one copy.
    #[cfg_attr(not(target_pointer_width = "16"), inline)]
    #[cfg_attr(target_pointer_width = "16", inline(never))]
    pub fn begin_completion(&mut self, site: Site, max_bytes: RawOffset) -> Result<(), Error> {
        self.used = true;
        if self.has_room(max_bytes) && self.log.is_settled() {
            mem::forget(self.log.begin_settled());
            return Ok(());
        }
        self.begin_with_care(site, max_bytes)
    }

    /// The same where something is to be looked after.
    #[cold]
    #[cfg_attr(not(target_pointer_width = "16"), inline(never))]
    fn begin_with_care(&mut self, site: Site, max_bytes: RawOffset) -> Result<(), Error> {
        if !self.has_room(max_bytes) {
            self.prepare_with_care(site, max_bytes)?;
        }
        let begun = self.log.begin().map(mem::forget);
        begun.map_err(|fault| self.fail(fault.into()))
    }

    /// The log of the kernel transactions: to [resume](UndoLog::resume) the one that was begun.
    #[doc(hidden)]
    #[inline]
    pub const fn log(&mut self) -> &mut UndoLog<N> {
        &mut self.log
    }

    /// Appends the result of the call that is being completed to its record; answers where it ends.
    ///
    /// # Errors
    ///
    /// Where it has no room.
    #[inline]
    pub fn put_result<R: Record>(&self, result: &R) -> Result<RawOffset, Error> {
        if R::MAX_BYTES == 0 || !ablation::CRASH_CONSISTENCY {
            return Ok(self.calls.at());
        }
        let mut record = RecordWriter::new(self.log.nvm(), self.result_at(), self.calls.end());
        result.encode(&mut record)?;
        Ok(record.position())
    }

    /// Commits the kernel transaction that was begun, with the result whose record [ends](SystemTable::put_result) there.
    ///
    /// # Errors
    ///
    /// As [`complete`](SystemTable::complete).
    #[inline(never)] // one copy
    pub fn end_completion(
        &mut self,
        site: Site,
        max_bytes: RawOffset,
        end: RawOffset,
    ) -> Result<(), Error> {
        // Found out once: it takes a dozen instructions.
        let tag = site.tag();
        // Where a `usize` has 16 bits text counts most: one copy.
        if cfg!(target_pointer_width = "16") || self.room == 0 || !self.log.is_plain() {
            return self.end_with_care(tag, max_bytes, end);
        }
        let published = self.completed_at(tag);
        if let Err(error) = self.put_check(tag, max_bytes) {
            return Err(self.abandon(error));
        }
        if let Err(fault) = self.log.commit_plain(published.bits()) {
            return Err(self.fail(fault.into()));
        }
        self.note_simply_completed(published, end);
        Ok(())
    }

    /// The same where something is to be looked after.
    #[cold]
    #[cfg_attr(not(target_pointer_width = "16"), inline(never))]
    fn end_with_care(
        &mut self,
        tag: u16,
        max_bytes: RawOffset,
        end: RawOffset,
    ) -> Result<(), Error> {
        let published = self.completed_at(tag);
        if let Err(error) = self.put_check(tag, max_bytes) {
            return Err(self.abandon(error));
        }
        let committed = self.log.resume().commit_with(published.bits());
        committed.map_err(|fault| self.fail(fault.into()))?;
        if self.room > 0 {
            self.note_simply_completed(published, end);
        } else {
            self.note_completed(published, end.wrapping_sub(self.calls.at()));
        }
        Ok(())
    }

    /// Stores the check of the next record, whose value of up to `max_bytes` is there.
    #[inline]
    fn put_check(&self, tag: u16, max_bytes: RawOffset) -> Result<(), Error> {
        if max_bytes == 0 {
            return Ok(());
        }
        let seed = seed_of_tag(tag, widened(max_bytes));
        self.calls.validate_value(self.log.nvm(), seed)
    }

    /// Rolls back the kernel transaction that was begun: the call fails with an error.
    pub fn give_up(&mut self, error: Error) -> Error {
        self.abandon(error)
    }

    /// Whether the next call, with a result of up to `max_bytes`, can simply be made.
    #[inline]
    fn has_room(&self, max_bytes: RawOffset) -> bool {
        debug_assert_eq!(self.room, self.room_now(), "noted after each change");
        self.room > value_bytes(max_bytes)
    }

    /// Before the next call: that it comes next, and that there is room for its record.
    #[cold]
    #[inline(never)]
    fn prepare_with_care(&mut self, site: Site, max_bytes: RawOffset) -> Result<(), Error> {
        self.check_next(site)?;
        self.reserve(max_bytes)
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
        decode: &mut dyn Decode<N>,
    ) -> Result<bool, Error> {
        if self.failed.is_none() && !self.is_recorded() {
            self.used = true;
            return Ok(false);
        }
        self.check_failed()?;
        let taken = self
            .calls
            .take_value(self.log.nvm(), site, max_bytes, decode);
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
        decode: &mut dyn Decode<N>,
    ) -> Result<(), Error> {
        let tag = site.tag();
        let published = self.completed_at(tag);
        self.used = true;
        // Where it has steps, they are this call's: the digest that goes with them has its site in it.
        let is_next = self.failed.is_none()
            && !self.is_recorded()
            && (self.committed.steps() == 0 || self.committed.digest() == published.digest());
        let is_free = self.committed.count() < MAX_SYSTEM_COUNT
            && self.calls.free() >= value_bytes(max_bytes);
        if !is_next || !is_free {
            self.prepare_with_care(site, max_bytes)?;
        }
        let completed = self.publish_encoded(site, tag, max_bytes, published, decode);
        let bytes = completed.map_err(|error| self.fail(error))?;
        self.note_completed(published, bytes);
        Ok(())
    }

    #[inline]
    fn publish_encoded(
        &mut self,
        site: Site,
        tag: u16,
        max_bytes: RawOffset,
        published: SystemMark,
        decode: &mut dyn Decode<N>,
    ) -> Result<RawOffset, Error> {
        self.put_check(tag, max_bytes)?;
        let nvm = self.log.nvm();
        let bytes = self.calls.take_valid(nvm, site, max_bytes, decode)?;
        self.log.publish(published.bits())?;
        Ok(bytes)
    }

    /// Goes on behind the record of a call that completed before a power loss.
    fn walk_over(&mut self, site: Site, bytes: RawOffset) -> Result<(), Error> {
        self.digest = system_digest(self.digest, site);
        // The digest that goes with steps has their call's site in it: `check_steps` compares that one.
        let is_last =
            self.calls.index() + 1 == self.committed.count() && self.committed.steps() == 0;
        if is_last && self.digest != self.committed.digest() {
            return Err(self.fail(self.calls.diverged(site)));
        }
        self.calls.step(bytes);
        self.note_room();
        Ok(())
    }
}
