//! What a task's function works with.

use core::fmt;

use intos_ipc::Timers;
use intos_sched::{
    Call, CallName, Error, ErrorKind, Event, Port, Progress, Span, TaskCalls, TaskId, TaskIndex,
    Timeout, TransactionEvent,
};
use nvm_core::{Nvm, Offset, Persist, RawOffset, Record};
use replay::{Durable, EndOfTransaction, Site, Statistics, Thread, ThreadAreas};

use crate::board::Board;
use crate::kernel::Kernel;
use crate::program::TaskKind;
use crate::transaction::{Tx, WriteFirstTx};

/// A running task. After a power loss its function starts again from the beginning, and what it had
/// committed is bypassed: see [`replay::Thread`].
pub struct Task<'k, B: Board> {
    kernel: &'k Kernel<B>,
    thread: Thread<B::Nvm>,
    index: TaskIndex,
    /// What every call answers until a restart.
    stopped: Option<Error>,
}

impl<B: Board> fmt::Debug for Task<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

/// Transactions that have changed a heap end in a critical section.
struct Undisturbed<'p, P>(&'p P);

impl<P: Port> EndOfTransaction for Undisturbed<'_, P> {
    fn undisturbed<R>(&self, end: impl FnOnce() -> R) -> R {
        self.0.critical(end)
    }
}

impl<'k, B: Board> Task<'k, B> {
    #[inline]
    pub(crate) const fn new(
        kernel: &'k Kernel<B>,
        thread: Thread<B::Nvm>,
        index: TaskIndex,
    ) -> Self {
        Self {
            kernel,
            thread,
            index,
            stopped: None,
        }
    }

    /// Rolls back what a power loss interrupted. Before the task's function.
    pub(crate) fn restart(&mut self, areas: &ThreadAreas) -> Result<(), Error> {
        self.thread.restart(areas)?;
        self.kernel.port.observe(Event::Started {
            task: self.index,
            starts_without_commit: self.thread.starts_without_commit(),
            rolled_back: self.thread.statistics().rolled_back > 0,
        });
        Ok(())
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
        self.run(Site::here(), Error::is_outcome, |tx| {
            body(&mut Tx::new(tx, kernel, index))
        })
    }

    /// Runs a transaction that may abort with an error of the program's own.
    #[track_caller]
    #[inline]
    pub fn try_transaction<R: Record, E: Record + From<Error> + From<replay::Error>>(
        &mut self,
        body: impl Fn(&mut Tx<B>) -> Result<R, E> + Sync,
    ) -> Result<R, E> {
        let (kernel, index) = (self.kernel, self.index);
        self.run(
            Site::here(),
            |_| true,
            |tx| body(&mut Tx::new(tx, kernel, index)),
        )
    }

    /// Runs a transaction that cannot abort, or bypasses it. It may write without logging what it has not
    /// read: see [`nvm_tx::WriteFirstTx`]. Errors of system calls, such as a timeout, must be dealt with
    /// in it, by [`or_outcome`](crate::OrOutcome::or_outcome): its closure can only fail as the engine does.
    #[track_caller]
    #[inline]
    pub fn transaction_write_first<R: Record>(
        &mut self,
        log_bytes: RawOffset,
        body: impl Fn(&mut WriteFirstTx<B>) -> Result<R, replay::Error> + Sync,
    ) -> Result<R, Error> {
        self.check_stopped()?;
        let (kernel, index) = (self.kernel, self.index);
        let before = self.announce();
        let end = Undisturbed(&kernel.port);
        let result = self
            .thread
            .transaction_write_first_at(Site::here(), &end, log_bytes, |tx| {
                body(&mut WriteFirstTx::new(tx, kernel, index))
            });
        self.observe(before);
        Ok(result?)
    }

