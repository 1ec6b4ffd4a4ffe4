//! The system calls that concern tasks: their end, suspension, priority, state, and direct notifications.
//!
//! A notification is a value in the task's control block, and a flag that one is pending. A task that waits
//! for one is in a wait list of the kernel's; what it waits for lies behind its result.
//!
//! | call | stores in its kernel transaction | work that goes with the commit |
//! | --- | --- | --- |
//! | suspend, resume | settings | out of the ready list, if it is ready; into it, if it is in no list |
//! | set_priority | settings | follow-up `Settle` |
//! | delete | | follow-up `Bury` |
//! | notify a task that waits for it | value; its result, not logged, since nobody reads it before it is ready | wakes it |
//! | notify | value, settings | |
//! | take, wait | value, settings | |
//! | take, wait where nothing is pending | value, if bits are cleared at the beginning | blocks the task |

use nvm_core::{Class, Nvm, Offset, RawOffset, Record, RecordReader, RecordWriter};
use replay::Site;

use crate::areas::{NOTIFIED, PRIORITIES};
use crate::call::{Call, CallName, InterruptCalls, Progress, SystemCalls, Wait};
use crate::error::{Error, ErrorKind, Outcome};
use crate::follow_up::FollowUp;
use crate::port::Port;
use crate::scheduler::{Scheduler, TaskState};
use crate::task::{Priority, Settings, TaskId, TaskIndex};
use crate::timeout::Timeout;
use crate::work::Work;

type Done = Result<(), Outcome>;
type Value = Result<u32, Outcome>;

/// What a notification does to the task's notification value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    /// Nothing: the task is told that there is one.
    Nothing,
    /// Adds one, up to the largest value: the value counts notifications.
    Increment,
    /// Sets bits: the value says which events there were.
    SetBits(u32),
    /// Replaces it.
    Overwrite(u32),
    /// Replaces it, if no notification is pending; else fails with [`Outcome::Overflow`].
    SetIfNonePending(u32),
}

impl Notify {
    fn applied(self, value: u32, pending: bool) -> Result<u32, Outcome> {
        Ok(match self {
            Self::Nothing => value,
            Self::Increment => value.saturating_add(1),
            Self::SetBits(bits) => value | bits,
            Self::SetIfNonePending(_) if pending => return Err(Outcome::Overflow),
            Self::Overwrite(value) | Self::SetIfNonePending(value) => value,
        })
    }
}

/// What a task waits for that waits to be notified: stored behind its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaits {
    /// A value above 0, of which it takes one.
    One,
    /// A value above 0, which it takes.
    All,
    /// Any notification; it clears these bits.
    Any { clear: u32 },
}

impl Awaits {
    const BYTES: usize = 5;

    fn encode(self) -> [u8; Self::BYTES] {
        let (kind, clear) = match self {
            Self::One => (0, 0),
            Self::All => (1, 0),
            Self::Any { clear } => (2, clear),
        };
        let [c0, c1, c2, c3] = u32::to_le_bytes(clear);
        [kind, c0, c1, c2, c3]
    }

    fn load<N: Nvm + Copy>(scheduler: &Scheduler<N>, task: TaskIndex) -> Result<Self, Error> {
        let at = scheduler.result_at(task)?.saturating_add(Value::MAX_BYTES);
        Ok(match scheduler.nvm().read_u8(at)? {
            0 => Self::One,
            1 => Self::All,
            2 => Self::Any {
                clear: scheduler.nvm().read_u32(at.saturating_add(1))?,
            },
            _ => return Err(ErrorKind::Damaged { offset: at }.error()),
        })
    }

    /// Whether it is there: what is left of the value then.
    fn met(self, value: u32, pending: bool) -> Option<u32> {
        match self {
            Self::One if value > 0 => Some(value - 1),
            Self::All if value > 0 => Some(0),
            Self::Any { clear } if pending => Some(value & !clear),
            _ => None,
        }
    }
}

impl TaskId {
    /// Suspends the task until it is resumed: it does not run, though what it waits for may come to pass. A
    /// task may suspend itself; after a power loss it is suspended still. Costs 26 bytes where the task is
    /// ready, with the call's record and commit.
    ///
    /// # Errors
    ///
    /// [`Outcome::NoSuchTask`].
    #[track_caller]
    pub fn suspend(self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        let done: Done = tx
            .call(Site::here(), &"task.suspend")
            .run(|call| attempt_suspend(call, self))?;
        Ok(done?)
    }

