//! How a restarted thread walks over its records, and how records are published and forgotten.

use nvm_core::{Class, Nvm, RawOffset, ablation};
#[cfg(doc)]
use nvm_tx::UndoLog;

use crate::broken::{self, Variant};
use crate::codec::Outcome;
use crate::ending::Sizes;
use crate::error::{Error, ErrorKind};
use crate::loops::ENDED;
use crate::mark::{MAX_COUNT, Mark, digest};
use crate::site::Site;
use crate::thread::Thread;

impl<N: Nvm + Copy> Thread<N> {
    /// Takes the outcome of the next transaction, if it has one; answers whether it has.
    #[inline]
    pub(crate) fn bypass(
        &mut self,
        site: Site,
        sizes: Sizes,
        outcome: Outcome<'_, N>,
    ) -> Result<bool, Error> {
        self.check_stopped()?;
        if !self.is_replaying() {
            return Ok(false);
        }
        let taken = self.take(site, sizes, outcome);
        let bytes = taken.map_err(|error| self.stop(error))?;
        self.walk(site, bytes)?;
        self.statistics.bypassed += 1;
        Ok(true)
    }

    #[inline]
    fn take(&self, site: Site, sizes: Sizes, outcome: Outcome<'_, N>) -> Result<RawOffset, Error> {
        let (nvm, records) = (self.nvm(), &self.records);
        let Outcome { value, error } = outcome;
        if records.is_error(nvm, site, sizes.error)? {
            records.take_error(nvm, site, error)
        } else {
            records.take_value(nvm, site, sizes.value, value)
        }
    }

    /// Walks over a record that was committed before a power loss.
    #[inline]
    pub(crate) fn walk(&mut self, site: Site, bytes: RawOffset) -> Result<(), Error> {
        let digest = digest(self.digest, site.tag());
        let is_last = self.records.index() + 1 == self.committed;
        if is_last
            && self
                .expected_digest
                .is_some_and(|expected| expected != digest)
        {
            return Err(self.stop(self.records.diverged(site)));
        }
        self.step(digest, bytes);
        Ok(())
    }

    pub(crate) fn step(&mut self, digest: u8, bytes: RawOffset) {
        self.digest = digest;
        self.records.step(bytes);
        self.note_room();
    }

    /// How large a record may be that a transaction can make without anything else to look after: none while it replays,
    /// or where the thread cannot go on, or the log is not settled.
    const fn room_now(&self) -> RawOffset {
        if self.is_replaying()
            || !self.log.is_settled()
            || self.stopped.is_some()
            || self.full.is_some()
            || self.records.index() >= MAX_COUNT
        {
            0
        } else {
            self.records.free()
        }
    }

    /// After each change of what [`room_now`](Thread::room_now) is made of.
    pub(crate) const fn note_room(&mut self) {
        self.room = self.room_now();
    }

    /// Whether a transaction whose outcome takes up to `bytes` can simply run.
    #[inline]
    pub(crate) fn has_room(&self, bytes: RawOffset) -> bool {
        debug_assert_eq!(self.room, self.room_now(), "noted after each change");
        self.room >= bytes
    }

    /// Makes sure that one more record, of up to `bytes`, has room. Where it has none, no smaller one is
    /// let in after it: a restarted program could not tell that one was left out.
    pub(crate) fn reserve(&mut self, bytes: RawOffset) -> Result<(), Error> {
        if let Some(full) = self.full {
            return Err(full);
        }
        let reserved = if self.records.index() >= MAX_COUNT {
            Err(Error::new(ErrorKind::TooManyRecords {
                table: self.records.table(),
            }))
        } else {
            self.records.reserve(bytes)
        };
        if !broken::is(Variant::LetsSmallerRecordsIn) {
            self.full = reserved.err();
            self.note_room();
        }
        reserved
    }

    /// Must come before a commit of the log that is not known to be a [plain](UndoLog::is_plain) one.
    pub(crate) fn prepare_commit(&mut self) -> Result<(), Error> {
        self.system.prepare_commit(self.log.next_sequence())?;
        self.log.heed_later(self.system.generation());
        Ok(())
    }

