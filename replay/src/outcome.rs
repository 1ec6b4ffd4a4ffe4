//! How a transaction is run, and its outcome published with its commit.
//!
//! | store | power lost after it: the restarted thread |
//! | --- | --- |
//! | entries, objects | rolls back, and runs the transaction when it comes to it |
//! | record of the result (for `()`: none) | the same |
//! | commit word: one record more | bypasses the transaction, and has its result |
//! | the end of a loop before it: see `loops` | the same |
//!
//! A transaction that returns an error is rolled back; its error is recorded in place of the result, and
//! published by the store that empties the log.

use nvm_core::{Nvm, RawOffset, Record, widened};

use crate::broken::{self, Variant};
use crate::error::Error;
use crate::mark::{Mark, digest_with, folded};
use crate::records::{outcome_bytes, seed, seed_of_tag};
use crate::site::Site;
use crate::thread::Thread;
use crate::transaction::{Tx, WriteFirstTx};

/// How a transaction ends that has changed bits which other threads may change too: an allocator's. A kernel
/// whose tasks share a heap ends it in one critical section (see [`nvm_tx::Tx::changes_shared_bits`]).
pub trait EndOfTransaction {
    /// Runs `end` without preemption.
    fn undisturbed<R>(&self, end: impl FnOnce() -> R) -> R;
}

/// There is nobody who could disturb: a program of one thread.
#[derive(Debug, Clone, Copy)]
pub struct Alone;

impl EndOfTransaction for Alone {
    #[inline]
    fn undisturbed<R>(&self, end: impl FnOnce() -> R) -> R {
        end()
    }
}

#[inline]
fn undisturbed_if<R>(shared: bool, by: &impl EndOfTransaction, end: impl FnOnce() -> R) -> R {
    if shared { by.undisturbed(end) } else { end() }
}

