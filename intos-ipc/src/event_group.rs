//! An event group: 24 bits, and tasks that wait for some or all of several.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..8 | wait list |
//! | 8..12 | bits 0..24; bit 24: the group was deleted |
//!
//! What a waiting task waits for lies behind its result, 4 bytes: bits 0..24; bit 24: all of them; bit 25:
//! clear them then.
//!
//! | call | stores in its kernel transaction | after its commit |
//! | --- | --- | --- |
//! | set, sync that need not wait | bits, without those that the woken clear | up to two are woken: their results before the commit, since nobody reads them before they are ready; more: follow-up, a result and a wake-up for each whose bits are set |
//! | wait that need not wait | bits, if it clears some | |
//! | wait | | blocks the task |
//! | sync that waits | bits, without those that the woken clear | blocks the task; follow-up, as above |
//! | clear | bits | |
//! | delete | bits | follow-up `WakeAll` |

#[cfg(feature = "inspect")]
pub(crate) mod inspect;

use intos_sched::{
    Call, CallName, Error, ErrorKind, FollowUp, InterruptCalls, ObjectWork, Outcome, Port,
    Progress, Scheduler, SystemCalls, TaskIndex, Timeout, Wait, Work,
};
use nvm_core::{Class, Layout, Nvm, Offset, Record, field};
use nvm_list::{Head, List};
use replay::Site;

use crate::finish::{self, list_link};

nvm_core::persist! {
    struct Header {
        waiting: Head,
        bits: u32,
    }
}

/// Bits that a program may use.
const USABLE: u32 = 0x00FF_FFFF;
const DELETED: u32 = 1 << 24;

/// In what a task waits for.
const ALL: u32 = 1 << 24;
const CLEAR: u32 = 1 << 25;

/// How many are woken without a follow-up: two list operations each.
const WOKEN_AT_ONCE: usize = 2;

type Value = Result<u32, Outcome>;

/// The tasks whose bits are set.
struct Satisfied {
    /// How many they are.
    count: usize,
    /// The first of them.
    first: [TaskIndex; WOKEN_AT_ONCE],
    /// The bits that they clear.
    cleared: u32,
}

/// An event group of 24 bits. Tasks wait for one of several bits or for all; each that is satisfied when bits
/// are set is woken.
///
/// A handle, one word: the group lies in NVM, 12 bytes.
#[derive(Debug, Clone, Copy)]
pub struct EventGroup {
    header: Offset<Header>,
}

/// What becomes of the bits that a task waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExit {
    /// They stay set.
    Keep,
    /// They are cleared in the same step, once for all who are woken together.
    Clear,
}

impl EventGroup {
    /// Places an event group in a layout.
    pub fn place(layout: &mut Layout, name: &str) -> Self {
        Self {
            header: layout.object(name),
        }
    }

    /// Makes it a group with no bit set. Part of the region's first boot.
    pub fn format<N: Nvm>(&self, nvm: &N) -> Result<(), Error> {
        List::format(nvm, Class::Kernel, field!(self.header, Header.waiting), 0)?;
        Ok(nvm.store(Class::Kernel, self.bits_at(), &0)?)
    }

    /// The bits that are set now, as seen from outside of any task.
    pub fn bits<N: Nvm>(&self, nvm: &N) -> Result<u32, Error> {
        Ok(nvm.load(self.bits_at())? & USABLE)
    }

    /// Validates the group, and answers its bits: for tests and for tools that look at images. Stores nothing.
    ///
    /// # Errors
    ///
    /// What is wrong, where the image is damaged.
    pub fn check<N: Nvm + Copy>(&self, scheduler: &Scheduler<N>) -> Result<u32, Error> {
        let bits = scheduler.nvm().load(self.bits_at())?;
        let list = self.waiting()?;
        let waiting = scheduler.check_wait_list(list)?;
        let damaged = ErrorKind::Damaged {
            offset: self.header.get(),
        }
        .error();
        if bits & !(USABLE | DELETED) != 0 || bits & DELETED != 0 && waiting > 0 {
            return Err(damaged);
        }
        for entry in scheduler.waiting(list) {
            let (task, _) = entry?;
            if is_met(awaited_by(scheduler, task)?, bits) {
                return Err(damaged);
            }
        }
        Ok(bits & USABLE)
    }

