//! Mutexes with priority inheritance, and the guards by which they are held.
//!
//! What lies in NVM is the scheduler's (`intos_sched::MutexBlock`): it inherits priorities by it.
//!
//! | call | stores in its kernel transaction | after its commit |
//! | --- | --- | --- |
//! | lock what is free, or what the task holds already (recursive) | holder | |
//! | lock what another holds | the first time: the mutex in its owner's chain of contended ones | blocks the task; follow-up `Settle`: priorities along the chain of owners |
//! | unlock | holder, its depth; chains | wakes the first that waits, who holds the mutex then; follow-up `Settle`, where the owner had inherited a priority |
//! | delete | holder, chain | follow-up `WakeAll`; where nobody waits and somebody holds it, `Settle` |
//!
//! The time is up for a waiting task: `intos_sched`, module `clock`.

use core::fmt;
use core::ops::{Deref, DerefMut};

use intos_sched::{
    Call, CallName, Error, ErrorKind, FollowUp, Held, MutexAt, MutexBlock, Outcome, Port, Progress,
    Scheduler, SystemCalls, TaskCalls, TaskId, TaskIndex, Timeout, Wait, Work,
};
use nvm_core::{Class, Layout, Nvm, Offset};
use replay::Site;

type Done = Result<(), Outcome>;

/// The deepest that a recursive mutex can be held.
const DEEPEST: u8 = 250;

/// A mutex: one task holds it at a time, across power losses too, until it gives it back. Its holder inherits
/// the priority of whoever waits for it, along chains of holders that wait for others.
///
/// Locking is not part of a transaction: it takes the task, and gives a [`MutexGuard`] through which the task
/// goes on. A transaction that changed what the mutex guards has committed when the guard is dropped.
///
/// A handle, one word: the mutex lies in NVM, 16 bytes.
#[derive(Debug, Clone, Copy)]
pub struct Mutex {
    at: MutexAt,
}

impl Mutex {
    /// Places a mutex in a layout.
    pub fn place(layout: &mut Layout, name: &str) -> Self {
        Self::at(layout.object(name))
    }

    /// The mutex at an offset: reads nothing.
    pub const fn at(block: Offset<MutexBlock>) -> Self {
        Self {
            at: MutexAt::new(block),
        }
    }

    /// Makes it a mutex that nobody holds. Part of the region's first boot.
    pub fn format<N: Nvm>(&self, nvm: &N) -> Result<(), Error> {
        self.at.format(nvm, Class::Kernel)
    }

    /// Who holds it, as seen from outside of any task.
    pub fn holder<N: Nvm + Copy>(&self, scheduler: &Scheduler<N>) -> Result<Option<TaskId>, Error> {
        Ok(match scheduler.holder_of(self.at)? {
            Held::By(task, _) => Some(task),
            Held::Free | Held::Deleted => None,
        })
    }

    /// Validates the mutex: for tests and for tools that look at images. Stores nothing. The chains of
    /// mutexes and priorities are validated with the scheduler.
    ///
    /// # Errors
    ///
    /// What is wrong, where the image is damaged.
    pub fn check<N: Nvm + Copy>(&self, scheduler: &Scheduler<N>) -> Result<(), Error> {
        let list = self.at.wait_list()?;
        let waiting = scheduler.check_wait_list(list)?;
        match scheduler.holder_of(self.at)? {
            Held::By(..) => Ok(()),
            _ if waiting == 0 => Ok(()),
            _ => Err(ErrorKind::Damaged {
                offset: list.head().get(),
            }
            .error()),
        }
    }

    /// Takes the mutex for the task, and waits where another holds it. After a power loss the task holds it
    /// still, and the call is bypassed.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`] where the time was up, [`Outcome::Empty`] where it was not to wait,
    /// [`Outcome::HeldAlready`] where the task holds it itself, [`Outcome::Deleted`].
    #[track_caller]
    pub fn lock<'t, T: TaskCalls>(
        &self,
        task: &'t mut T,
        timeout: impl Into<Timeout>,
    ) -> Result<MutexGuard<'t, T>, Error> {
        let site = Site::here();
        lock(self.at, task, site, &"mutex.lock", false, timeout.into())
    }

    /// Takes the mutex for the task, if nobody holds it.
    #[track_caller]
    pub fn try_lock<'t, T: TaskCalls>(&self, task: &'t mut T) -> Result<MutexGuard<'t, T>, Error> {
        let site = Site::here();
        lock(self.at, task, site, &"mutex.try_lock", false, Timeout::None)
    }

    /// Deletes the mutex for good: all who wait for it are woken with [`Outcome::Deleted`], and every later
    /// lock answers that. Whoever holds it loses it.
    #[track_caller]
    pub fn delete(&self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        delete(self.at, tx, Site::here())
    }
}