    /// Lets a suspended task go on; does nothing to one that is not.
    ///
    /// # Errors
    ///
    /// [`Outcome::NoSuchTask`].
    #[track_caller]
    pub fn resume(self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        let done: Done = tx
            .call(Site::here(), &"task.resume")
            .run(|call| attempt_resume(call, self))?;
        Ok(done?)
    }

    /// [`resume`](TaskId::resume), from an interrupt handler.
    #[track_caller]
    pub fn resume_from_isr(self, isr: &mut impl InterruptCalls) -> Result<(), Error> {
        let done: Done = isr
            .call_from_isr(Site::here(), &"task.resume_from_isr")
            .run(|call| attempt_resume(call, self))?;
        Ok(done?)
    }

    /// Ends another task for good: what its running transaction wrote is rolled back, what it waits for goes
    /// to others, and mutexes that it holds go to those who wait for them. System calls that it made stay
    /// made; what a [write-first](replay::Thread::transaction_write_first) transaction of it wrote without
    /// logging stays written. Its slot is free for another task of its kind.
    ///
    /// A task ends itself by returning from its function.
    ///
    /// # Errors
    ///
    /// [`Outcome::NoSuchTask`]; [`Outcome::Invalid`] for the task itself.
    #[track_caller]
    pub fn delete(self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        let done: Done = tx
            .call(Site::here(), &"task.delete")
            .run(|call| attempt_delete(call, self))?;
        Ok(done?)
    }

    /// Sets the task's own priority. Where it has inherited a higher one, that stays until it releases the
    /// mutex.
    ///
    /// # Errors
    ///
    /// [`Outcome::NoSuchTask`]; [`Outcome::Invalid`] for a priority above 7.
    #[track_caller]
    pub fn set_priority(self, tx: &mut impl SystemCalls, priority: u8) -> Result<(), Error> {
        let done: Done = tx
            .call(Site::here(), &"task.set_priority")
            .run(|call| attempt_set_priority(call, self, Priority(priority)))?;
        Ok(done?)
    }

    /// The task's priority: its own, or a higher one that it has inherited. Recorded.
    ///
    /// # Errors
    ///
    /// [`Outcome::NoSuchTask`].
    #[track_caller]
    pub fn priority(self, tx: &mut impl SystemCalls) -> Result<Priority, Error> {
        let priority: Result<u8, Outcome> =
            tx.call(Site::here(), &"task.priority").run(|call| {
                let answer = match call.scheduler().living(self)? {
                    Ok(task) => Ok(call.scheduler().priority(task)?.0),
                    Err(outcome) => Err(outcome),
                };
                call.answer(answer)
            })?;
        Ok(Priority(priority?))
    }

    /// What the task is doing. Recorded.
    #[track_caller]
    pub fn state(self, tx: &mut impl SystemCalls) -> Result<TaskState, Error> {
        tx.call(Site::here(), &"task.state").run(|call| {
            let scheduler = call.scheduler();
            let state = match scheduler.living(self)? {
                Ok(task) => scheduler.state(task)?,
                Err(_) => TaskState::Ended,
            };
            call.answer(state)
        })
    }

    /// Notifies the task: changes its notification value, and wakes it if it waits for that.
    ///
    /// # Errors
    ///
    /// [`Outcome::NoSuchTask`]; [`Outcome::Overflow`] where one is pending that must not be replaced.
    #[track_caller]
    pub fn notify(self, tx: &mut impl SystemCalls, what: Notify) -> Result<(), Error> {
        let done: Done = tx
            .call(Site::here(), &"task.notify")
            .run(|call| attempt_notify(call, self, what))?;
        Ok(done?)
    }

    /// Notifies the task, adding one to its value: a semaphore of its own.
    #[track_caller]
    pub fn give(self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        self.notify(tx, Notify::Increment)
    }

    /// [`notify`](TaskId::notify), from an interrupt handler.
    #[track_caller]
    pub fn notify_from_isr(self, isr: &mut impl InterruptCalls, what: Notify) -> Result<(), Error> {
        let done: Done = isr
            .call_from_isr(Site::here(), &"task.notify_from_isr")
            .run(|call| attempt_notify(call, self, what))?;
        Ok(done?)
    }
}

/// The notifications of the task that makes the call.
#[derive(Debug, Clone, Copy)]
pub struct Notification;