    /// Sets bits, and wakes all who waited for them. Answers the bits as they are then, without those that
    /// the woken clear. Recorded.
    ///
    /// # Errors
    ///
    /// [`Outcome::Deleted`]; [`Outcome::Invalid`] for bits above the 24th.
    #[track_caller]
    pub fn set(&self, tx: &mut impl SystemCalls, bits: u32) -> Result<u32, Error> {
        let group = *self;
        let value: Value = tx
            .call(Site::here(), &"event_group.set")
            .run(|call| group.attempt_set(call, bits))?;
        Ok(value?)
    }

    /// [`set`](EventGroup::set), from an interrupt handler.
    #[track_caller]
    pub fn set_from_isr(&self, isr: &mut impl InterruptCalls, bits: u32) -> Result<u32, Error> {
        let group = *self;
        let value: Value = isr
            .call_from_isr(Site::here(), &"event_group.set_from_isr")
            .run(|call| group.attempt_set(call, bits))?;
        Ok(value?)
    }

    /// Clears bits, and answers what they were before. Recorded.
    ///
    /// # Errors
    ///
    /// As [`set`](EventGroup::set).
    #[track_caller]
    pub fn clear(&self, tx: &mut impl SystemCalls, bits: u32) -> Result<u32, Error> {
        let group = *self;
        let value: Value = tx
            .call(Site::here(), &"event_group.clear")
            .run(|call| group.attempt_clear(call, bits))?;
        Ok(value?)
    }

    /// [`clear`](EventGroup::clear), from an interrupt handler.
    #[track_caller]
    pub fn clear_from_isr(&self, isr: &mut impl InterruptCalls, bits: u32) -> Result<u32, Error> {
        let group = *self;
        let value: Value = isr
            .call_from_isr(Site::here(), &"event_group.clear_from_isr")
            .run(|call| group.attempt_clear(call, bits))?;
        Ok(value?)
    }

    /// The bits that are set. Recorded.
    ///
    /// # Errors
    ///
    /// [`Outcome::Deleted`].
    #[track_caller]
    pub fn get(&self, tx: &mut impl SystemCalls) -> Result<u32, Error> {
        let group = *self;
        let value: Value = tx.call(Site::here(), &"event_group.get").run(|call| {
            let bits = call.nvm().load(group.bits_at())?;
            call.answer(if bits & DELETED == 0 {
                Ok(bits)
            } else {
                Err(Outcome::Deleted)
            })
        })?;
        Ok(value?)
    }

    /// Waits until at least one of some bits is set, and answers all bits as they are then.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`] where the time was up, [`Outcome::Empty`] where it was not to wait,
    /// [`Outcome::Deleted`], [`Outcome::Invalid`] for no bit or bits above the 24th.
    #[track_caller]
    pub fn wait_any(
        &self,
        tx: &mut impl SystemCalls,
        bits: u32,
        on_exit: OnExit,
        timeout: impl Into<Timeout>,
    ) -> Result<u32, Error> {
        self.wait(
            tx,
            &"event_group.wait_any",
            bits,
            0,
            on_exit,
            timeout.into(),
        )
    }

    /// Waits until all of some bits are set, and answers all bits as they are then.
    ///
    /// # Errors
    ///
    /// As [`wait_any`](EventGroup::wait_any).
    #[track_caller]
    pub fn wait_all(
        &self,
        tx: &mut impl SystemCalls,
        bits: u32,
        on_exit: OnExit,
        timeout: impl Into<Timeout>,
    ) -> Result<u32, Error> {
        self.wait(
            tx,
            &"event_group.wait_all",
            bits,
            ALL,
            on_exit,
            timeout.into(),
        )
    }

    #[track_caller]
    fn wait(
        self,
        tx: &mut impl SystemCalls,
        name: CallName,
        bits: u32,
        all: u32,
        on_exit: OnExit,
        timeout: Timeout,
    ) -> Result<u32, Error> {
        let group = self;
        let clear = if on_exit == OnExit::Clear { CLEAR } else { 0 };
        let value: Value = tx.call(Site::here(), name).run(|call| {
            if bits == 0 || bits & !USABLE != 0 {
                return call.refuse(Outcome::Invalid);
            }
            group.attempt_wait(call, 0, bits | all | clear, timeout)
        })?;
        Ok(value?)
    }

