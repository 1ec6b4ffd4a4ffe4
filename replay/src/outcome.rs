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

use nvm_core::{Nvm, Record};
use nvm_tx::FaultKind;

use crate::broken::{self, Variant};
use crate::error::{Error, ErrorKind};
use crate::mark::{MAX_COUNT, Mark, digest};
use crate::records::{Records, outcome_bytes};
use crate::site::Site;
use crate::system::SystemTable;
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
    pub fn transaction_at<R: Record, E: Record + From<Error>>(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        is_outcome: impl Fn(&E) -> bool,
        body: impl FnOnce(&mut Tx<'_, N>) -> Result<R, E>,
    ) -> Result<R, E> {
        if self.is_held_up(outcome_bytes::<R, E>())
            && let Some(outcome) = self.overcome::<R, E>(site)?
        {
            return outcome;
        }
        let place = (*self.nvm(), &self.records, site);
        let mark = self.next_mark(site);
        let sequence = self.log.next_sequence();
        self.system.attach(sequence);
        let tx = self.log.begin().map_err(Error::from)?;
        let mut tx = Tx::new(tx, &mut self.system);
        let result = body(&mut tx);
        let (tx, system) = tx.into_parts();
        match result {
            Ok(value) if tx.fault().is_none() && system.is_walked() => {
                let published =
                    commit::<N, R, E>(place, (system, sequence), &value, tx, (mark, end));
                let bytes = published.map_err(|error| self.stop(error))?;
                self.note_run(mark, bytes)?;
                Ok(value)
            }
            result => {
                let (result, ending) = end_in_doubt(
                    place,
                    (tx, system),
                    (mark, sequence),
                    end,
                    is_outcome,
                    result,
                );
                self.statistics.rolled_back += 1;
                match ending {
                    Ending::NotRecorded => {}
                    Ending::Recorded(bytes) => self.note_run(mark, bytes)?,
                    Ending::Stop(error) => return Err(self.stop(error).into()),
                }
                result
            }
        }
    }

    /// Whether a transaction whose outcome takes up to `bytes` cannot simply run.
    #[inline]
    fn is_held_up(&self, bytes: u32) -> bool {
        self.is_replaying()
            || self.stopped.is_some()
            || self.full.is_some()
            || self.records.index() >= MAX_COUNT
            || self.records.free() < bytes
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
        Ok(None)
    }

    /// What [`transaction_write_first`](Thread::transaction_write_first) does, for a kernel.
    pub fn transaction_write_first_at<R: Record>(
        &mut self,
        site: Site,
        end: &impl EndOfTransaction,
        log_bytes: u32,
        body: impl FnOnce(&mut WriteFirstTx<'_, N>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        if let Some(outcome) = self.bypass::<R, Error>(site)? {
            return outcome;
        }
        self.reserve(outcome_bytes::<R, Error>())?;
        let mark = self.next_mark(site);
        // Holds as long as the body runs, and longer where it panics.
        self.stopped = Some(Error::new(ErrorKind::Transaction(FaultKind::Unfinished)));
        let outcome = self.run_write_first((site, end), log_bytes, mark, body);
        self.stopped = None;
        match outcome {
            Ok((value, bytes)) => {
                self.note_run(mark, bytes)?;
                Ok(value)
            }
            Err(error) => {
                self.statistics.rolled_back += 1;
                if !error.is_outcome() {
                    return Err(self.stop(error));
                }
                // Where something was written without logging, the log does not let it be published, and
                // that stops the thread.
                let nvm = *self.nvm();
                let put = self.records.put_error(&nvm, site, &error);
                let bytes = put.map_err(|error| self.stop(error))?;
                if self.publish(mark).is_ok() {
                    self.note_run(mark, bytes)?;
                }
                Err(error)
            }
        }
    }

    /// Runs and commits it, and answers its result and the bytes of its record; or rolls it back.
    fn run_write_first<R: Record>(
        &mut self,
        (site, end): (Site, &impl EndOfTransaction),
        log_bytes: u32,
        mark: Mark,
        body: impl FnOnce(&mut WriteFirstTx<'_, N>) -> Result<R, Error>,
    ) -> Result<(R, u32), Error> {
        let (nvm, records) = (*self.nvm(), self.records);
        let sequence = self.log.next_sequence();
        self.system.attach(sequence);
        let tx = self.log.begin_write_first(log_bytes)?;
        let mut tx = WriteFirstTx::new(tx, &mut self.system);
        let result = body(&mut tx);
        let (tx, system) = tx.into_parts();
        let shared = tx.changes_shared_bits();
        let result = match system.failure().or(tx.fault().map(Error::from)) {
            Some(error) => Err(error),
            None => result,
        };
        let result = match result {
            Ok(value) => system.check_walked(site).map(|()| value),
            Err(error) if error.is_outcome() => {
                Err(system.check_walked(site).err().unwrap_or(error))
            }
            Err(error) => Err(error),
        };
        let value = match result {
            Ok(value) => value,
            Err(error) => {
                undisturbed_if(shared, end, || tx.roll_back())?;
                return Err(error);
            }
        };
        let place = (nvm, &records, site);
        let tx = tx.into_committing();
        let bytes = commit::<N, R, Error>(place, (system, sequence), &value, tx, (mark, end))?;
        Ok((value, bytes))
    }

    /// The mark that counts one record more.
    const fn next_mark(&self, site: Site) -> Mark {
        Mark {
            count: self.records.index() + 1,
            parity: false,
            digest: digest(self.digest, site),
        }
    }
}

/// Where a transaction's record goes.
type RecordPlace<'r, N> = (N, &'r Records, Site);

