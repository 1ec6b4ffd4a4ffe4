//! How a transaction ends, and its outcome is published: one copy, whatever results the program's transactions have. The
//! caller encodes and decodes them.

use core::mem;

use nvm_core::{Nvm, RawOffset, Record, widened};

use crate::broken::{self, Variant};
use crate::codec::{Encode, Outcome};
use crate::error::Error;
use crate::mark::{Mark, digest_with, folded};
use crate::outcome::EndOfTransaction;
use crate::records::{error_bytes, seed, value_bytes};
use crate::site::Site;
use crate::thread::Thread;

/// The most bytes that a transaction's value takes, and its error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) value: RawOffset,
    pub(crate) error: RawOffset,
}

impl Sizes {
    #[inline]
    pub(crate) const fn of<R: Record, E: Record>() -> Self {
        Self {
            value: R::MAX_BYTES,
            error: E::MAX_BYTES,
        }
    }

    /// The most bytes that the record of the outcome takes.
    #[inline]
    pub(crate) const fn record_bytes(self) -> RawOffset {
        let (value, error) = (value_bytes(self.value), error_bytes(self.error));
        if value > error { value } else { error }
    }
}

/// Where a `usize` has 16 bits: for each type of result there is less code then, which takes a few instructions more.
pub(crate) const TEXT_COUNTS_MOST: bool = cfg!(target_pointer_width = "16");

#[inline]
fn undisturbed_if<R>(shared: bool, by: &impl EndOfTransaction, end: impl FnOnce() -> R) -> R {
    if shared { by.undisturbed(end) } else { end() }
}

impl<N: Nvm + Copy> Thread<N> {
    /// Bypasses the next transaction, or begins it.
    #[inline(never)]
    pub(crate) fn begin_encoded(
        &mut self,
        site: Site,
        sizes: Sizes,
        outcome: Outcome<'_, N>,
    ) -> Result<(), Error> {
        if self.has_room(sizes.record_bytes()) || !self.bypass_or_prepare(site, sizes, outcome)? {
            self.begin_settled();
        }
        Ok(())
    }

    /// Bypasses the next transaction where it has an outcome, and answers whether it has; else makes ready to run it.
    #[inline(never)]
    pub(crate) fn bypass_or_prepare(
        &mut self,
        site: Site,
        sizes: Sizes,
        outcome: Outcome<'_, N>,
    ) -> Result<bool, Error> {
        if self.bypass(site, sizes, outcome)? {
            return Ok(true);
        }
        self.reserve(sizes.record_bytes())?;
        if !self.log.is_settled() {
            self.log.settle()?;
            self.note_room();
        }
        Ok(false)
    }

    /// Begins a transaction that nothing keeps from running.
    #[inline]
    pub(crate) fn begin_settled(&mut self) {
        self.system.attach(self.log.next_sequence());
        mem::forget(self.log.begin_settled());
    }

    /// Whether the running transaction, whose body has succeeded, commits with one store.
    #[inline]
    pub(crate) fn is_simple(&mut self) -> bool {
        self.log.is_plain() && self.system.is_walked()
    }

    /// Commits a [simple](Thread::is_simple) transaction whose result takes no bytes; `error` is the seed of the error's
    /// check. What is made of the call site is known when the program is built.
    #[inline(never)]
    pub(crate) fn end_without_record(&mut self, folded: u8, error: u16) -> Result<(), Error> {
        let prepared = self.put_nothing(error);
        prepared.map_err(|error| self.abandon(error))?;
        let mark = self.next_mark_with(folded);
        let committed = self.log.commit_plain(mark.bits());
        committed.map_err(|fault| self.stop(fault.into()))?;
        self.note_run(mark, 0);
        Ok(())
    }

