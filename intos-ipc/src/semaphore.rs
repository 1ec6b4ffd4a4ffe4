//! A counting semaphore.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..8 | wait list |
//! | 8..12 | count; `0xFFFF_FFFF`: the semaphore was deleted |
//!
//! Tasks wait only while the count is 0. A release that finds a waiting task wakes it and leaves the count
//! as it is: the unit goes straight to that task, and nobody can take it in between.

#[cfg(feature = "inspect")]
pub(crate) mod inspect;

use intos_sched::{
    Call, Error, ErrorKind, InterruptCalls, Outcome, Port, Progress, Scheduler, SystemCalls,
    Timeout, Wait, Work,
};
use nvm_core::{Class, Layout, Nvm, Offset, field};
use nvm_list::{Head, List};
use replay::{Site, SystemTx};

nvm_core::persist! {
    struct Header {
        waiting: Head,
        count: u32,
    }
}

/// `count` of a semaphore that was deleted.
const DELETED: u32 = u32::MAX;

/// A counting semaphore; with a maximum of 1 a binary one. Tasks wait by priority, and equals in the order
/// in which they came.
///
/// A handle, two words: the semaphore lies in NVM, 12 bytes. Each release is matched by at most one
/// acquisition, whatever power losses fall into the calls.
#[derive(Debug, Clone, Copy)]
pub struct Semaphore {
    header: Offset<Header>,
    maximum: u32,
}

type Done = Result<(), Outcome>;

impl Semaphore {
    /// Places a semaphore in a layout: of up to `maximum` units, at most 4,294,967,294.
    pub fn place(layout: &mut Layout, name: &str, maximum: u32) -> Self {
        Self {
            header: layout.object(name),
            maximum: maximum.min(DELETED - 1),
        }
    }

    /// Makes it a semaphore with `count` units. Part of the region's first boot.
    pub fn format<N: Nvm>(&self, nvm: &N, count: u32) -> Result<(), Error> {
        List::format(nvm, Class::Kernel, field!(self.header, Header.waiting), 0)?;
        nvm.store(Class::Kernel, self.count_at(), &count.min(self.maximum))?;
        Ok(())
    }

    /// How many units are free now, as seen from outside of any task: 0 where it was deleted.
    pub fn count<N: Nvm>(&self, nvm: &N) -> Result<u32, Error> {
        let count = nvm.load(self.count_at())?;
        Ok(if count == DELETED { 0 } else { count })
    }

    /// Validates the semaphore, and answers how many units are free: for tests and for tools that look at
    /// images. Stores nothing.
    ///
    /// # Errors
    ///
    /// What is wrong, where the image is damaged.
    pub fn check<N: Nvm + Copy>(&self, scheduler: &Scheduler<N>) -> Result<u32, Error> {
        let count = self.count(scheduler.nvm())?;
        let waiting = scheduler.check_wait_list(self.waiting()?)?;
        if count > self.maximum || (waiting > 0 && count > 0) {
            return Err(ErrorKind::Damaged {
                offset: self.header.get(),
            }
            .error());
        }
        Ok(count)
    }

    /// Takes a unit, and waits for one if there is none.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`] where the time was up, [`Outcome::Empty`] where it was not to wait,
    /// [`Outcome::Deleted`].
    #[track_caller]
    pub fn acquire(
        &self,
        tx: &mut impl SystemCalls,
        timeout: impl Into<Timeout>,
    ) -> Result<(), Error> {
        let (semaphore, timeout) = (*self, timeout.into());
        let done: Done = tx
            .call(Site::here(), &"semaphore.acquire")
            .run(|call| semaphore.attempt_acquire(call, timeout))?;
        Ok(done?)
    }

    /// Takes a unit if there is one.
    #[track_caller]
    pub fn try_acquire(&self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        self.acquire(tx, Timeout::None)
    }

    /// Gives a unit: to the task that waits first, or to the count.
    ///
    /// # Errors
    ///
    /// [`Outcome::Overflow`] where the count is at its maximum, [`Outcome::Deleted`].
    #[track_caller]
    pub fn release(&self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        let semaphore = *self;
        let done: Done = tx
            .call(Site::here(), &"semaphore.release")
            .run(|call| semaphore.attempt_release(call))?;
        Ok(done?)
    }