impl<N: Nvm + Copy> Thread<N> {
    /// What [`transaction`](Thread::transaction) and [`try_transaction`](Thread::try_transaction) do, for
    /// a kernel whose own methods stand between the program and this one.
    ///
    /// `is_outcome` says which errors are recorded: those with which a repetition would end as well; `end`
    /// how a transaction ends that has changed bits of an allocator's.
    #[inline]
    pub fn transaction_at<R: Record, E: Record + From<Error>>(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        is_outcome: impl Fn(&E) -> bool,
        body: impl FnOnce(&mut Tx<'_, N>) -> Result<R, E>,
    ) -> Result<R, E> {
        if !self.has_room(outcome_bytes::<R, E>())
            && let Some(outcome) = self.overcome::<R, E>(site)?
        {
            return outcome;
        }
        self.system.attach(self.log.next_sequence());
        let mut tx = Tx::new(self.log.begin_settled(), &mut self.system);
        let result = body(&mut tx);
        tx.leave_running();
        match result {
            Ok(value) if self.is_simple() => {
                self.end_simply::<R, E>(site, &value)?;
                Ok(value)
            }
            result => self.end_with_care(site, end, is_outcome, result),
        }
    }

    /// What [`transaction_write_first`](Thread::transaction_write_first) does, for a kernel.
    #[inline]
    pub fn transaction_write_first_at<R: Record>(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        log_bytes: RawOffset,
        body: impl FnOnce(&mut WriteFirstTx<'_, N>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        if !self.has_room(outcome_bytes::<R, Error>())
            && let Some(outcome) = self.overcome::<R, Error>(site)?
        {
            return outcome;
        }
        self.system.attach(self.log.next_sequence());
        let begun = self.log.begin_write_first(log_bytes).map(|tx| {
            let mut tx = WriteFirstTx::new(tx, &mut self.system);
            let result = body(&mut tx);
            tx.leave_running();
            result
        });
        match begun {
            Ok(Ok(value)) if self.is_simple() => {
                self.end_simply::<R, Error>(site, &value)?;
                Ok(value)
            }
            Ok(result) => self.end_write_first_with_care(site, end, result),
            Err(fault) => Err(self.end_unrun(site, fault.into())),
        }
    }

    /// Bypasses it, or tells why it cannot run.
    #[cold]
    #[inline(never)]
    fn overcome<R: Record, E: Record>(
        &mut self,
        site: Site,
    ) -> Result<Option<Result<R, E>>, Error> {
        if let Some(outcome) = self.bypass::<R, E>(site)? {
            return Ok(Some(outcome));
        }
        self.reserve(outcome_bytes::<R, E>())?;
        if !self.log.is_settled() {
            self.log.settle()?;
            self.note_room();
        }
        Ok(None)
    }

    /// Commits a [simple](Thread::is_simple) transaction with its result.
    #[inline]
    fn end_simply<R: Record, E: Record>(&mut self, site: Site, value: &R) -> Result<(), Error> {
        debug_assert!(self.is_prepared(), "the log heeds when it is not");
        if R::MAX_BYTES == 0 {
            self.end_without_record(folded(site.tag()), seed(site, widened(E::MAX_BYTES)))
        } else {
            self.end_with_record(site.tag(), value)
        }
    }

    /// The same for a result without bytes; `error` is the seed of the error's check. What is made of the call site is known
    /// when the program is built.
    #[inline(never)]
    fn end_without_record(&mut self, folded: u8, error: u16) -> Result<(), Error> {
        let prepared = self.put_nothing(error);
        prepared.map_err(|error| self.abandon(error))?;
        let mark = self.next_mark_with(folded);
        let committed = self.log.commit_plain(mark.bits());
        committed.map_err(|fault| self.stop(fault.into()))?;
        self.note_run(mark, 0);
        Ok(())
    }

    /// The same for a result with bytes.
    #[inline(never)]
    fn end_with_record<R: Record>(&mut self, tag: u16, value: &R) -> Result<(), Error> {
        let seed = seed_of_tag(tag, widened(R::MAX_BYTES));
        let late = broken::is(Variant::RecordsAfterCommit);
        let put = |thread: &Self| thread.records.put_value(thread.nvm(), seed, value);
        let prepared = if late { Ok(0) } else { put(self) };
        let mut bytes = prepared.map_err(|error| self.abandon(error))?;
        let mark = self.next_mark(tag);
        let committed = self.log.commit_plain(mark.bits());
        committed.map_err(|fault| self.stop(fault.into()))?;
        if late {
            bytes = put(self)?;
        }
        self.note_run(mark, bytes);
        Ok(())
    }

    /// Whether the running transaction, whose body has succeeded, commits with one store.
    #[inline]
    fn is_simple(&mut self) -> bool {
        self.log.is_plain() && self.system.is_walked()
    }

    /// Makes sure that what stands in place of a record that takes no bytes is no error of this transaction.
    #[inline]
    fn put_nothing(&self, error: u16) -> Result<(), Error> {
        if broken::is(Variant::KeepsCheck) {
            return Ok(());
        }
        self.records.invalidate_error(self.nvm(), error)
    }

    /// Rolls back after a failure before the commit, with which the thread cannot go on.
    #[cold]
    #[inline(never)]
    fn abandon(&mut self, error: Error) -> Error {
        // Where it fails, a restart rolls back.
        let _ = self.log.resume().roll_back();
        self.stop(error)
    }

    /// Ends a transaction that does not simply commit: it has changed bits of an allocator's, or it has failed, or paid no
    /// heed to a failure. The error with which it ended for good is recorded.
    #[inline(never)]
    fn end_with_care<R: Record, E: Record + From<Error>>(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        is_outcome: impl Fn(&E) -> bool,
        result: Result<R, E>,
    ) -> Result<R, E> {
        let fault = self.log.fault().map(Error::from);
        // What keeps it from committing, even where the body paid no heed to it.
        let result = match (result, self.system.failure().or(fault)) {
            (Ok(value), None) if self.system.is_walked() => {
                return Ok(self.commit_with_care::<R, E>(site, end, value)?);
            }
            (Ok(_), Some(error)) => Err(E::from(error)),
            (result, _) => result,
        };
        let recorded = result.as_ref().err().filter(|error| {
            let failed_for_good = |error: Option<Error>| error.is_none_or(Error::is_outcome);
            failed_for_good(self.system.failure()) && failed_for_good(fault) && is_outcome(error)
        });
        let stop = self.system.must_stop().or_else(|| {
            // An error that is not recorded may have come before calls that the repetition will make.
            let is_over = result.is_ok() || recorded.is_some();
            is_over.then(|| self.system.check_walked(site).err())?
        });
        self.statistics.rolled_back += 1;
        let (Some(error), None) = (recorded, stop) else {
            let rolled_back = self.roll_back(end);
            // It may not be settled.
            self.note_room();
            return match (stop, rolled_back) {
                (Some(error), _) => Err(self.stop(error).into()),
                (None, Ok(())) => result,
                (None, Err(error)) => Err(error.into()),
            };
        };
        let put = self
            .prepare_commit()
            .and_then(|()| self.records.put_error(self.nvm(), site, error));
        let bytes = put.map_err(|error| self.abandon(error))?;
        let mark = self.next_mark(site.tag());
        let tx = self.log.resume();
        let published = undisturbed_if(tx.changes_shared_bits(), end, || {
            tx.roll_back_with(mark.bits())
        });
        published.map_err(|fault| self.stop(fault.into()))?;
        self.note_run_with_care(mark, bytes)?;
        result
    }

    /// Commits a transaction that has succeeded, undisturbed where others may change the same bits.
    fn commit_with_care<R: Record, E: Record>(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        value: R,
    ) -> Result<R, Error> {
        let prepared = self.prepare_commit();
        let prepared = prepared.and_then(|()| {
            if R::MAX_BYTES == 0 {
                self.put_nothing(seed(site, widened(E::MAX_BYTES)))
                    .map(|()| 0)
            } else {
                let seed = seed(site, widened(R::MAX_BYTES));
                self.records.put_value(self.nvm(), seed, &value)
            }
        });
        let bytes = prepared.map_err(|error| self.abandon(error))?;
        let mark = self.next_mark(site.tag());
        let tx = self.log.resume();
        let committed = undisturbed_if(tx.changes_shared_bits(), end, || {
            tx.commit_with(mark.bits())
        });
        committed.map_err(|fault| self.stop(fault.into()))?;
        self.note_run_with_care(mark, bytes)?;
        Ok(value)
    }

    fn roll_back(&mut self, end: &impl EndOfTransaction) -> Result<(), Error> {
        let tx = self.log.resume();
        Ok(undisturbed_if(tx.changes_shared_bits(), end, || {
            tx.roll_back()
        })?)
    }

    /// Ends a transaction that cannot abort and does not simply commit.
    #[inline(never)]
    fn end_write_first_with_care<R: Record>(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        result: Result<R, Error>,
    ) -> Result<R, Error> {
        let fault = self.log.fault().map(Error::from);
        let result = match self.system.failure().or(fault) {
            Some(error) => Err(error),
            None => result,
        };
        let result = match result {
            Ok(value) => self.system.check_walked(site).map(|()| value),
            Err(error) if error.is_outcome() => {
                Err(self.system.check_walked(site).err().unwrap_or(error))
            }
            Err(error) => Err(error),
        };
        match result {
            Ok(value) => self.commit_with_care::<R, Error>(site, end, value),
            Err(error) => {
                let error = self.roll_back(end).err().unwrap_or(error);
                Err(self.end_unrun(site, error))
            }
        }
    }

    /// Records the error with which a transaction that cannot abort has not run.
    #[cold]
    #[inline(never)]
    fn end_unrun(&mut self, site: Site, error: Error) -> Error {
        self.statistics.rolled_back += 1;
        if !error.is_outcome() {
            return self.stop(error);
        }
        let bytes = match self.records.put_error(self.nvm(), site, &error) {
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
