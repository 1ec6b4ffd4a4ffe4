//! How a system call completes, blocks and is bypassed.
//!
//! A call that need not wait is one kernel transaction. A call that blocks is two: the step that puts the
//! task to sleep, and the completion after it has been woken:
//!
//! | store | power lost after it: the restarted task |
//! | --- | --- |
//! | where the result will go; list work, staged | makes the call anew |
//! | commit of the step; list work | stays blocked, with its deadline, and does not run |
//! | somebody else's kernel transaction, which puts the result there and makes the task ready | replays up to the call, finds the step taken, and completes |
//! | commit of the completion | bypasses the call |
//!
//! A task that runs and whose call has its step behind it has therefore been woken, and its result is in
//! its place: there is no flag that could be lost or seen twice.

use nvm_core::{Nvm, Record};
use nvm_list::List;
use replay::{Site, SystemTable, SystemTx};

use crate::broken::{self, Variant};
use crate::error::Error;
use crate::port::Port;
use crate::scheduler::{Operations, Scheduler};
use crate::task::TaskIndex;
use crate::timeout::Timeout;

/// What system calls are made on: a running transaction of a kernel's task.
pub trait SystemCalls {
    /// The kernel's NVM.
    type Nvm: Nvm + Copy;
    /// The kernel's port.
    type Port: Port;

    /// Begins a system call.
    fn call(&mut self, site: Site) -> Call<'_, Self::Nvm, Self::Port>;
}

/// A system call that a task makes.
#[derive(Debug)]
pub struct Call<'c, N: Nvm + Copy, P: Port> {
    scheduler: &'c Scheduler<N>,
    port: &'c P,
    task: TaskIndex,
    system: &'c mut SystemTable<N>,
    site: Site,
    /// It has woken somebody.
    woke: bool,
}

impl<'c, N: Nvm + Copy, P: Port> Call<'c, N, P> {
    /// A call of `task`, made at `site`. For kernels.
    pub fn new(
        scheduler: &'c Scheduler<N>,
        port: &'c P,
        task: TaskIndex,
        system: &'c mut SystemTable<N>,
        site: Site,
    ) -> Self {
        Self {
            scheduler,
            port,
            task,
            system,
            site,
            woke: false,
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

    /// Runs a system call whose result is an `R`:
    ///
    /// 1. where it completed before a power loss, gives its result;
    /// 2. where it had blocked before a power loss, goes to 4;
    /// 3. in a critical section, runs `attempt`, which either [`complete`](Call::complete)s it, or
    ///    [`block`](Call::block)s it;
    /// 4. if it blocked: gives the processor away, and when it has it again, takes the result that whoever
    ///    woke the task has put there.
    pub fn run<R: Record>(
        mut self,
        attempt: impl FnOnce(&mut Self) -> Result<Progress<R>, Error>,
    ) -> Result<R, Error> {
        if let Some(result) = self.system.bypass(self.site)? {
            return Ok(result);
        }
        if !self.system.has_steps() {
            let port = self.port;
            match port.critical(|| attempt(&mut self))? {
                Progress::Completed(result) => {
                    if self.woke && port.critical(|| self.scheduler.is_outranked(self.task))? {
                        port.switch();
                    }
                    return Ok(result);
                }
                Progress::Blocked => port.switch(),
            }
        }
        let port = self.port;
        Ok(port.critical(|| self.system.complete_in_place(self.site))?)
    }

    /// Completes the call: `body` changes objects in the kernel transaction and gives the result;
    /// `operations` are carried out with it.
    pub fn complete<R: Record>(
        &mut self,
        operations: &Operations,
        body: impl FnOnce(&mut SystemTx<'_, N>) -> Result<R, replay::Error>,
    ) -> Result<Progress<R>, Error> {
        self.stage(operations)?;
        let result = self.system.complete(self.site, body);
        let result = self.settle(operations, result)?;
        self.woke = !operations.as_slice().is_empty();
        Ok(Progress::Completed(result))
    }

    /// Blocks the task in a wait list, until it is woken or the time is up. Its result, of up to
    /// `R::MAX_BYTES`, is put in place by who wakes it; a timeout puts `Err(Outcome::Timeout)` there, as the
    /// record of a `Result` that it is. `payload` is kept behind the result, for who wakes the task.
    pub fn block<R: Record>(
        &mut self,
        wait_list: List,
        timeout: Timeout,
        payload: &[u8],
    ) -> Result<Progress<R>, Error> {
        let until = match timeout {
            Timeout::Ticks(ticks) => Some(self.scheduler.tick_in(ticks.max(1))?),
            Timeout::None | Timeout::Forever => None,
        };
        self.system
            .reserve(R::MAX_BYTES.saturating_add(payload.len() as u32))?;
        let result_at = self.system.result_at();
        self.scheduler.set_result_at(self.task, result_at)?;
        if !payload.is_empty() {
            self.nvm()
                .write(nvm_core::Class::Kernel, result_at + R::MAX_BYTES, payload)?;
        }
        self.sleep(Some(wait_list), until)
    }

    /// Delays the task until a tick; not at all where it has come, which is to say that it is at most
    /// [`MAX_TICKS`](crate::MAX_TICKS) ago.
    pub fn delay_until(&mut self, tick: u32) -> Result<Progress<()>, Error> {
        if self.scheduler.has_come(tick)? {
            return self.complete(&Operations::default(), |_| Ok(()));
        }
        self.system.reserve(0)?;
        self.sleep(None, Some(tick))
    }

    fn sleep<R>(
        &mut self,
        wait_list: Option<List>,
        until: Option<u32>,
    ) -> Result<Progress<R>, Error> {
        let operations = self
            .scheduler
            .block_operations(self.task, wait_list, until)?;
        self.stage(&operations)?;
        let result = self.system.step(self.site, |_| Ok(()));
        self.settle(&operations, result)?;
        Ok(Progress::Blocked)
    }

    /// Stages list work for the kernel transaction that commits next.
    fn stage(&self, operations: &Operations) -> Result<(), Error> {
        if operations.as_slice().is_empty() {
            return Ok(());
        }
        let tag = u16::from_le_bytes([self.system.next_sequence(), self.task.0]);
        let op_log = self.scheduler.op_log();
        if broken::is(Variant::ListsBeforeCommit) {
            return Ok(op_log.run(self.nvm(), operations.as_slice())?);
        }
        Ok(op_log.stage(self.nvm(), operations.as_slice(), tag)?)
    }

    /// Carries out staged list work after the commit, or drops it after a failure. After a failed access to
    /// the NVM it is open whether the commit was stored: then the next start decides.
    fn settle<R>(
        &self,
        operations: &Operations,
        result: Result<R, replay::Error>,
    ) -> Result<R, Error> {
        if !operations.as_slice().is_empty() {
            let op_log = self.scheduler.op_log();
            match &result {
                Ok(_) => op_log.complete(self.nvm())?,
                Err(error) if is_device_failure(*error) => {}
                Err(_) => op_log.discard(self.nvm())?,
            }
        }
        Ok(result?)
    }
}

const fn is_device_failure(error: replay::Error) -> bool {
    matches!(
        error.kind(),
        replay::ErrorKind::Transaction(nvm_tx::FaultKind::Nvm(_))
    )
}

/// How far an attempt at a system call got.
#[derive(Debug)]
pub enum Progress<R> {
    /// It is done.
    Completed(R),
    /// The task sleeps.
    Blocked,
}
