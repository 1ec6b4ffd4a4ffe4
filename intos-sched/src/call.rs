//! How a system call completes, blocks and is bypassed.
//!
//! A call that need not wait is one kernel transaction. A call that blocks is two: the step that puts the
//! task to sleep, and the completion after it has been woken:
//!
//! | store | power lost after it: the restarted task |
//! | --- | --- |
//! | where the result will go, what the task brings behind it; list work and follow-up, staged | makes the call anew |
//! | commit of the step; list work, follow-up | stays blocked, with its deadline, and does not run |
//! | somebody else's kernel transaction, which puts the result there and makes the task ready | replays up to the call, finds the step taken, and completes |
//! | commit of the completion | bypasses the call |
//!
//! A task that runs and whose call has its step behind it has therefore been woken, and its result is in
//! its place: there is no flag that could be lost or seen twice.
//!
//! An interrupt handler's call is one kernel transaction on the kernel's own log. It is not recorded: whoever
//! raised the interrupt knows nothing of a repetition.

use core::mem;

use nvm_core::{Nvm, RawOffset, Record, ablation};
use nvm_list::{List, Staged};
use nvm_tx::UndoLog;
use replay::{Decode, Site, SystemTable, SystemTx};

use crate::error::{Error, ErrorKind, Outcome};
use crate::observe::Event;
use crate::port::Port;
use crate::scheduler::Scheduler;
use crate::task::{TaskId, TaskIndex};
use crate::timeout::{Span, Timeout};
use crate::work::{WaitClass, Work};

/// The name of a system call, as `&"queue.send"`: one pointer, where a string is two words.
pub type CallName = &'static &'static str;

/// What system calls are made on: a running transaction of a kernel's task.
#[diagnostic::on_unimplemented(
    message = "a system call is part of a transaction, and `{Self}` is none",
    label = "not a transaction",
    note = "in a task, make it in a transaction: `task.transaction(|tx| …)`, and pass it `tx`",
    note = "in an interrupt handler, use the call whose name ends with `_from_isr`, which never blocks"
)]
pub trait SystemCalls {
    /// The kernel's NVM.
    type Nvm: Nvm + Copy;
    /// The kernel's port.
    type Port: Port;

    /// Begins a system call with a name, as `queue.send`.
    fn call(&mut self, site: Site, name: CallName) -> Call<'_, Self::Nvm, Self::Port>;
}

/// What calls are made on that must not be made in a transaction, locking above all: a whole task. Each is
/// a transaction of its own.
#[diagnostic::on_unimplemented(
    message = "a call that is a transaction of its own takes a whole task, and `{Self}` is none",
    label = "not a task",
    note = "to lock, do it before the transaction: `let mut guard = mutex.lock(task, timeout)?`, then \
            `guard.transaction(|tx| …)`",
    note = "to lock another mutex while a guard lives, pass the task that it holds: `&mut *guard`"
)]
pub trait TaskCalls {
    /// The kernel's NVM.
    type Nvm: Nvm + Copy;
    /// The kernel's port.
    type Port: Port;

    /// Makes a system call in a transaction of its own, or bypasses it.
    fn call_alone<R: Record>(
        &mut self,
        site: Site,
        name: CallName,
        attempt: impl FnOnce(&mut Call<'_, Self::Nvm, Self::Port>) -> Result<Progress<R>, Error>,
    ) -> Result<R, Error>;

    /// Lets nothing more happen: what every call of the task answers until a restart.
    fn stop(&mut self, error: Error);
}

/// What the calls of an interrupt handler are made on. They never block.
#[diagnostic::on_unimplemented(
    message = "only an interrupt handler makes this call, and `{Self}` is none",
    label = "not an interrupt handler",
    note = "in a task, use the call whose name does not end with `_from_isr`"
)]
pub trait InterruptCalls {
    /// The kernel's NVM.
    type Nvm: Nvm + Copy;
    /// The kernel's port.
    type Port: Port;

