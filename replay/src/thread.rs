//! A durable program's thread: its start, its end, and what programs call in between. How a transaction
//! is run and published is in `outcome`, how it is bypassed in `walk`.

use nvm_core::{Class, Nvm, RawOffset, Record};
use nvm_tx::UndoLog;

use crate::error::{Error, Table};
use crate::layout::ThreadAreas;
use crate::mark::Mark;
use crate::outcome::Alone;
use crate::progress;
use crate::records::Records;
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
    /// The largest record for which a transaction has nothing to look after but to run: see `walk`.
    pub(crate) room: RawOffset,
    /// How many records there are to walk over: as many as the mark says, or fewer after a loop's end. Of no account once
    /// the thread has come to the last of them.
    pub(crate) committed: u16,
    /// Of the call sites of the records walked over so far.
    pub(crate) digest: u8,
    /// The digest that the walk must arrive at with the last record.
    pub(crate) expected_digest: Option<u8>,
    /// What every call answers until a restart.
    pub(crate) stopped: Option<Error>,
    /// What every transaction and loop answers until records are dropped.
    pub(crate) full: Option<Error>,
    /// The `end` of a loop's frame that names the last commit, to be overwritten after the next.
    pub(crate) ended_loop: Option<RawOffset>,
    starts_without_commit: u16,
    pub(crate) statistics: Statistics,
}

impl<N: Nvm + Copy> Thread<N> {
    /// Makes the areas those of a thread that has not begun. Part of the region's first boot.
    pub fn format(nvm: N, areas: &ThreadAreas) -> Result<(), Error> {
        areas.check()?;
        UndoLog::format(&nvm, areas.log)?;
        SystemTable::format(nvm, areas)?;
        progress::format(&nvm, areas.progress)
    }

    /// Starts, or restarts, the thread: rolls back what a power loss interrupted.
    ///
    /// Costs 4 bytes, for [`starts_without_commit`](Thread::starts_without_commit).
    pub fn start(nvm: N, areas: &ThreadAreas) -> Result<Self, Error> {
        let mut thread = Self::unstarted(nvm, areas);
        thread.restart(areas)?;
        Ok(thread)
    }

    /// A thread that is made where it stays: [`restart`](Thread::restart) must come before anything else. For a kernel.
    #[doc(hidden)]
    #[inline]
    pub const fn unstarted(nvm: N, areas: &ThreadAreas) -> Self {
        Self {
            log: UndoLog::unopened(nvm, areas.log, Class::Data),
            system: SystemTable::unopened(nvm, areas),
            records: Records::new(areas.transactions, Table::Transactions),
            room: 0,
            committed: 0,
            digest: 0,
            expected_digest: None,
            stopped: None,
            full: None,
            ended_loop: None,
            starts_without_commit: 0,
            statistics: Statistics {
                run: 0,
                bypassed: 0,
                rolled_back: 0,
            },
        }
    }

    /// What [`start`](Thread::start) does, in place.
    #[doc(hidden)]
    pub fn restart(&mut self, areas: &ThreadAreas) -> Result<(), Error> {
        areas.check()?;
        self.statistics.rolled_back = u32::from(self.log.recover()?);
        self.system.recover()?;
        self.heed_generation();
        let mark = Mark::from_bits(self.log.mark());
        self.committed = mark.count;
        self.expected_digest = Some(mark.digest);
        let sequences = [self.log.sequence(), self.system.sequence()];
        self.starts_without_commit =
            progress::count_start(self.log.nvm(), areas.progress, sequences)?;
        self.note_room();
        Ok(())
    }

    /// Runs the program, and forgets its records when it has ended, so that the next run is a new one.
    ///
    /// The records are kept where it ends with an error.
    #[track_caller]
    pub fn run<R, E: From<Error>>(
        &mut self,
        program: impl FnOnce(&mut Self) -> Result<R, E>,
    ) -> Result<R, E> {
        let result = program(self)?;
        self.finish()?;
        Ok(result)
    }

    /// Forgets all records, with one store: the program has ended, and its next start is a new run.
    ///
    /// # Errors
    ///
    /// [`ReplayDiverged`](crate::ErrorKind::ReplayDiverged) where the program ends before it came to all
    /// that it had committed before a power loss: then nothing is forgotten.
    #[track_caller]
    pub fn finish(&mut self) -> Result<(), Error> {
        self.check_walked(Site::here())?;
        self.publish(Mark::default())?;
        self.records.rewind();
        self.forget_behind(0);
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
    /// Where the log or the table of system calls is full, the transaction is rolled back and that is its
    /// recorded outcome: a restarted program gets the same error again. Where the table of transactions is
    /// full, it does not begin, nor does any after it until records are dropped by the end of an iteration,
    /// of a loop or of the program.
    ///
    /// [`ReplayDiverged`](crate::ErrorKind::ReplayDiverged) where the program did something else here
    /// before the power loss; from then on every call answers it. A device that fails while the transaction
    /// is published leaves open whether it was: every call answers that until a restart, which finds out.
    #[track_caller]
    #[inline]
    pub fn transaction<R: Record>(
        &mut self,
        body: impl Fn(&mut Tx<'_, N>) -> Result<R, Error> + Sync, // it changes no volatile state
    ) -> Result<R, Error> {
        self.transaction_at(
            Site::here(),
            &Alone,
            |error: &Error| error.is_outcome(),
            body,
        )
    }

    /// Runs a transaction that may abort: where the closure returns an error, what it wrote is rolled
    /// back, and the error is recorded as the outcome, so that a replay takes the same path. The system
    /// calls that it made stay made.
    ///
    /// Costs as [`transaction`](Thread::transaction); one that aborts what was logged and written, the old
    /// bytes again, 4 bytes and the error's, and 4 bytes.
    #[track_caller]
    #[inline]
    pub fn try_transaction<R: Record, E: Record + From<Error>>(
        &mut self,
        body: impl Fn(&mut Tx<'_, N>) -> Result<R, E> + Sync, // it changes no volatile state
    ) -> Result<R, E> {
        self.transaction_at(Site::here(), &Alone, |_| true, body)
    }

    /// Runs a transaction that cannot abort, or bypasses it. It may write without logging what it has not
    /// read (see [`nvm_tx::WriteFirstTx`]); `log_bytes` of the log are free for its logged writes.
    ///
    /// # Errors
    ///
    /// As [`transaction`](Thread::transaction). But where it failed after it had written without logging,
    /// there is neither a way back nor forward: every call answers
    /// [`Unfinished`](nvm_tx::FaultKind::Unfinished) until a restart repeats the transaction.
    #[track_caller]
    #[inline]
    pub fn transaction_write_first<R: Record>(
        &mut self,
        log_bytes: RawOffset,
        body: impl Fn(&mut WriteFirstTx<'_, N>) -> Result<R, Error> + Sync, // it changes no volatile state
    ) -> Result<R, Error> {
        self.transaction_write_first_at(Site::here(), &Alone, log_bytes, body)
    }

    /// Takes an input from outside in a transaction of its own. Costs 2 bytes, the value's, and 4.
    #[track_caller]
    #[inline]
    pub fn sample<R: Record>(
        &mut self,
        input: impl Fn() -> R + Sync, // it changes no volatile state
    ) -> Result<R, Error> {
        // The transaction's own record will do: nothing has been made of the input before it is there.
        let is_outcome = |error: &Error| error.is_outcome();
        self.transaction_at(Site::here(), &Alone, is_outcome, |_| Ok(input()))
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
}
