//! What a task's function works with.

use core::fmt;

use intos_sched::{Error, TaskIndex};
use nvm_core::Record;
use replay::{Durable, Site, Statistics, Thread};

use crate::board::{Board, Event};
use crate::kernel::Kernel;
use crate::transaction::{Tx, WriteFirstTx};

/// A running task. After a power loss its function starts again from the beginning, and what it had
/// committed is bypassed: see [`replay::Thread`].
pub struct Task<'k, B: Board> {
    kernel: &'k Kernel<B>,
    thread: Thread<B::Nvm>,
    index: TaskIndex,
    observed: Statistics,
}

impl<B: Board> fmt::Debug for Task<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

impl<'k, B: Board> Task<'k, B> {
    pub(crate) fn new(kernel: &'k Kernel<B>, thread: Thread<B::Nvm>, index: TaskIndex) -> Self {
        let mut task = Self {
            kernel,
            thread,
            index,
            observed: Statistics::default(),
        };
        task.observe();
        task
    }

    /// Runs a transaction, or bypasses it if it had committed before a power loss. Where the closure
    /// returns an error, what it wrote is rolled back, and the error is recorded as the outcome; system
    /// calls that it made stay made.
    ///
    /// Costs what [`replay::Thread::try_transaction`] does.
    #[track_caller]
    #[inline]
    pub fn transaction<R: Record>(
        &mut self,
        body: impl Fn(&mut Tx<B>) -> Result<R, Error> + Sync,
    ) -> Result<R, Error> {
        let (kernel, index) = (self.kernel, self.index);
        let result = self
            .thread
            .transaction_at(Site::here(), Error::is_outcome, |tx| {
                body(&mut Tx::new(tx, kernel, index))
            });
        self.observe();
        result
    }

    /// Runs a transaction that may abort with an error of the program's own.
    #[track_caller]
    #[inline]
    pub fn try_transaction<R: Record, E: Record + From<Error> + From<replay::Error>>(
        &mut self,
        body: impl Fn(&mut Tx<B>) -> Result<R, E> + Sync,
    ) -> Result<R, E> {
        let (kernel, index) = (self.kernel, self.index);
        let result = self.thread.transaction_at(
            Site::here(),
            |_| true,
            |tx| body(&mut Tx::new(tx, kernel, index)),
        );
        self.observe();
        result
    }

    /// Runs a transaction that cannot abort, or bypasses it. It may write without logging what it has not
    /// read: see [`nvm_tx::WriteFirstTx`]. Errors of system calls, such as a timeout, must be dealt with
    /// in it: its closure can only fail as the engine does.
    #[track_caller]
    #[inline]
    pub fn transaction_write_first<R: Record>(
        &mut self,
        log_bytes: u32,
        body: impl Fn(&mut WriteFirstTx<B>) -> Result<R, replay::Error> + Sync,
    ) -> Result<R, Error> {
        let (kernel, index) = (self.kernel, self.index);
        let result = self
            .thread
            .transaction_write_first_at(Site::here(), log_bytes, |tx| {
                body(&mut WriteFirstTx::new(tx, kernel, index))
            });
        self.observe();
        Ok(result?)
    }

    /// Delays the task for so many ticks: a transaction of its own.
    #[track_caller]
    pub fn delay(&mut self, ticks: u32) -> Result<(), Error> {
        let site = Site::here();
        let (kernel, index) = (self.kernel, self.index);
        let result = self.thread.transaction_at(site, Error::is_outcome, |tx| {
            Tx::<B>::new(tx, kernel, index).delay_at(site, ticks)
        });
        self.observe();
        result
    }

    /// The task's index in the program's table.
    pub const fn index(&self) -> TaskIndex {
        self.index
    }

    /// Whether the task still walks over what it had done before the last power loss.
    pub const fn is_replaying(&self) -> bool {
        self.thread.is_replaying()
    }

    fn observe(&mut self) {
        let now = self.thread.statistics();
        let before = self.observed;
        if now != before {
            self.observed = now;
            let since = Statistics {
                run: now.run - before.run,
                bypassed: now.bypassed - before.bypassed,
                rolled_back: now.rolled_back - before.rolled_back,
            };
            B::observe(&self.kernel.port, Event::Transactions(since));
        }
    }
}

impl<B: Board> Durable for Task<'_, B> {
    type Nvm = B::Nvm;

    fn thread(&mut self) -> &mut Thread<B::Nvm> {
        &mut self.thread
    }
}