    /// A meeting point: sets bits, and waits until all of others are set, which are cleared then. In one
    /// step: nobody who comes to the same meeting can miss it. Answers all bits as they are then.
    ///
    /// # Errors
    ///
    /// As [`wait_any`](EventGroup::wait_any); the bits stay set where the time is up.
    #[track_caller]
    pub fn sync(
        &self,
        tx: &mut impl SystemCalls,
        set: u32,
        wait_for: u32,
        timeout: impl Into<Timeout>,
    ) -> Result<u32, Error> {
        let (group, timeout) = (*self, timeout.into());
        let value: Value = tx.call(Site::here(), &"event_group.sync").run(|call| {
            if wait_for == 0 || (wait_for | set) & !USABLE != 0 {
                return call.refuse(Outcome::Invalid);
            }
            group.attempt_wait(call, set, wait_for | ALL | CLEAR, timeout)
        })?;
        Ok(value?)
    }

    /// Deletes the group for good: all who wait are woken with [`Outcome::Deleted`], and every later call
    /// answers that.
    #[track_caller]
    pub fn delete(&self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        let group = *self;
        let done: Result<(), Outcome> = tx
            .call(Site::here(), &"event_group.delete")
            .run(|call| group.attempt_delete(call))?;
        Ok(done?)
    }

    fn attempt_set<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        set: u32,
    ) -> Result<Progress<Value>, Error> {
        let scheduler = call.scheduler();
        let before = call.nvm().load(self.bits_at())?;
        if before & DELETED != 0 {
            return call.refuse(Outcome::Deleted);
        }
        if set & !USABLE != 0 {
            return call.refuse(Outcome::Invalid);
        }
        let bits = before | set;
        let mut work = Work::none();
        let cleared = self.wake(scheduler, &mut work, bits, WOKEN_AT_ONCE)?;
        let left = bits & !cleared;
        call.complete(&work, |kernel| {
            if left != before {
                kernel.set(self.bits_at(), left)?;
            }
            Ok(Ok(left))
        })
    }

    fn attempt_clear<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        clear: u32,
    ) -> Result<Progress<Value>, Error> {
        let before = call.nvm().load(self.bits_at())?;
        if before & DELETED != 0 {
            return call.refuse(Outcome::Deleted);
        }
        if clear & !USABLE != 0 {
            return call.refuse(Outcome::Invalid);
        }
        call.complete_alone(|kernel| {
            if before & clear != 0 {
                kernel.set(self.bits_at(), before & !clear)?;
            }
            Ok(Ok(before))
        })
    }

    /// Sets bits, and waits for others.
    fn attempt_wait<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
        set: u32,
        awaited: u32,
        timeout: Timeout,
    ) -> Result<Progress<Value>, Error> {
        let scheduler = call.scheduler();
        let before = call.nvm().load(self.bits_at())?;
        if before & DELETED != 0 {
            return call.refuse(Outcome::Deleted);
        }
        let bits = before | set;
        let mut work = Work::none();
        let is_met = is_met(awaited, bits);
        // A task that blocks needs the operations for itself.
        let blocks = !is_met && timeout != Timeout::None;
        let at_once = if blocks { 0 } else { WOKEN_AT_ONCE };
        let mut cleared = self.wake(scheduler, &mut work, bits, at_once)?;
        if is_met && awaited & CLEAR != 0 {
            cleared |= awaited & USABLE;
        }
        let left = bits & !cleared;
        let store = |kernel: &mut replay::SystemTx<'_, N>| -> Result<(), replay::Error> {
            if left != before {
                kernel.set(self.bits_at(), left)?;
            }
            Ok(())
        };
        if blocks {
            let wait = Wait::in_list(self.waiting()?);
            let until = call.deadline(timeout)?;
            let payload = awaited.to_le_bytes();
            return call.block_with::<Value>(wait, until, &[&payload], work, store);
        }
        call.complete(&work, |kernel| {
            store(kernel)?;
            Ok(if is_met {
                Ok(bits)
            } else {
                Err(Outcome::Empty)
            })
        })
    }

    fn attempt_delete<N: Nvm + Copy, P: Port>(
        self,
        call: &mut Call<'_, N, P>,
    ) -> Result<Progress<Result<(), Outcome>>, Error> {
        if call.nvm().load(self.bits_at())? & DELETED != 0 {
            return call.refuse(Outcome::Deleted);
        }
        let work = Work::of_deletion(call.nvm(), [self.waiting()?])?;
        call.complete(&work, |kernel| {
            kernel.set(self.bits_at(), DELETED)?;
            Ok(Ok(()))
        })
    }

    /// Wakes those whose bits are set with the commit, if they are few, or after it. Answers the bits that they clear.
    #[inline]
    fn wake<N: Nvm + Copy>(
        self,
        scheduler: &Scheduler<N>,
        work: &mut Work,
        bits: u32,
        at_once: usize,
    ) -> Result<u32, Error> {
        let list = self.waiting()?;
        if list.is_empty(scheduler.nvm())? {
            return Ok(0);
        }
        wake_some(scheduler, list, work, bits, at_once)
    }

    fn waiting(self) -> Result<List, Error> {
        Ok(List::at(field!(self.header, Header.waiting))?)
    }

    fn bits_at(self) -> Offset<u32> {
        field!(self.header.at_word(), Header.bits)
    }
}