    /// The same for a result that is encoded already, as a record of `bytes` whose check has this `seed`.
    #[cfg_attr(not(target_pointer_width = "16"), inline)]
    #[cfg_attr(target_pointer_width = "16", inline(never))]
    pub(crate) fn end_with_encoded(
        &mut self,
        seed: u16,
        tag: u16,
        bytes: RawOffset,
    ) -> Result<(), Error> {
        let late = broken::is(Variant::RecordsAfterCommit);
        if !late && let Err(error) = self.records.validate_value(self.nvm(), seed) {
            return Err(self.abandon(error));
        }
        let mark = self.next_mark_with(folded(tag));
        let committed = self.log.commit_plain(mark.bits());
        committed.map_err(|fault| self.stop(fault.into()))?;
        if late {
            self.records.validate_value(self.nvm(), seed)?;
        }
        self.note_run(mark, bytes);
        Ok(())
    }

    /// Commits a [simple](Thread::is_simple) transaction with its result.
    #[inline]
    fn commit_simply(
        &mut self,
        site: Site,
        sizes: Sizes,
        value: &dyn Encode<N>,
    ) -> Result<(), Error> {
        let tag = site.tag();
        if sizes.value == 0 {
            return self.end_without_record(folded(tag), seed(site, widened(sizes.error)));
        }
        match self.records.encode(self.nvm(), |to| value.encode_into(to)) {
            Ok(bytes) => self.end_with_encoded(seed(site, widened(sizes.value)), tag, bytes),
            Err(error) => Err(self.abandon(error)),
        }
    }

    /// Makes sure that what stands in place of a record that takes no bytes is no error of this transaction.
    #[inline]
    fn put_nothing(&self, error: u16) -> Result<(), Error> {
        if broken::is(Variant::KeepsCheck) {
            return Ok(());
        }
        self.records.invalidate_error(self.nvm(), error)
    }

    /// What keeps the running transaction from committing.
    pub(crate) fn failure(&self) -> Option<Error> {
        let failure = self.system.failure();
        failure.or_else(|| self.log.fault().map(Error::from))
    }

    /// Rolls back after a failure before the commit, with which the thread cannot go on.
    #[cold]
    #[inline(never)]
    pub(crate) fn abandon(&mut self, error: Error) -> Error {
        // Where it fails, a restart rolls back.
        let _ = self.log.resume().roll_back();
        self.stop(error)
    }

    /// Ends a transaction whose body has succeeded: commits it with its value.
    ///
    /// The error is what keeps it from committing, even where the body paid no heed to it. Then it is to be
    /// [rolled back](Thread::end_failed), unless the thread has stopped.
    // Where a `usize` has 16 bits text counts most: one copy.
    #[cfg_attr(not(target_pointer_width = "16"), inline)]
    #[cfg_attr(target_pointer_width = "16", inline(never))]
    pub(crate) fn end_succeeded(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        sizes: Sizes,
        value: &dyn Encode<N>,
    ) -> Result<(), Error> {
        // Else the caller has asked.
        if TEXT_COUNTS_MOST && self.is_simple() {
            return self.commit_simply(site, sizes, value);
        }
        if let Some(error) = self.failure() {
            return Err(error);
        }
        if self.system.is_walked() {
            return self.commit_with_care(site, end, sizes, value);
        }
        self.statistics.rolled_back += 1;
        // Where it fails, a restart rolls back.
        let _ = self.roll_back(end);
        Err(self.stop(self.system.diverged(site)))
    }

    /// Rolls back a transaction that has failed. Where it was with an error with which a repetition would end as well, that
    /// is to be `recorded`, in up to `max_bytes`.
    #[inline(never)]
    pub(crate) fn end_failed(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        max_bytes: RawOffset,
        recorded: Option<&dyn Encode<N>>,
    ) -> Result<(), Error> {
        self.check_stopped()?;
        let failed_for_good = |error: Option<Error>| error.is_none_or(Error::is_outcome);
        let recorded = recorded.filter(|_| {
            failed_for_good(self.system.failure())
                && failed_for_good(self.log.fault().map(Error::from))
        });
        // An error that is not recorded may have come before calls that the repetition will make.
        let stop = self
            .system
            .must_stop()
            .or_else(|| recorded.and_then(|_| self.system.check_walked(site).err()));
        self.statistics.rolled_back += 1;
        let (Some(error), None) = (recorded, stop) else {
            let rolled_back = self.roll_back(end);
            // It may not be settled.
            self.note_room();
            return match stop {
                Some(error) => Err(self.stop(error)),
                None => rolled_back,
            };
        };
        let put = self
            .prepare_commit()
            .and_then(|()| self.records.put_error(self.nvm(), site, max_bytes, error));
        let bytes = put.map_err(|error| self.abandon(error))?;
        let mark = self.next_mark(site.tag());
        let tx = self.log.resume();
        let published = undisturbed_if(tx.changes_shared_bits(), end, || {
            tx.roll_back_with(mark.bits())
        });
        published.map_err(|fault| self.stop(fault.into()))?;
        self.note_run_with_care(mark, bytes)
    }