/// A mutex that its holder may lock again, up to 250 times deep: it is free when each guard is dropped. In all
/// else a [`Mutex`].
#[derive(Debug, Clone, Copy)]
pub struct RecursiveMutex {
    mutex: Mutex,
}

impl RecursiveMutex {
    /// Places a mutex in a layout.
    pub fn place(layout: &mut Layout, name: &str) -> Self {
        Self {
            mutex: Mutex::place(layout, name),
        }
    }

    /// Makes it a mutex that nobody holds. Part of the region's first boot.
    pub fn format<N: Nvm>(&self, nvm: &N) -> Result<(), Error> {
        self.mutex.format(nvm)
    }

    /// Who holds it, as seen from outside of any task.
    pub fn holder<N: Nvm + Copy>(&self, scheduler: &Scheduler<N>) -> Result<Option<TaskId>, Error> {
        self.mutex.holder(scheduler)
    }

    /// Validates the mutex: see [`Mutex::check`].
    pub fn check<N: Nvm + Copy>(&self, scheduler: &Scheduler<N>) -> Result<(), Error> {
        self.mutex.check(scheduler)
    }

    /// Takes the mutex for the task, once more if it holds it already; waits where another holds it. Lock it
    /// again through the first guard, which is the task.
    ///
    /// # Errors
    ///
    /// [`Outcome::Timeout`] where the time was up, [`Outcome::Empty`] where it was not to wait,
    /// [`Outcome::Overflow`] where it is held 250 times, [`Outcome::Deleted`].
    #[track_caller]
    pub fn lock<'t, T: TaskCalls>(
        &self,
        task: &'t mut T,
        timeout: impl Into<Timeout>,
    ) -> Result<MutexGuard<'t, T>, Error> {
        let (site, timeout) = (Site::here(), timeout.into());
        lock(
            self.mutex.at,
            task,
            site,
            &"recursive_mutex.lock",
            true,
            timeout,
        )
    }

    /// The same, if no other task holds it.
    #[track_caller]
    pub fn try_lock<'t, T: TaskCalls>(&self, task: &'t mut T) -> Result<MutexGuard<'t, T>, Error> {
        self.lock(task, Timeout::None)
    }

    /// Deletes the mutex for good: see [`Mutex::delete`].
    #[track_caller]
    pub fn delete(&self, tx: &mut impl SystemCalls) -> Result<(), Error> {
        delete(self.mutex.at, tx, Site::here())
    }
}

/// A mutex that a task holds, and the task itself, which goes on through the guard. Gives the mutex back when
/// it is dropped; a power loss drops nothing.
#[must_use = "a mutex is given back as soon as its guard is dropped"]
pub struct MutexGuard<'t, T: TaskCalls> {
    mutex: MutexAt,
    task: &'t mut T,
    site: Site,
    is_held: bool,
}

impl<T: TaskCalls> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutexGuard")
            .field("mutex", &self.mutex)
            .finish_non_exhaustive()
    }
}

impl<T: TaskCalls> MutexGuard<'_, T> {
    /// Gives the mutex back.
    ///
    /// # Errors
    ///
    /// [`Outcome::Deleted`] or [`Outcome::NotHeld`] where it was deleted meanwhile; or what keeps the task
    /// from going on: where others wait, up to 40 bytes are logged, which is the default of a task's kernel
    /// undo log. Dropping the guard, an error of the first kind is passed over, and one of the second is
    /// what the task's next call answers.
    pub fn unlock(mut self) -> Result<(), Error> {
        self.give_back()
    }

    fn give_back(&mut self) -> Result<(), Error> {
        self.is_held = false;
        change(
            self.mutex,
            self.task,
            self.site,
            &"mutex.unlock",
            &Change::Unlock,
        )
    }
}

impl<T: TaskCalls> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if self.is_held
            && let Err(error) = self.give_back()
            && error.outcome().is_none()
        {
            self.task.stop(error);
        }
    }
}

impl<T: TaskCalls> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.task
    }
}

impl<T: TaskCalls> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.task
    }
}

pub(crate) fn lock<T: TaskCalls>(
    mutex: MutexAt,
    task: &mut T,
    site: Site,
    name: CallName,
    again: bool,
    timeout: Timeout,
) -> Result<MutexGuard<'_, T>, Error> {
    change(mutex, task, site, name, &Change::Lock { again, timeout })?;
    Ok(MutexGuard {
        mutex,
        task,
        site,
        is_held: true,
    })
}

/// What becomes of a mutex.
enum Change {
    Lock { again: bool, timeout: Timeout },
    Unlock,
}

#[inline(never)] // One copy of what is around both.
fn change<T: TaskCalls>(
    mutex: MutexAt,
    task: &mut T,
    site: Site,
    name: CallName,
    change: &Change,
) -> Result<(), Error> {
    let done: Done = task.call_alone(site, name, |call| match *change {
        Change::Lock { again, timeout } => attempt_lock(call, mutex, again, timeout),
        Change::Unlock => attempt_unlock(call, mutex),
    })?;
    Ok(done?)
}

