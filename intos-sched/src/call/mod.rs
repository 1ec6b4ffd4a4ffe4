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
//!
//! | module | owns |
//! | --- | --- |
//! | `callers` | [`SystemCalls`], [`TaskCalls`] and [`InterruptCalls`]: what calls are made on |
//! | `completion` | the kernel transaction that completes a call |
//! | `blocking` | the one that puts a task to sleep |

mod blocking;
mod callers;
mod completion;

use nvm_core::{Nvm, RawOffset, Record};
use nvm_list::Staged;
use nvm_tx::UndoLog;
use replay::{Decode, Site, SystemTable};

pub use self::blocking::Wait;
pub use self::callers::{InterruptCalls, SystemCalls, TaskCalls};
use crate::error::{Error, ErrorKind};
use crate::observe::Event;
use crate::port::Port;
use crate::scheduler::Scheduler;
use crate::task::{TaskId, TaskIndex};
use crate::work::Work;

/// The name of a system call, as `&"queue.send"`: one pointer, where a string is two words.
pub type CallName = &'static &'static str;

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
}

/// Never answered: a body that has run has given its result.
const NO_RESULT: Error = ErrorKind::Damaged { offset: 0 }.error();

#[inline]
fn tell_committed<P: Port>(port: &P, task: Option<TaskIndex>, call: CallName, blocks: bool) {
    port.observe(Event::Committed { task, call, blocks });
}

/// How far an attempt at a system call got.
#[derive(Debug)]
pub enum Progress<R> {
    /// It is done.
    Completed(R),
    /// The task sleeps.
    Blocked,
}
