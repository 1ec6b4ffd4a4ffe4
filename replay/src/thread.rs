//! A durable program's thread: its tables, and where its replay stands.
//!
//! A transaction's outcome is published with its commit:
//!
//! | store | power lost after it: the restarted thread |
//! | --- | --- |
//! | entries, objects | rolls back, and runs the transaction when it comes to it |
//! | record of the result (for `()`: none) | the same |
//! | commit word: one record more | bypasses the transaction, and has its result |
//!
//! A transaction that returns an error is rolled back; its error is recorded in place of the result, and
//! published by the store that empties the log.

use nvm_core::{Class, Nvm, Record};
use nvm_tx::UndoLog;

use crate::broken::{self, Variant};
use crate::error::{Error, ErrorKind, Table};
use crate::layout::ThreadAreas;
use crate::loops::ENDED;
use crate::mark::{MAX_COUNT, Mark, digest};
use crate::progress;
use crate::records::{Kind, Records};
use crate::site::Site;
use crate::system::SystemTable;
use crate::transaction::{Tx, WriteFirstTx};

/// What a thread did since it was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Transactions run to their commit, or to their recorded abort.
    pub run: u32,
    /// Transactions bypassed, since they had committed before a power loss.
    pub bypassed: u32,
    /// Transactions rolled back: by the power loss before this start, by an abort or by an error.
    pub rolled_back: u32,
}

/// A thread of a durable program: after a power loss it starts again from the beginning, and each
/// transaction that had committed hands out its recorded result instead of running again.
///
/// One thread needs no kernel: see the crate's front page. A kernel has one for each task.
#[derive(Debug)]
pub struct Thread<N: Nvm + Copy> {
    pub(crate) log: UndoLog<N>,
    pub(crate) system: SystemTable<N>,
    pub(crate) records: Records,
    /// How many records are valid: as many as the mark says, or fewer after a loop's end.
    pub(crate) committed: u16,
    /// Of the call sites of the records walked over so far.
    pub(crate) digest: u8,
    /// The digest that the walk must arrive at with the last record.
    pub(crate) expected_digest: Option<u8>,
    pub(crate) diverged: Option<Error>,
    /// The `end` of a loop's frame that names the last commit, to be overwritten after the next.
    pub(crate) ended_loop: Option<u32>,
    starts_without_commit: u16,
    statistics: Statistics,
}

impl<N: Nvm + Copy> Thread<N> {
    /// Makes the areas those of a thread that has not begun. Part of the region's first boot.
    pub fn format(nvm: N, areas: &ThreadAreas) -> Result<(), Error> {
        UndoLog::format(&nvm, areas.log)?;
        SystemTable::format(nvm, areas)?;
        progress::format(&nvm, areas.progress)
    }

    /// Starts, or restarts, the thread: rolls back what a power loss interrupted.
    ///
    /// Costs 4 bytes, for [`starts_without_commit`](Thread::starts_without_commit).
    pub fn start(nvm: N, areas: &ThreadAreas) -> Result<Self, Error> {
        let mut log = UndoLog::open_without_recovery(nvm, areas.log, Class::Data)?;
        let rolled_back = log.recover()?;
        let system = SystemTable::open(nvm, areas)?;
        let mark = Mark::from_bits(log.mark());
        let starts_without_commit =
            progress::count_start(&nvm, areas.progress, [log.sequence(), system.sequence()])?;
        Ok(Self {
            log,
            system,
            records: Records::new(areas.transactions, Table::Transactions),
            committed: mark.count,
            digest: 0,
            expected_digest: Some(mark.digest),
            diverged: None,
            ended_loop: None,
            starts_without_commit,
            statistics: Statistics {
                rolled_back: u32::from(rolled_back),
                ..Statistics::default()
            },
        })
    }

    /// Runs the program, and forgets its records when it has ended, so that the next run is a new one.
    ///
    /// The records are kept where it ends with an error.
    pub fn run<R, E: From<Error>>(
        &mut self,
        program: impl FnOnce(&mut Self) -> Result<R, E>,
    ) -> Result<R, E> {
        let result = program(self)?;
        self.finish()?;
        Ok(result)
    }

    /// Forgets all records, with one store: the program has ended, and its next start is a new run.
    pub fn finish(&mut self) -> Result<(), Error> {
        self.publish(Mark::default())?;
        self.records.rewind();
        self.committed = 0;
        self.digest = 0;
        self.expected_digest = None;
        Ok(())
    }