/// What a waiting task waits for.
fn awaited_by<N: Nvm + Copy>(scheduler: &Scheduler<N>, task: TaskIndex) -> Result<u32, Error> {
    let at = scheduler.result_at(task)?.saturating_add(Value::MAX_BYTES);
    Ok(scheduler.nvm().read_u32(at)?)
}

const fn is_met(awaited: u32, bits: u32) -> bool {
    let wanted = awaited & USABLE;
    if awaited & ALL == 0 {
        bits & wanted != 0
    } else {
        bits & wanted == wanted
    }
}

/// The same, where somebody waits.
#[inline(never)] // One copy.
fn wake_some<N: Nvm + Copy>(
    scheduler: &Scheduler<N>,
    list: List,
    work: &mut Work,
    bits: u32,
    at_once: usize,
) -> Result<u32, Error> {
    let woken = satisfied(scheduler, list, bits)?;
    if woken.count <= at_once {
        for task in woken.first.iter().take(woken.count) {
            put_value(scheduler, *task, bits)?;
            work.wake(scheduler, *task)?;
        }
    } else {
        work.set_follow_up(FollowUp::Object(ObjectWork {
            kind: finish::EVENTS,
            object: list_link(list),
            b: 0,
            c: bits,
        }));
    }
    Ok(woken.cleared)
}

/// The tasks of a wait list whose bits are set, in its order.
fn satisfied<N: Nvm + Copy>(
    scheduler: &Scheduler<N>,
    list: List,
    bits: u32,
) -> Result<Satisfied, Error> {
    let mut satisfied = Satisfied {
        count: 0,
        first: [TaskIndex(0); WOKEN_AT_ONCE],
        cleared: 0,
    };
    for entry in scheduler.waiting(list) {
        let (task, _) = entry?;
        let awaited = awaited_by(scheduler, task)?;
        if is_met(awaited, bits) {
            if let Some(place) = satisfied.first.get_mut(satisfied.count) {
                *place = task;
            }
            satisfied.count += 1;
            if awaited & CLEAR != 0 {
                satisfied.cleared |= awaited & USABLE;
            }
        }
    }
    Ok(satisfied)
}

fn put_value<N: Nvm + Copy>(
    scheduler: &Scheduler<N>,
    task: TaskIndex,
    bits: u32,
) -> Result<(), Error> {
    let [b0, b1, b2, b3] = bits.to_le_bytes();
    scheduler.put_result(task, &[0, b0, b1, b2, b3])
}

/// Wakes all whose bits are set. Found done by: they have left the list.
pub(crate) fn finish_events<N: Nvm + Copy>(
    scheduler: &Scheduler<N>,
    list: List,
    bits: u32,
) -> Result<(), Error> {
    let drops = intos_sched::is_broken(intos_sched::Variant::DropsWakeUp);
    let mut woken = 0;
    let mut waiting = scheduler.waiting(list);
    let mut next = waiting.next();
    while let Some(entry) = next {
        let (task, _) = entry?;
        // Before this one leaves the list.
        next = waiting.next();
        if is_met(awaited_by(scheduler, task)?, bits) && !(drops && woken == 2) {
            put_value(scheduler, task, bits)?;
            scheduler.wake_now(task)?;
            woken += 1;
        }
    }
    Ok(())
}