impl Notification {
    /// Waits until the notification value is above 0, and takes one from it. Answers what it was.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`]; [`Outcome::Empty`] where it was not to wait.
    #[track_caller]
    pub fn take(tx: &mut impl SystemCalls, timeout: impl Into<Timeout>) -> Result<u32, Error> {
        Self::await_value(tx, &"notification.take", Awaits::One, 0, timeout.into())
    }

    /// The same, and takes all of it.
    #[track_caller]
    pub fn take_all(tx: &mut impl SystemCalls, timeout: impl Into<Timeout>) -> Result<u32, Error> {
        Self::await_value(tx, &"notification.take_all", Awaits::All, 0, timeout.into())
    }

    /// Waits until a notification is pending, and answers the value. Clears bits of the value: `clear_before`
    /// where none is pending yet, `clear_after` from what stays behind.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`]; [`Outcome::Empty`] where it was not to wait.
    #[track_caller]
    pub fn wait(
        tx: &mut impl SystemCalls,
        clear_before: u32,
        clear_after: u32,
        timeout: impl Into<Timeout>,
    ) -> Result<u32, Error> {
        let awaits = Awaits::Any { clear: clear_after };
        Self::await_value(
            tx,
            &"notification.wait",
            awaits,
            clear_before,
            timeout.into(),
        )
    }

    #[track_caller]
    fn await_value(
        tx: &mut impl SystemCalls,
        name: CallName,
        awaits: Awaits,
        clear_before: u32,
        timeout: Timeout,
    ) -> Result<u32, Error> {
        let value: Value = tx
            .call(Site::here(), name)
            .run(|call| attempt_await(call, awaits, clear_before, timeout))?;
        Ok(value?)
    }
}

fn attempt_suspend<N: Nvm + Copy, P: Port>(
    call: &mut Call<'_, N, P>,
    id: TaskId,
) -> Result<Progress<Done>, Error> {
    let scheduler = call.scheduler();
    let task = match scheduler.living(id)? {
        Ok(task) => task,
        Err(outcome) => return call.refuse(outcome),
    };
    let settings = scheduler.settings(task)?;
    if settings.is_suspended() {
        return call.answer(Ok(()));
    }
    let work = scheduler.suspension(task)?;
    let at = scheduler.settings_at(task)?;
    call.complete(&work, |kernel| {
        kernel.set(at, settings.with_suspended(true).0)?;
        Ok(Ok(()))
    })
}

fn attempt_resume<N: Nvm + Copy, P: Port>(
    call: &mut Call<'_, N, P>,
    id: TaskId,
) -> Result<Progress<Done>, Error> {
    let scheduler = call.scheduler();
    let task = match scheduler.living(id)? {
        Ok(task) => task,
        Err(outcome) => return call.refuse(outcome),
    };
    let settings = scheduler.settings(task)?;
    if !settings.is_suspended() {
        return call.answer(Ok(()));
    }
    let work = scheduler.resumption(task)?;
    let at = scheduler.settings_at(task)?;
    call.complete(&work, |kernel| {
        kernel.set(at, settings.with_suspended(false).0)?;
        Ok(Ok(()))
    })
}

fn attempt_delete<N: Nvm + Copy, P: Port>(
    call: &mut Call<'_, N, P>,
    id: TaskId,
) -> Result<Progress<Done>, Error> {
    let scheduler = call.scheduler();
    let task = match scheduler.living(id)? {
        Ok(task) if task == call.task()? => return call.refuse(Outcome::Invalid),
        Ok(task) => task,
        Err(outcome) => return call.refuse(outcome),
    };
    let work = Work::followed_by(scheduler.burial(task)?);
    call.complete(&work, |_| Ok(Ok(())))
}

fn attempt_set_priority<N: Nvm + Copy, P: Port>(
    call: &mut Call<'_, N, P>,
    id: TaskId,
    priority: Priority,
) -> Result<Progress<Done>, Error> {
    let scheduler = call.scheduler();
    let task = match scheduler.living(id)? {
        Ok(_) if usize::from(priority.0) >= PRIORITIES => {
            return call.refuse(Outcome::Invalid);
        }
        Ok(task) => task,
        Err(outcome) => return call.refuse(outcome),
    };
    let settings = scheduler.settings(task)?;
    if settings.base() == priority {
        return call.answer(Ok(()));
    }
    let work = Work::followed_by(FollowUp::Settle { task });
    let at = scheduler.settings_at(task)?;
    call.complete(&work, |kernel| {
        kernel.set(at, settings.with_base(priority).0)?;
        Ok(Ok(()))
    })
}