    /// Runs a transaction, or bypasses it if it had committed before a power loss.
    ///
    /// The closure must change no volatile state, since that would be lost when it is bypassed: `Fn` and
    /// `Sync` let the compiler reject what does.
    ///
    /// Costs what is logged and written, 2 bytes and the result's (nothing for `()`), and 4 bytes.
    ///
    /// # Errors
    ///
    /// Where the log or the table is full, the transaction is rolled back, and a restarted program gets
    /// the same error again. [`ReplayDiverged`](ErrorKind::ReplayDiverged) where the program did something
    /// else here before the power loss; from then on every call answers it.
    #[track_caller]
    #[inline]
    pub fn transaction<R: Record>(
        &mut self,
        body: impl Fn(&mut Tx<'_, N>) -> Result<R, Error> + Sync,
    ) -> Result<R, Error> {
        self.transaction_at(Site::here(), |error: &Error| error.is_outcome(), body)
    }

    /// Runs a transaction that may abort: where the closure returns an error, what it wrote is rolled
    /// back, and the error is recorded as the outcome, so that a replay takes the same path. The system
    /// calls that it made stay made.
    #[track_caller]
    #[inline]
    pub fn try_transaction<R: Record, E: Record + From<Error>>(
        &mut self,
        body: impl Fn(&mut Tx<'_, N>) -> Result<R, E> + Sync,
    ) -> Result<R, E> {
        self.transaction_at(Site::here(), |_| true, body)
    }

    /// What [`transaction`](Thread::transaction) and [`try_transaction`](Thread::try_transaction) do, for
    /// a kernel whose own methods stand between the program and this one.
    pub fn transaction_at<R: Record, E: Record + From<Error>>(
        &mut self,
        site: Site,
        is_outcome: impl Fn(&E) -> bool,
        body: impl FnOnce(&mut Tx<'_, N>) -> Result<R, E>,
    ) -> Result<R, E> {
        if let Some(outcome) = self.bypass::<R, E>(site)? {
            return outcome;
        }
        self.reserve(larger(R::MAX_BYTES, E::MAX_BYTES))?;
        let nvm = *self.log.nvm();
        let sequence = self.log.next_sequence();
        self.system.attach(sequence);
        let mark = Mark {
            count: self.records.index() + 1,
            parity: false,
            digest: digest(self.digest, site),
        };
        let mut tx = Tx::new(self.log.begin().map_err(Error::from)?, &mut self.system);
        let result = body(&mut tx);
        let (tx, system) = tx.into_parts();
        if let Err(error) = system.finish(site)
            && (result.is_ok() || matches!(error.kind(), ErrorKind::ReplayDiverged { .. }))
        {
            tx.roll_back().map_err(Error::from)?;
            self.diverged.get_or_insert(error);
            return Err(error.into());
        }
        let error_check = self.records.check(site, Kind::Error);
        let bytes = match &result {
            Ok(value) => {
                if R::MAX_BYTES == 0 && !broken::is(Variant::KeepsCheck) {
                    self.records.invalidate(&nvm, error_check)?;
                }
                let check = self.records.check(site, Kind::Value);
                let put = || self.records.put(&nvm, check, value);
                system.prepare_commit(sequence)?;
                if broken::is(Variant::RecordsAfterCommit) {
                    tx.commit_with(mark.bits()).map_err(Error::from)?;
                    put()?
                } else {
                    let bytes = put()?;
                    tx.commit_with(mark.bits()).map_err(Error::from)?;
                    bytes
                }
            }
            Err(error) => {
                self.statistics.rolled_back += 1;
                let engine_failed = tx
                    .fault()
                    .is_some_and(|fault| !Error::from(fault).is_outcome());
                if engine_failed || !is_outcome(error) {
                    tx.roll_back().map_err(Error::from)?;
                    return result;
                }
                let bytes = if E::MAX_BYTES == 0 {
                    nvm.write_u16(Class::Replay, self.records.at(), error_check)
                        .map_err(Error::from)?;
                    crate::records::CHECK_BYTES
                } else {
                    self.records.put(&nvm, error_check, error)?
                };
                system.prepare_commit(sequence)?;
                tx.roll_back_with(mark.bits()).map_err(Error::from)?;
                bytes
            }
        };
        self.note_run(mark.digest, bytes)?;
        result
    }

    /// Runs a transaction that cannot abort, or bypasses it. It may write without logging what it has not
    /// read (see [`nvm_tx::WriteFirstTx`]); `log_bytes` of the log are free for its logged writes.
    #[track_caller]
    #[inline]
    pub fn transaction_write_first<R: Record>(
        &mut self,
        log_bytes: u32,
        body: impl Fn(&mut WriteFirstTx<'_, N>) -> Result<R, Error> + Sync,
    ) -> Result<R, Error> {
        self.transaction_write_first_at(Site::here(), log_bytes, body)
    }

    /// The same, for a kernel.
    pub fn transaction_write_first_at<R: Record>(
        &mut self,
        site: Site,
        log_bytes: u32,
        body: impl FnOnce(&mut WriteFirstTx<'_, N>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        if let Some(outcome) = self.bypass::<R, Error>(site)? {
            return outcome;
        }
        self.reserve(larger(R::MAX_BYTES, Error::MAX_BYTES))?;
        let nvm = *self.log.nvm();
        let sequence = self.log.next_sequence();
        self.system.attach(sequence);
        let mark = Mark {
            count: self.records.index() + 1,
            parity: false,
            digest: digest(self.digest, site),
        };
        let tx = self.log.begin_write_first(log_bytes)?;
        let mut tx = WriteFirstTx::new(tx, &mut self.system);
        let result = body(&mut tx);
        let (tx, system) = tx.into_parts();
        let value = match result.and_then(|value| system.finish(site).map(|()| value)) {
            Ok(value) => value,
            Err(error) => {
                self.statistics.rolled_back += 1;
                if matches!(error.kind(), ErrorKind::ReplayDiverged { .. }) {
                    self.diverged.get_or_insert(error);
                }
                tx.roll_back()?;
                return Err(error);
            }
        };
        if R::MAX_BYTES == 0 {
            let check = self.records.check(site, Kind::Error);
            self.records.invalidate(&nvm, check)?;
        }
        let check = self.records.check(site, Kind::Value);
        let bytes = self.records.put(&nvm, check, &value)?;
        system.prepare_commit(sequence)?;
        tx.commit_with(mark.bits())?;
        self.note_run(mark.digest, bytes)?;
        Ok(value)
    }

    /// Takes an input from outside in a transaction of its own: see [`Tx::sample`].
    #[track_caller]
    #[inline]
    pub fn sample<R: Record>(&mut self, input: impl Fn() -> R + Sync) -> Result<R, Error> {
        let site = Site::here();
        self.transaction_at(
            site,
            |error: &Error| error.is_outcome(),
            |tx| tx.system().sample(site, &input),
        )
    }

    /// How many starts before this one, in a row, committed nothing: where it grows, a transaction is too
    /// long for the energy that the thread gets.
    pub const fn starts_without_commit(&self) -> u16 {
        self.starts_without_commit
    }

    /// What the thread did since it was started.
    pub const fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// Whether the thread still walks over what it had done before the last power loss.
    pub const fn is_replaying(&self) -> bool {
        self.records.index() < self.committed
    }

    /// The NVM.
    pub const fn nvm(&self) -> &N {
        self.log.nvm()
    }

    /// Takes the outcome of the next transaction, if it has one.
    #[inline]
    fn bypass<R: Record, E: Record>(&mut self, site: Site) -> Result<Option<Result<R, E>>, Error> {
        self.check_diverged()?;
        if !self.is_replaying() {
            return Ok(None);
        }
        let nvm = *self.log.nvm();
        let is_error = self.records.stored_check(&nvm)? == self.records.check(site, Kind::Error);
        let taken = if is_error {
            self.records
                .take::<N, E>(&nvm, site, Kind::Error)
                .map(|(error, bytes)| (Err(error), bytes.max(crate::records::CHECK_BYTES)))
        } else {
            self.records
                .take::<N, R>(&nvm, site, Kind::Value)
                .map(|(value, bytes)| (Ok(value), bytes))
        };
        let (outcome, bytes) = taken.map_err(|error| self.note_divergence(error))?;
        self.walk(site, bytes)?;
        self.statistics.bypassed += 1;
        Ok(Some(outcome))
    }

    /// Walks over a record that was committed before a power loss.
    #[inline]
    pub(crate) fn walk(&mut self, site: Site, bytes: u32) -> Result<(), Error> {
        let digest = digest(self.digest, site);
        let last = self.records.index() + 1 == self.committed;
        if last && self.expected_digest.is_some_and(|expected| expected != digest) {
            let error = self.records.diverged(site);
            return Err(self.note_divergence(error));
        }
        self.step(digest, bytes);
        Ok(())
    }

    pub(crate) const fn step(&mut self, digest: u8, bytes: u32) {
        self.digest = digest;
        self.records.step(bytes);
    }

    /// Makes sure that one more record, of up to `bytes`, has room.
    pub(crate) fn reserve(&self, bytes: u32) -> Result<(), Error> {
        if self.records.index() >= MAX_COUNT {
            return Err(Error::new(ErrorKind::TooManyRecords {
                table: Table::Transactions,
            }));
        }
        self.records.reserve(bytes)
    }

    /// Publishes a mark without a transaction.
    pub(crate) fn publish(&mut self, mark: Mark) -> Result<(), Error> {
        self.system.prepare_commit(self.log.next_sequence())?;
        self.log.publish(mark.bits())?;
        self.settle_ended_loop()
    }

    /// After a commit: the last loop's end is told from the number of a commit no longer, since that number
    /// will come again.
    fn settle_ended_loop(&mut self) -> Result<(), Error> {
        if let Some(at) = self.ended_loop.take()
            && !broken::is(Variant::KeepsLoopEnd)
        {
            self.nvm().write_u8(Class::Replay, at, ENDED)?;
        }
        Ok(())
    }

    /// After a transaction's commit.
    fn note_run(&mut self, digest: u8, bytes: u32) -> Result<(), Error> {
        self.statistics.run += 1;
        self.step(digest, bytes);
        self.committed = self.records.index();
        self.settle_ended_loop()
    }

    pub(crate) fn check_diverged(&self) -> Result<(), Error> {
        self.diverged.map_or(Ok(()), Err)
    }

    pub(crate) fn note_divergence(&mut self, error: Error) -> Error {
        *self.diverged.get_or_insert(error)
    }
}

const fn larger(a: u32, b: u32) -> u32 {
    if a > b { a } else { b }
}
