//! The kernel transaction that completes a call: a task's, or an interrupt handler's.

use core::mem;

use nvm_core::{Nvm, RawOffset, Record, ablation};
use nvm_list::Staged;
use nvm_tx::UndoLog;
use replay::SystemTx;

use super::{Call, CallName, Caller, Progress, tell_committed};
use crate::error::{Error, Outcome};
use crate::port::Port;
use crate::scheduler::Scheduler;
use crate::work::Work;

impl<N: Nvm + Copy, P: Port> Call<'_, N, P> {
    /// Completes the call: `body` changes objects in the kernel transaction and gives the result; `work` is
    /// carried out with it.
    #[inline]
    pub fn complete<R: Record>(
        &mut self,
        work: &Work,
        body: impl FnOnce(&mut SystemTx<'_, N>) -> Result<R, replay::Error>,
    ) -> Result<Progress<R>, Error> {
        let is_alone = work.is_none();
        self.begin(work, is_alone, R::MAX_BYTES)?;
        match self.change(body) {
            Ok((record_end, result)) => {
                self.end(work, is_alone, R::MAX_BYTES, record_end)?;
                Ok(Progress::Completed(result))
            }
            Err(error) => Err(self.give_up(work, error)),
        }
    }

    /// The same without any work.
    #[inline]
    pub fn complete_alone<R: Record>(
        &mut self,
        body: impl FnOnce(&mut SystemTx<'_, N>) -> Result<R, replay::Error>,
    ) -> Result<Progress<R>, Error> {
        self.complete_alone_as(R::MAX_BYTES, body)
    }

    /// The same in a record for up to so many bytes, as another type of result may have.
    #[inline]
    fn complete_alone_as<R: Record>(
        &mut self,
        max_bytes: RawOffset,
        body: impl FnOnce(&mut SystemTx<'_, N>) -> Result<R, replay::Error>,
    ) -> Result<Progress<R>, Error> {
        match &mut self.caller {
            Caller::Task { system, .. } => system.begin_completion(self.site, max_bytes)?,
            Caller::Interrupt { .. } => self.begin_alone_from_isr()?,
        }
        match self.change(body) {
            Ok((record_end, result)) => {
                match &mut self.caller {
                    Caller::Task { task, system } => {
                        system.end_completion(self.site, max_bytes, record_end)?;
                        tell_committed(self.port, Some(*task), self.name, false);
                    }
                    Caller::Interrupt { .. } => self.end_alone_from_isr()?,
                }
                Ok(Progress::Completed(result))
            }
            Err(error) => Err(self.give_up_alone(error)),
        }
    }

    /// Runs the body of the kernel transaction that has begun, and puts its result; answers where its record ends.
    #[inline]
    fn change<R: Record>(
        &mut self,
        body: impl FnOnce(&mut SystemTx<'_, N>) -> Result<R, replay::Error>,
    ) -> Result<(RawOffset, R), replay::Error> {
        let mut tx = match &mut self.caller {
            Caller::Task { system, .. } => system.log().resume(),
            Caller::Interrupt { log, .. } => log.resume(),
        };
        let done = body(&mut tx);
        // It goes on: `end` commits it.
        mem::forget(tx);
        let result = done?;
        match &self.caller {
            Caller::Task { system, .. } => Ok((system.put_result(&result)?, result)),
            // Not recorded.
            Caller::Interrupt { .. } => Ok((0, result)),
        }
    }

    #[cold]
    #[inline(never)] // One copy.
    fn begin_alone_from_isr(&mut self) -> Result<(), Error> {
        self.begin_with_work(&Work::none(), 0)
    }

    #[cold]
    #[inline(never)] // One copy.
    fn end_alone_from_isr(&mut self) -> Result<(), Error> {
        self.end_with_work(&Work::none(), 0, 0)
    }

    #[cold]
    #[inline(never)] // One copy.
    fn give_up_alone(&mut self, error: replay::Error) -> Error {
        self.give_up(&Work::none(), error)
    }

    /// Begins the kernel transaction that completes the call, and stages its work, if there is any.
    #[inline]
    fn begin(&mut self, work: &Work, is_alone: bool, max_bytes: RawOffset) -> Result<(), Error> {
        match &mut self.caller {
            Caller::Task { system, .. } if is_alone => {
                Ok(system.begin_completion(self.site, max_bytes)?)
            }
            _ => self.begin_with_work(work, max_bytes),
        }
    }

    /// The same with work, or from an interrupt handler.
    #[inline(never)] // One copy.
    fn begin_with_work(&mut self, work: &Work, max_bytes: RawOffset) -> Result<(), Error> {
        match &mut self.caller {
            Caller::Task { task, system } => {
                let tag = u16::from_le_bytes([system.next_sequence(), task.0]);
                self.staged = self.scheduler.stage(work, tag)?;
                let begun = system.begin_completion(self.site, max_bytes);
                begun.or_else(|error| self.scheduler.settle(work, self.staged, Err(error.into())))
            }
            Caller::Interrupt { log, begin, .. } => {
                self.staged = begin(self.scheduler, log, work)?;
                Ok(())
            }
        }
    }

    /// Commits it with the record of its result, which ends there, and carries out its work.
    #[inline]
    fn end(
        &mut self,
        work: &Work,
        is_alone: bool,
        max_bytes: RawOffset,
        record_end: RawOffset,
    ) -> Result<(), Error> {
        match &mut self.caller {
            Caller::Task { task, system } if is_alone => {
                system.end_completion(self.site, max_bytes, record_end)?;
                tell_committed(self.port, Some(*task), self.name, false);
                Ok(())
            }
            _ => self.end_with_work(work, max_bytes, record_end),
        }
    }

    /// The same with work, or from an interrupt handler.
    #[inline(never)] // One copy.
    fn end_with_work(
        &mut self,
        work: &Work,
        max_bytes: RawOffset,
        record_end: RawOffset,
    ) -> Result<(), Error> {
        let (scheduler, port, name, staged) = (self.scheduler, self.port, self.name, self.staged);
        match &mut self.caller {
            Caller::Task { task, system } => {
                if !ablation::LISTS_RECORD {
                    let mut tx = system.log().resume();
                    let changed = scheduler.change_lists_in(&mut tx, work);
                    mem::forget(tx);
                    if let Err(error) = changed {
                        return Err(self.give_up(work, error));
                    }
                }
                let ended = system.end_completion(self.site, max_bytes, record_end);
                if ended.is_ok() {
                    tell_committed(port, Some(*task), name, false);
                }
                scheduler.settle(work, staged, ended.map_err(Error::from))?;
                self.is_outranked = scheduler.is_outranked(*task)?;
                Ok(())
            }
            Caller::Interrupt { woke, log, end, .. } => {
                end(scheduler, port, name, log, work, staged, None)?;
                **woke |= !work.is_none();
                Ok(())
            }
        }
    }

    /// Rolls it back, and drops its work. Answers why the call fails.
    #[cold]
    #[inline(never)]
    fn give_up(&mut self, work: &Work, error: replay::Error) -> Error {
        let (scheduler, staged) = (self.scheduler, self.staged);
        let failed = match &mut self.caller {
            Caller::Task { system, .. } => {
                let error = Error::from(system.give_up(error));
                scheduler.settle::<()>(work, staged, Err(error))
            }
            Caller::Interrupt { log, end, .. } => end(
                scheduler,
                self.port,
                self.name,
                log,
                work,
                staged,
                Some(error),
            ),
        };
        failed.err().unwrap_or(error.into())
    }

    pub(super) fn begin_from_isr(
        scheduler: &Scheduler<N>,
        log: &mut UndoLog<N>,
        work: &Work,
    ) -> Result<Staged, Error> {
        // Follow-ups use it as well.
        *log = scheduler.kernel_log();
        scheduler.begin_on(log, work)
    }

    pub(super) fn end_from_isr(
        scheduler: &Scheduler<N>,
        port: &P,
        call: CallName,
        log: &mut UndoLog<N>,
        work: &Work,
        staged: Staged,
        failed: Option<replay::Error>,
    ) -> Result<(), Error> {
        let committed = || tell_committed(port, None, call, false);
        let done = failed.map_or(Ok(()), Err);
        scheduler.end_on(log, work, staged, committed, done)
    }

    /// Completes the call with a result, and does nothing else.
    #[inline]
    pub fn answer<R: Record>(&mut self, result: R) -> Result<Progress<R>, Error> {
        self.complete_alone(|_| Ok(result))
    }

    /// Completes the call with an outcome that is no success, and does nothing else.
    #[inline]
    pub fn refuse<T: Record>(
        &mut self,
        outcome: Outcome,
    ) -> Result<Progress<Result<T, Outcome>>, Error> {
        self.record_outcome(<Result<T, Outcome>>::MAX_BYTES, outcome)?;
        Ok(Progress::Completed(Err(outcome)))
    }

    #[inline(never)] // One copy: the record is the same whatever a success would be.
    fn record_outcome(&mut self, max_bytes: RawOffset, outcome: Outcome) -> Result<(), Error> {
        let refused = Err::<(), _>(outcome);
        self.complete_alone_as(max_bytes, |_| Ok(refused))?;
        Ok(())
    }
}