/// Where a task's notification lies, and what it is.
struct Notified {
    value_at: Offset<u32>,
    settings_at: Offset<u8>,
    value: u32,
    settings: Settings,
}

impl Notified {
    fn load<N: Nvm + Copy>(scheduler: &Scheduler<N>, task: TaskIndex) -> Result<Self, Error> {
        let at = scheduler.areas().task(task)?;
        Ok(Self {
            value_at: at.notification(),
            settings_at: at.settings(),
            value: scheduler.nvm().load(at.notification())?,
            settings: scheduler.settings(task)?,
        })
    }

    /// In a kernel transaction: stores what has changed.
    fn store<N: Nvm>(
        &self,
        kernel: &mut replay::SystemTx<'_, N>,
        value: u32,
        pending: bool,
    ) -> Result<(), replay::Error> {
        if value != self.value {
            kernel.set(self.value_at, value)?;
        }
        if pending != self.settings.is_notified() {
            kernel.set(self.settings_at, self.settings.with_notified(pending).0)?;
        }
        Ok(())
    }
}

fn attempt_notify<N: Nvm + Copy, P: Port>(
    call: &mut Call<'_, N, P>,
    id: TaskId,
    what: Notify,
) -> Result<Progress<Done>, Error> {
    let scheduler = call.scheduler();
    let task = match scheduler.living(id)? {
        Ok(task) => task,
        Err(outcome) => return call.refuse(outcome),
    };
    let notified = Notified::load(scheduler, task)?;
    let value = match what.applied(notified.value, notified.settings.is_notified()) {
        Ok(value) => value,
        Err(outcome) => return call.refuse(outcome),
    };
    if scheduler.event_node(task)?.owner(scheduler.nvm())? == Some(NOTIFIED)
        && let Some(left) = Awaits::load(scheduler, task)?.met(value, true)
    {
        let at = scheduler.result_at(task)?;
        call.nvm().write(Class::Kernel, at, &[0])?;
        call.nvm()
            .write_u32(Class::Kernel, at.saturating_add(1), value)?;
        let mut work = Work::none();
        work.wake(scheduler, task)?;
        return call.complete(&work, |kernel| {
            notified.store(kernel, left, false)?;
            Ok(Ok(()))
        });
    }
    call.complete_alone(|kernel| {
        notified.store(kernel, value, true)?;
        Ok(Ok(()))
    })
}

fn attempt_await<N: Nvm + Copy, P: Port>(
    call: &mut Call<'_, N, P>,
    awaits: Awaits,
    clear_before: u32,
    timeout: Timeout,
) -> Result<Progress<Value>, Error> {
    let scheduler = call.scheduler();
    let notified = Notified::load(scheduler, call.task()?)?;
    if let Some(left) = awaits.met(notified.value, notified.settings.is_notified()) {
        return call.complete_alone(|kernel| {
            notified.store(kernel, left, false)?;
            Ok(Ok(notified.value))
        });
    }
    let cleared = notified.value & !clear_before;
    let pending = notified.settings.is_notified();
    if timeout == Timeout::None {
        return call.complete_alone(|kernel| {
            notified.store(kernel, cleared, pending)?;
            Ok(Err(Outcome::Empty))
        });
    }
    let wait = Wait::in_list(NOTIFIED);
    let until = call.deadline(timeout)?;
    call.block_with::<Value>(wait, until, &[&awaits.encode()], Work::none(), |kernel| {
        notified.store(kernel, cleared, pending)
    })
}

/// One byte, and 4 where it says until when.
impl Record for TaskState {
    const MAX_BYTES: RawOffset = 5;

    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), nvm_core::Error> {
        let code = match self {
            Self::Ready => 0,
            Self::Delayed => 1,
            Self::Blocked { until: None } => 2,
            Self::Blocked { until: Some(_) } => 3,
            Self::Suspended => 4,
            Self::Ended => 5,
        };
        to.put(&[code])?;
        match self {
            Self::Blocked { until: Some(tick) } => tick.encode(to),
            _ => Ok(()),
        }
    }

    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, nvm_core::Error> {
        Ok(Some(match from.take_u8()? {
            0 => Self::Ready,
            1 => Self::Delayed,
            2 => Self::Blocked { until: None },
            3 => Self::Blocked {
                until: u32::decode(from)?,
            },
            4 => Self::Suspended,
            5 => Self::Ended,
            _ => return Ok(None),
        }))
    }
}