    /// Begins a call, made at `site`, with a name, as `queue.send_from_isr`.
    fn call_from_isr(&mut self, site: Site, name: CallName) -> Call<'_, Self::Nvm, Self::Port>;
}

/// Who makes a call.
#[derive(Debug)]
enum Caller<'c, N: Nvm + Copy, P: Port> {
    Task {
        task: TaskIndex,
        system: &'c mut SystemTable<N>,
    },
    Interrupt {
        /// It is told whether it may have woken somebody.
        woke: &'c mut bool,
        /// The kernel's own log.
        log: &'c mut UndoLog<N>,
        /// [`Call::begin_from_isr`] and [`Call::end_from_isr`]: so that programs without interrupts do not have them.
        begin: BeginFromIsr<N>,
        end: EndFromIsr<N, P>,
    },
}

type BeginFromIsr<N> = fn(&Scheduler<N>, &mut UndoLog<N>, &Work) -> Result<Staged, Error>;

type EndFromIsr<N, P> = fn(
    &Scheduler<N>,
    &P,
    CallName,
    &mut UndoLog<N>,
    &Work,
    Staged,
    Option<replay::Error>,
) -> Result<(), Error>;

/// A system call that a task or an interrupt handler makes.
#[derive(Debug)]
pub struct Call<'c, N: Nvm + Copy, P: Port> {
    scheduler: &'c Scheduler<N>,
    port: &'c P,
    caller: Caller<'c, N, P>,
    site: Site,
    name: CallName,
    /// Of its work, between the beginning and the end of its kernel transaction.
    staged: Staged,
    /// Its work has made a task ready that comes first, perhaps.
    is_outranked: bool,
}

impl<'c, N: Nvm + Copy, P: Port> Call<'c, N, P> {
    /// A call of `task`, made at `site`. For kernels.
    pub fn new(
        scheduler: &'c Scheduler<N>,
        port: &'c P,
        task: TaskIndex,
        system: &'c mut SystemTable<N>,
        site: Site,
        name: CallName,
    ) -> Self {
        Self {
            scheduler,
            port,
            caller: Caller::Task { task, system },
            site,
            name,
            staged: Staged::default(),
            is_outranked: false,
        }
    }

    /// A call of an interrupt handler, made at `site`, on the kernel's [own log](Scheduler::kernel_log). The handler is
    /// told whether somebody may have been woken: whether it did work that goes with the commit. For kernels.
    pub fn from_isr(
        scheduler: &'c Scheduler<N>,
        port: &'c P,
        woke: &'c mut bool,
        log: &'c mut UndoLog<N>,
        site: Site,
        name: CallName,
    ) -> Self {
        Self {
            scheduler,
            port,
            caller: Caller::Interrupt {
                woke,
                log,
                begin: Self::begin_from_isr,
                end: Self::end_from_isr,
            },
            site,
            name,
            staged: Staged::default(),
            is_outranked: false,
        }
    }