    /// Commits a transaction that has succeeded, undisturbed where others may change the same bits.
    #[inline(never)]
    pub(crate) fn commit_with_care(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        sizes: Sizes,
        value: &dyn Encode<N>,
    ) -> Result<(), Error> {
        let prepared = self.prepare_commit();
        let prepared = prepared.and_then(|()| {
            if sizes.value == 0 {
                let error = seed(site, widened(sizes.error));
                self.put_nothing(error).map(|()| 0)
            } else {
                let seed = seed(site, widened(sizes.value));
                self.records
                    .put_value(self.nvm(), seed, |to| value.encode_into(to))
            }
        });
        let bytes = prepared.map_err(|error| self.abandon(error))?;
        let mark = self.next_mark(site.tag());
        let tx = self.log.resume();
        let committed = undisturbed_if(tx.changes_shared_bits(), end, || {
            tx.commit_with(mark.bits())
        });
        committed.map_err(|fault| self.stop(fault.into()))?;
        self.note_run_with_care(mark, bytes)
    }

    fn roll_back(&mut self, end: &impl EndOfTransaction) -> Result<(), Error> {
        let tx = self.log.resume();
        Ok(undisturbed_if(tx.changes_shared_bits(), end, || {
            tx.roll_back()
        })?)
    }

    /// Ends a transaction that cannot abort and does not simply commit: `failed` is what its body failed with, `value` is its
    /// value otherwise.
    #[inline(never)]
    pub(crate) fn end_write_first_encoded(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        failed: Option<Error>,
        sizes: Sizes,
        value: &dyn Encode<N>,
    ) -> Result<(), Error> {
        let error = match self.failure().or(failed) {
            None => self.system.check_walked(site).err(),
            Some(error) if error.is_outcome() => {
                Some(self.system.check_walked(site).err().unwrap_or(error))
            }
            error => error,
        };
        let Some(error) = error else {
            return self.commit_with_care(site, end, sizes, value);
        };
        let error = self.roll_back(end).err().unwrap_or(error);
        Err(self.end_unrun(site, error))
    }

    /// Records the error with which a transaction that cannot abort has not run.
    #[cold]
    #[inline(never)]
    pub(crate) fn end_unrun(&mut self, site: Site, error: Error) -> Error {
        self.statistics.rolled_back += 1;
        if !error.is_outcome() {
            return self.stop(error);
        }
        let put = self
            .records
            .put_error(self.nvm(), site, Error::MAX_BYTES, &error);
        let bytes = match put {
            Ok(bytes) => bytes,
            Err(error) => return self.stop(error),
        };
        let mark = self.next_mark(site.tag());
        // Where something was written without logging, the log does not let it be published, and
        // that stops the thread.
        if self.publish(mark).is_ok()
            && let Err(stop) = self.note_run_with_care(mark, bytes)
        {
            return stop;
        }
        error
    }

    /// The mark that counts one record more.
    #[inline]
    const fn next_mark(&self, tag: u16) -> Mark {
        self.next_mark_with(folded(tag))
    }

    /// The same, with the record's folded tag.
    #[inline]
    const fn next_mark_with(&self, folded: u8) -> Mark {
        Mark {
            count: self.records.index() + 1,
            parity: false,
            digest: digest_with(self.digest, folded),
        }
    }
}