/// How a transaction ended that did not simply succeed.
enum Ending {
    /// It can be run again.
    NotRecorded,
    /// Its error is recorded, in so many bytes.
    Recorded(u32),
    /// The thread cannot go on.
    Stop(Error),
}

/// Rolls back a transaction that has failed, or that paid no heed to a failure, and records the error with which it ended
/// for good.
#[cold]
#[inline(never)]
fn end_in_doubt<N: Nvm + Copy, R: Record, E: Record + From<Error>>(
    (nvm, records, site): RecordPlace<'_, N>,
    (tx, system): (nvm_tx::Tx<'_, N>, &mut SystemTable<N>),
    (mark, sequence): (Mark, u8),
    end: &impl EndOfTransaction,
    is_outcome: impl Fn(&E) -> bool,
    result: Result<R, E>,
) -> (Result<R, E>, Ending) {
    let shared = tx.changes_shared_bits();
    // What keeps it from committing, even where the body paid no heed to it.
    let fault = tx.fault().map(Error::from);
    let result = match (result, system.failure().or(fault)) {
        (Ok(_), Some(error)) => Err(E::from(error)),
        (result, _) => result,
    };
    let recorded = result.as_ref().err().filter(|error| {
        let failed_for_good = |error: Option<Error>| error.is_none_or(Error::is_outcome);
        failed_for_good(system.failure()) && failed_for_good(fault) && is_outcome(error)
    });
    let stop = system.must_stop().or_else(|| {
        // An error that is not recorded may have come before calls that the repetition will make.
        let is_over = result.is_ok() || recorded.is_some();
        is_over.then(|| system.check_walked(site).err())?
    });
    let (Some(error), None) = (recorded, stop) else {
        let rolled_back = undisturbed_if(shared, end, || tx.roll_back());
        return match (stop, rolled_back) {
            (Some(error), _) => (result, Ending::Stop(error)),
            (None, Ok(())) => (result, Ending::NotRecorded),
            (None, Err(fault)) => (Err(Error::from(fault).into()), Ending::NotRecorded),
        };
    };
    let published = system
        .prepare_commit(sequence)
        .and_then(|()| records.put_error(&nvm, site, error))
        .and_then(|bytes| {
            undisturbed_if(shared, end, || tx.roll_back_with(mark.bits()))?;
            Ok(bytes)
        });
    let ending = match published {
        Ok(bytes) => Ending::Recorded(bytes),
        Err(error) => Ending::Stop(error),
    };
    (result, ending)
}

/// Stores the record of a result and commits, and answers the record's bytes.
#[inline]
fn commit<N: Nvm + Copy, R: Record, E: Record>(
    (nvm, records, site): RecordPlace<'_, N>,
    (system, sequence): (&mut SystemTable<N>, u8),
    value: &R,
    tx: nvm_tx::Tx<'_, N>,
    (mark, end): (Mark, &impl EndOfTransaction),
) -> Result<u32, Error> {
    system.prepare_commit(sequence)?;
    if R::MAX_BYTES == 0 && !broken::is(Variant::KeepsCheck) {
        records.invalidate_error::<N, E>(&nvm, site)?;
    }
    if broken::is(Variant::RecordsAfterCommit) {
        tx.commit_with(mark.bits())?;
        return records.put_value(&nvm, site, value);
    }
    let bytes = records.put_value(&nvm, site, value)?;
    undisturbed_if(tx.changes_shared_bits(), end, || {
        tx.commit_with(mark.bits())
    })?;
    Ok(bytes)
}
