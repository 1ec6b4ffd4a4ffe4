//! The kernel transaction that puts a task to sleep.

use nvm_core::{Nvm, RawOffset, Record};
use nvm_list::List;
use replay::SystemTx;

use super::{Call, Caller, Progress, tell_committed};
use crate::error::{Error, ErrorKind};
use crate::port::Port;
use crate::timeout::{Span, Timeout};
use crate::work::{WaitClass, Work};

impl<N: Nvm + Copy, P: Port> Call<'_, N, P> {
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