    #[inline]
    fn run<R: Record, E: Record + From<Error> + From<replay::Error>>(
        &mut self,
        site: Site,
        is_outcome: impl Fn(&E) -> bool,
        body: impl FnOnce(&mut replay::Tx<'_, B::Nvm>) -> Result<R, E>,
    ) -> Result<R, E> {
        self.check_stopped()?;
        let before = self.announce();
        let end = Undisturbed(&self.kernel.port);
        let result = self.thread.transaction_at(site, &end, is_outcome, body);
        self.observe(before);
        result
    }

    /// Delays the task for so long, `20` ticks or `20.millis()`: a transaction of its own.
    #[track_caller]
    pub fn delay(&mut self, span: impl Into<Span>) -> Result<(), Error> {
        let span = span.into();
        self.call_alone(Site::here(), &"task.delay", |call| call.delay(span))
    }

    /// Delays the task until a tick: a transaction of its own. See [`Tx::delay_until`].
    #[track_caller]
    pub fn delay_until(&mut self, tick: u32) -> Result<(), Error> {
        self.call_alone(Site::here(), &"task.delay_until", |call| {
            call.delay_until(tick)
        })
    }

    /// Lets other tasks of the same priority run, if some are ready. Not recorded: a restarted task does it
    /// again. Costs 1 byte for each switch that it leads to.
    pub fn yield_now(&mut self) {
        self.kernel.port.yield_now();
    }

    /// Serves software timers for good: waits for their expiries, and calls `on_expiry` with the number of each
    /// timer that has expired, once for each expiry. The transactions that it makes are recorded until it
    /// returns. A persistent loop: 12 + 4 bytes to begin, 6 an expiry and what the calls cost.
    ///
    /// # Errors
    ///
    /// What `on_expiry` returns, or what keeps the task from going on. Return `Ok(false)` to end it.
    #[track_caller]
    pub fn serve_timers(
        &mut self,
        timers: Timers,
        mut on_expiry: impl FnMut(&mut Self, u16) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        replay::nv_loop!(self => {
            let expired = self.transaction(|tx| timers.next(tx, Timeout::Forever))?;
            if let Some(number) = expired
                && !on_expiry(self, number)?
            {
                break;
            }
        });
        Ok(())
    }

    /// The argument that the task was created with.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongKind`](intos_sched::ErrorKind::WrongKind) where the task is not of this kind.
    pub fn argument<A: Persist>(&self, kind: TaskKind<A>) -> Result<A, Error> {
        let slot = self.kernel.table.slot(self.index)?;
        if slot.entry != kind.index() || slot.argument.len() != size_of::<A>() as RawOffset {
            return Err(ErrorKind::WrongKind {
                index: self.index.0,
            }
            .error());
        }
        let at = Offset::new(slot.argument.offset());
        Ok(self.kernel.scheduler.nvm().load(at)?)
    }

    /// The task's index among the program's tasks.
    pub const fn index(&self) -> TaskIndex {
        self.index
    }

    /// The task's own name for others: see [`TaskId`].
    pub fn id(&self) -> Result<TaskId, Error> {
        self.kernel.scheduler.id(self.index)
    }

    /// The name of the task's entry in the program's table.
    pub fn name(&self) -> Result<&'static str, Error> {
        Ok(self.kernel.table.slot(self.index)?.name)
    }

    /// The port, for devices of the program's own: take inputs through [`sample`](replay::Tx::sample).
    pub const fn port(&self) -> &'k B::Port {
        &self.kernel.port
    }

    /// Whether the task still walks over what it had done before the last power loss.
    pub const fn is_replaying(&self) -> bool {
        self.thread.is_replaying()
    }

    #[inline]
    fn check_stopped(&self) -> Result<(), Error> {
        self.stopped.map_or(Ok(()), Err)
    }

    /// Before a transaction: what the thread did so far.
    #[inline]
    fn announce(&self) -> Statistics {
        if !self.thread.is_replaying() {
            self.tell(TransactionEvent::Begins);
        }
        self.thread.statistics()
    }

    /// After a transaction. Where the port does not observe, nothing of it is left.
    #[inline]
    fn observe(&self, before: Statistics) {
        let now = self.thread.statistics();
        let is_more = |of: fn(&Statistics) -> u32| of(&now) > of(&before);
        let what = match (
            is_more(|statistics| statistics.bypassed),
            is_more(|statistics| statistics.run),
            is_more(|statistics| statistics.rolled_back),
        ) {
            (true, ..) => TransactionEvent::Bypassed,
            (_, true, false) => TransactionEvent::Commits,
            (_, true, true) => TransactionEvent::Aborts,
            (_, false, true) => TransactionEvent::RollsBack,
            (_, false, false) => return,
        };
        self.tell(what);
    }

    #[inline]
    fn tell(&self, what: TransactionEvent) {
        self.kernel.port.observe(Event::Transaction {
            task: self.index,
            what,
        });
    }
}

impl<B: Board> TaskCalls for Task<'_, B> {
    type Nvm = B::Nvm;
    type Port = B::Port;

    fn call_alone<R: Record>(
        &mut self,
        site: Site,
        name: CallName,
        attempt: impl FnOnce(&mut Call<'_, B::Nvm, B::Port>) -> Result<Progress<R>, Error>,
    ) -> Result<R, Error> {
        let (kernel, index) = (self.kernel, self.index);
        self.run(site, Error::is_outcome, |tx| {
            let (scheduler, port) = (&kernel.scheduler, &kernel.port);
            Call::new(scheduler, port, index, tx.system(), site, name).run(attempt)
        })
    }

    fn stop(&mut self, error: Error) {
        self.stopped.get_or_insert(error);
    }
}

impl<B: Board> Durable for Task<'_, B> {
    type Nvm = B::Nvm;

    fn thread(&mut self) -> &mut Thread<B::Nvm> {
        &mut self.thread
    }
}