    /// The scheduler.
    pub const fn scheduler(&self) -> &'c Scheduler<N> {
        self.scheduler
    }

    /// The NVM.
    pub const fn nvm(&self) -> &'c N {
        self.scheduler.nvm()
    }

    /// The task that makes the call.
    ///
    /// # Errors
    ///
    /// Where an interrupt handler makes it.
    pub const fn task(&self) -> Result<TaskIndex, Error> {
        match &self.caller {
            Caller::Task { task, .. } => Ok(*task),
            Caller::Interrupt { .. } => Err(ErrorKind::InInterrupt {
                site: Some(self.site),
            }
            .error()),
        }
    }

    /// The same, by its name.
    pub fn task_id(&self) -> Result<TaskId, Error> {
        self.scheduler.id(self.task()?)
    }

    /// Runs a system call whose result is an `R`:
    ///
    /// 1. where it completed before a power loss, gives its result;
    /// 2. where it had blocked before a power loss, goes to 4;
    /// 3. in a critical section, runs `attempt`, which either [`complete`](Call::complete)s it, or
    ///    [`block`](Call::block)s it;
    /// 4. if it blocked: gives the processor away, and when it has it again, takes the result that whoever
    ///    woke the task has put there.
    #[inline]
    pub fn run<R: Record>(
        mut self,
        attempt: impl FnOnce(&mut Self) -> Result<Progress<R>, Error>,
    ) -> Result<R, Error> {
        if self.is_new() {
            let port = self.port;
            let progress = port.critical(|| {
                self.tell_called();
                attempt(&mut self)
            })?;
            match progress {
                Progress::Completed(result) => {
                    if self.is_outranked {
                        port.switch();
                    }
                    return Ok(result);
                }
                Progress::Blocked => port.switch(),
            }
        }
        self.take_result()
    }

    /// Whether the call is made for the first time.
    fn is_new(&mut self) -> bool {
        match &mut self.caller {
            Caller::Task { system, .. } => system.is_new(),
            Caller::Interrupt { .. } => true,
        }
    }

    #[inline]
    fn tell_called(&self) {
        self.port.observe(Event::Called {
            task: self.task().ok(),
            call: self.name,
        });
    }

    /// Takes the result of a call that has completed, or that whoever woke the task has put there.
    #[inline(never)] // One copy for each type of result.
    fn take_result<R: Record>(self) -> Result<R, Error> {
        let mut result = None::<R>;
        self.take_encoded(R::MAX_BYTES, &mut result)?;
        result.ok_or(NO_RESULT)
    }

    fn take_encoded(self, max_bytes: RawOffset, result: &mut dyn Decode<N>) -> Result<(), Error> {
        let (port, site, call) = (self.port, self.site, self.name);
        let Caller::Task { task, system } = self.caller else {
            return Err(ErrorKind::InInterrupt { site: Some(site) }.error());
        };
        if system.take_encoded(site, max_bytes, result)? {
            return Ok(());
        }
        port.critical(|| {
            system.complete_in_place_encoded(site, max_bytes, result)?;
            port.observe(Event::Completed { task, call });
            Ok(())
        })
    }

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

    fn begin_from_isr(
        scheduler: &Scheduler<N>,
        log: &mut UndoLog<N>,
        work: &Work,
    ) -> Result<Staged, Error> {
        // Follow-ups use it as well.
        *log = scheduler.kernel_log();
        scheduler.begin_on(log, work)
    }

    fn end_from_isr(
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

    /// The tick until which a call waits; `None` where it has no limit.
    pub fn deadline(&self, timeout: Timeout) -> Result<Option<u32>, Error> {
        match timeout.in_ticks(P::TICKS_PER_SECOND) {
            Some(ticks) => Ok(Some(self.scheduler.tick_in(ticks)?)),
            None => Ok(None),
        }
    }

    /// Blocks the task in a wait list, until it is woken or the time is up. Its result, of up to
    /// `R::MAX_BYTES`, is put in place by who wakes it; a timeout puts `Err(Outcome::Timeout)` there, as the
    /// record of a `Result` that it is. `payload` is kept behind the result, for who wakes the task.
    pub fn block<R: Record>(
        &mut self,
        wait: Wait,
        timeout: Timeout,
        payload: &[&[u8]],
    ) -> Result<Progress<R>, Error> {
        let until = self.deadline(timeout)?;
        self.block_with(wait, until, payload, Work::none(), |_| Ok(()))
    }

    /// The same, until a tick or without a limit; `body` changes objects in the kernel transaction with which
    /// the task blocks, and `work` is carried out with it.
    pub fn block_with<R: Record>(
        &mut self,
        wait: Wait,
        until: Option<u32>,
        payload: &[&[u8]],
        mut work: Work,
        mut body: impl FnMut(&mut SystemTx<'_, N>) -> Result<(), replay::Error>,
    ) -> Result<Progress<R>, Error> {
        self.put_payload(R::MAX_BYTES, payload)?;
        self.sleep(Some(wait), until, &mut work, &mut body)?;
        Ok(Progress::Blocked)
    }

    /// Remembers where the result of up to `max_bytes` will go, and stores a payload behind it.
    #[inline(never)] // One copy.
    fn put_payload(&mut self, max_bytes: RawOffset, payload: &[&[u8]]) -> Result<(), Error> {
        let Caller::Task { task, system } = &mut self.caller else {
            return Err(ErrorKind::InInterrupt {
                site: Some(self.site),
            }
            .error());
        };
        let bytes: usize = payload.iter().map(|part| part.len()).sum();
        system.reserve(max_bytes.saturating_add(bytes as RawOffset))?;
        let result_at = system.result_at();
        self.scheduler.set_result_at(*task, result_at)?;
        let mut at = result_at + max_bytes;
        for part in payload {
            if !part.is_empty() {
                let nvm = self.scheduler.nvm();
                nvm.write(nvm_core::Class::Kernel, at, part)?;
                at += part.len() as RawOffset;
            }
        }
        Ok(())
    }

    /// Delays the task for so long.
    pub fn delay(&mut self, span: Span) -> Result<Progress<()>, Error> {
        let until = self.scheduler.tick_in(span.in_ticks(P::TICKS_PER_SECOND))?;
        self.delay_until(until)
    }

    /// Delays the task until a tick; not at all where it has come, which is to say that it is at most
    /// [`MAX_TICKS`](crate::MAX_TICKS) ago.
    pub fn delay_until(&mut self, tick: u32) -> Result<Progress<()>, Error> {
        if self.scheduler.has_come(tick)? {
            return self.answer(());
        }
        let Caller::Task { system, .. } = &mut self.caller else {
            return Err(ErrorKind::InInterrupt {
                site: Some(self.site),
            }
            .error());
        };
        system.reserve(0)?;
        self.sleep(None, Some(tick), &mut Work::none(), &mut |_| Ok(()))?;
        Ok(Progress::Blocked)
    }

    #[inline(never)] // One copy.
    fn sleep(
        &mut self,
        wait: Option<Wait>,
        until: Option<u32>,
        work: &mut Work,
        body: &mut Change<'_, N>,
    ) -> Result<(), Error> {
        let Caller::Task { task, system } = &mut self.caller else {
            return Err(ErrorKind::InInterrupt {
                site: Some(self.site),
            }
            .error());
        };
        let scheduler = self.scheduler;
        work.block(scheduler, *task, wait, until)?;
        let tag = u16::from_le_bytes([system.next_sequence(), task.0]);
        let staged = scheduler.stage(work, tag)?;
        let result = system.step(self.site, |kernel| {
            body(kernel)?;
            scheduler.change_lists_in(kernel, work)
        });
        if result.is_ok() {
            tell_committed(self.port, Some(*task), self.name, true);
        }
        scheduler.settle(work, staged, result.map_err(Error::from))
    }
}

/// Changes objects in a kernel transaction.
type Change<'b, N> = dyn FnMut(&mut SystemTx<'_, N>) -> Result<(), replay::Error> + 'b;

/// Never answered: a body that has run has given its result.
const NO_RESULT: Error = ErrorKind::Damaged { offset: 0 }.error();

#[inline]
fn tell_committed<P: Port>(port: &P, task: Option<TaskIndex>, call: CallName, blocks: bool) {
    port.observe(Event::Committed { task, call, blocks });
}

/// Where a task waits.
#[derive(Debug, Clone, Copy)]
pub struct Wait {
    /// In this list.
    pub list: List,
    /// Among these.
    pub class: WaitClass,
}

impl Wait {
    /// In a list, among all others.
    pub const fn in_list(list: List) -> Self {
        Self {
            list,
            class: WaitClass::Takers,
        }
    }
}

/// How far an attempt at a system call got.
#[derive(Debug)]
pub enum Progress<R> {
    /// It is done.
    Completed(R),
    /// The task sleeps.
    Blocked,
}