    /// Whether a commit is prepared.
    pub(crate) fn is_prepared(&self) -> bool {
        self.system.generation() != nvm_tx::following_sequence(self.log.next_sequence())
            && self.ended_loop.is_none()
    }

    /// Lets the log tell when a commit must be prepared because of the table of system calls: the number of a running
    /// transaction that is stored there does not come again before the numbers come round.
    pub(crate) fn heed_generation(&mut self) {
        self.log.heed(self.system.generation());
    }

    /// Publishes a mark without a transaction.
    #[inline(never)]
    pub(crate) fn publish(&mut self, mark: Mark) -> Result<(), Error> {
        let prepared = self.prepare_commit();
        let published = prepared.and_then(|()| Ok(self.log.publish(mark.bits())?));
        match published {
            Ok(()) => self.settle_ended_loop(),
            Err(error) => Err(self.stop(error)),
        }
    }

    /// Publishes a mark with a transaction that changes a word of the frame: what a loop without its own protocol does.
    pub(crate) fn publish_with(
        &mut self,
        mark: Mark,
        (at, word): (RawOffset, u32),
    ) -> Result<(), Error> {
        let prepared = self.prepare_commit();
        let published = prepared.and_then(|()| {
            let mut tx = self.log.begin()?;
            tx.write_as(Class::Replay, at, &word.to_le_bytes())?;
            Ok(tx.commit_with(mark.bits())?)
        });
        match published {
            Ok(()) => self.settle_ended_loop(),
            Err(error) => Err(self.stop(error)),
        }
    }

    /// A loop has ended, whose frame names the last commit at `at`.
    pub(crate) fn note_ended_loop(&mut self, at: RawOffset) {
        self.ended_loop = Some(at);
        self.log.heed_next();
    }

    /// After a commit: the last loop's end is told from the number of a commit no longer, since that number
    /// will come again. The log [heeds](UndoLog::heed_next) that there is such a loop.
    fn settle_ended_loop(&mut self) -> Result<(), Error> {
        match self.ended_loop {
            None => Ok(()),
            Some(at) => self.store_loop_end(at),
        }
    }

    fn store_loop_end(&mut self, at: RawOffset) -> Result<(), Error> {
        self.ended_loop = None;
        if !broken::is(Variant::KeepsLoopEnd) && ablation::CRASH_CONSISTENCY {
            let stored = self.nvm().write_u8(Class::Replay, at, ENDED);
            stored.map_err(|error| self.stop(error.into()))?;
        }
        Ok(())
    }

    /// After the commit, with one record of `bytes` more, that published `mark`.
    #[inline]
    pub(crate) fn note_run(&mut self, mark: Mark, bytes: RawOffset) {
        self.statistics.run += 1;
        self.digest = mark.digest;
        self.records.step(bytes);
        // It ran: nothing but the number of records and their bytes can keep the next one from it.
        if mark.count == MAX_COUNT {
            self.room = 0;
        } else if bytes > 0 {
            self.room -= bytes;
        }
    }

    /// The same after a commit that was not a [plain](UndoLog::is_plain) one.
    pub(crate) fn note_run_with_care(&mut self, mark: Mark, bytes: RawOffset) -> Result<(), Error> {
        self.note_run(mark, bytes);
        self.settle_ended_loop()
    }

    /// The records behind the position no longer count, where `digest` is that up to the position.
    pub(crate) const fn forget_behind(&mut self, digest: u8) {
        self.committed = self.records.index();
        self.digest = digest;
        self.expected_digest = None;
        self.full = None;
        self.note_room();
    }

    /// A part of the program that ends before all its records were walked over is not the one of before.
    pub(crate) fn check_walked(&mut self, site: Site) -> Result<(), Error> {
        self.check_stopped()?;
        if self.is_replaying() {
            return Err(self.stop(self.records.diverged(site)));
        }
        Ok(())
    }

    pub(crate) fn check_stopped(&self) -> Result<(), Error> {
        self.stopped.map_or(Ok(()), Err)
    }

    /// Lets nothing happen before a restart: the first error is what every call answers.
    #[cold]
    #[inline(never)]
    pub(crate) fn stop(&mut self, error: Error) -> Error {
        self.room = 0;
        *self.stopped.get_or_insert(error)
    }
}