    /// How many units are free. Recorded: a repeated transaction gets the same.
    #[track_caller]
    pub fn available(&self, tx: &mut impl SystemCalls) -> Result<u32, Error> {
        let semaphore = *self;
        tx.call(Site::here(), &"semaphore.available").run(|call| {
            let count = semaphore.count(call.nvm())?;
            call.answer(count)
        })
    }

    /// Deletes the semaphore for good: all who wait for it are woken with [`Outcome::Deleted`], and every
    /// later call answers that.
    #[track_caller]
    pub fn delete(&self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        let semaphore = *self;
        let done: Done = tx
            .call(Site::here(), &"semaphore.delete")
            .run(|call| semaphore.attempt_delete(call))?;
        Ok(done?)
    }

    /// [`release`](Semaphore::release), from an interrupt handler.
    #[track_caller]
    pub fn release_from_isr(&self, isr: &mut impl InterruptCalls) -> Result<(), Error> {
        let semaphore = *self;
        let done: Done = isr
            .call_from_isr(Site::here(), &"semaphore.release_from_isr")
            .run(|call| semaphore.attempt_release(call))?;
        Ok(done?)
    }

    /// [`try_acquire`](Semaphore::try_acquire), from an interrupt handler.
    #[track_caller]
    pub fn acquire_from_isr(&self, isr: &mut impl InterruptCalls) -> Result<(), Error> {
        let semaphore = *self;
        let done: Done = isr
            .call_from_isr(Site::here(), &"semaphore.acquire_from_isr")
            .run(|call| semaphore.attempt_acquire(call, Timeout::None))?;
        Ok(done?)
    }

    fn attempt_acquire<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        timeout: Timeout,
    ) -> Result<Progress<Done>, Error> {
        let count = call.nvm().load(self.count_at())?;
        if count == DELETED {
            return call.refuse(Outcome::Deleted);
        }
        if count > 0 {
            return call.complete_alone(|kernel| {
                self.set_count(kernel, count, count - 1)?;
                Ok(Ok(()))
            });
        }
        if timeout == Timeout::None {
            return call.refuse(Outcome::Empty);
        }
        call.block::<Done>(Wait::in_list(self.waiting()?), timeout, &[])
    }

    fn attempt_release<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
    ) -> Result<Progress<Done>, Error> {
        let scheduler = call.scheduler();
        if let Some(task) = scheduler.first_waiting(self.waiting()?)? {
            let mut work = Work::none();
            work.wake(scheduler, task)?;
            if intos_sched::is_broken(intos_sched::Variant::ResultAfterWakeUp) {
                let done = call.complete(&work, |_| Ok(Ok(())));
                scheduler.put_result(task, &Outcome::SUCCESS)?;
                return done;
            }
            scheduler.put_result(task, &Outcome::SUCCESS)?;
            return call.complete(&work, |_| Ok(Ok(())));
        }
        let count = call.nvm().load(self.count_at())?;
        if count == DELETED {
            return call.refuse(Outcome::Deleted);
        }
        if count >= self.maximum {
            return call.refuse(Outcome::Overflow);
        }
        call.complete_alone(|kernel| {
            self.set_count(kernel, count, count + 1)?;
            Ok(Ok(()))
        })
    }

    fn attempt_delete<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
    ) -> Result<Progress<Done>, Error> {
        if call.nvm().load(self.count_at())? == DELETED {
            return call.refuse(Outcome::Deleted);
        }
        let work = Work::of_deletion(call.nvm(), [self.waiting()?])?;
        call.complete(&work, |kernel| {
            kernel.set(self.count_at(), DELETED)?;
            Ok(Ok(()))
        })
    }

    /// Stores a new count: without the upper half, where it is there already.
    fn set_count<N: Nvm + Copy>(
        self,
        kernel: &mut SystemTx<'_, N>,
        before: u32,
        count: u32,
    ) -> Result<(), replay::Error> {
        if before >> 16 == count >> 16 {
            kernel.set(self.count_at().cast(), count as u16)?;
        } else {
            kernel.set(self.count_at(), count)?;
        }
        Ok(())
    }

    fn waiting(self) -> Result<List, Error> {
        Ok(List::at(field!(self.header, Header.waiting))?)
    }

    fn count_at(self) -> Offset<u32> {
        field!(self.header.at_word(), Header.count)
    }
}