fn delete(mutex: MutexAt, tx: &mut impl SystemCalls, site: Site) -> Result<(), Error> {
    let done: Done = tx
        .call(site, &"mutex.delete")
        .run(|call| attempt_delete(call, mutex))?;
    Ok(done?)
}

fn attempt_lock<N: Nvm + Copy, P: Port>(
    call: &mut Call<'_, N, P>,
    mutex: MutexAt,
    again: bool,
    timeout: Timeout,
) -> Result<Progress<Done>, Error> {
    let scheduler = call.scheduler();
    let me = call.task_id()?;
    let depth = match scheduler.holder_of(mutex)? {
        Held::Deleted => return call.refuse(Outcome::Deleted),
        Held::Free => 0,
        Held::By(owner, _) if owner != me => {
            return wait_for(call, mutex, owner.index(), me.index(), timeout);
        }
        Held::By(..) if !again => return call.refuse(Outcome::HeldAlready),
        Held::By(_, DEEPEST..) => return call.refuse(Outcome::Overflow),
        Held::By(_, depth) => depth,
    };
    call.complete_alone(|kernel| {
        scheduler.hold(kernel, mutex, me, depth + 1)?;
        Ok(Ok(()))
    })
}

/// Waits for a mutex that another task holds.
fn wait_for<N: Nvm + Copy, P: Port>(
    call: &mut Call<'_, N, P>,
    mutex: MutexAt,
    owner: TaskIndex,
    me: TaskIndex,
    timeout: Timeout,
) -> Result<Progress<Done>, Error> {
    if timeout == Timeout::None {
        return call.refuse(Outcome::Empty);
    }
    let scheduler = call.scheduler();
    let mut work = Work::none();
    if scheduler.priority(owner)? < scheduler.priority(me)? {
        work.set_follow_up(FollowUp::Settle { task: owner });
    }
    let contention = scheduler.contention(mutex, owner)?;
    let wait = Wait::in_list(mutex.wait_list()?);
    let until = call.deadline(timeout)?;
    call.block_with::<Done>(wait, until, &[], work, |kernel| {
        contention.carry_out(kernel)
    })
}

fn attempt_unlock<N: Nvm + Copy, P: Port>(
    call: &mut Call<'_, N, P>,
    mutex: MutexAt,
) -> Result<Progress<Done>, Error> {
    let scheduler = call.scheduler();
    let me = call.task_id()?;
    let depth = match scheduler.holder_of(mutex)? {
        Held::Deleted => return call.refuse(Outcome::Deleted),
        Held::By(owner, depth) if owner == me => depth,
        _ => return call.refuse(Outcome::NotHeld),
    };
    let mut work = Work::none();
    let passing_on = if depth > 1 {
        None
    } else {
        let passing_on = scheduler.passing_on(mutex, me.index())?;
        if let Some(heir) = passing_on.heir() {
            scheduler.put_result(heir, &Outcome::SUCCESS)?;
            work.wake(scheduler, heir)?;
        }
        if scheduler.priority(me.index())? > scheduler.base_priority(me.index())? {
            work.set_follow_up(FollowUp::Settle { task: me.index() });
        }
        if intos_sched::is_broken(intos_sched::Variant::OwnerAfterCommit) {
            let done = call.complete(&work, |_| Ok(Ok(())));
            scheduler.transact(&Work::none(), || {}, |kernel| passing_on.carry_out(kernel))?;
            return done;
        }
        Some(passing_on)
    };
    call.complete(&work, |kernel| {
        match passing_on {
            Some(passing_on) => passing_on.carry_out(kernel)?,
            None => scheduler.hold(kernel, mutex, me, depth - 1)?,
        }
        Ok(Ok(()))
    })
}

fn attempt_delete<N: Nvm + Copy, P: Port>(
    call: &mut Call<'_, N, P>,
    mutex: MutexAt,
) -> Result<Progress<Done>, Error> {
    let scheduler = call.scheduler();
    let owner = match scheduler.holder_of(mutex)? {
        Held::Deleted => return call.refuse(Outcome::Deleted),
        Held::Free => None,
        Held::By(owner, _) => Some(owner.index()),
    };
    let list = mutex.wait_list()?;
    let mut work = Work::none();
    if !list.is_empty(call.nvm())? {
        work.set_follow_up(FollowUp::WakeAll {
            list,
            outcome: Outcome::Deleted,
            settle: owner,
        });
    } else if let Some(owner) = owner
        && scheduler.priority(owner)? > scheduler.base_priority(owner)?
    {
        work.set_follow_up(FollowUp::Settle { task: owner });
    }
    let deletion = scheduler.deletion(mutex, owner)?;
    call.complete(&work, |kernel| {
        deletion.carry_out(kernel)?;
        Ok(Ok(()))
    })
}
