//! What NVM holds of a mutex: who holds it, who waits, and in which order the waiting pass it on.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..8 | wait list |
//! | 8 | owner: index of the task that holds it, 255 for none |
//! | 9 | depth: how often it holds it |
//! | 10..12 | the owner's generation |
//! | 12..14 | next: the next one of the contended mutexes that the owner holds, in units of 4 bytes; 0: none |
//! | 14 | contended: 1 where the mutex is one of those |
//! | 15 | not used |
//!
//! A mutex that nobody ever waited for costs its owner nothing: only when a task blocks on it, it becomes one
//! of the owner's *contended* mutexes, a chain from the owner's control block on. Of these alone the owner
//! inherits priorities. It stays in the chain until it is released, though the waiting may give up before.

#[cfg(feature = "inspect")]
pub(crate) mod inspect;

use nvm_core::{Nvm, Offset, RawOffset, field, of_words};
use nvm_list::{Head, List};
use replay::SystemTx;

use crate::error::{Error, ErrorKind, Outcome};
use crate::scheduler::Scheduler;
use crate::task::{Priority, TaskId, TaskIndex};
use crate::work::Work;

/// In place of the owner.
const NOBODY: u8 = 0xFF;
/// The same: the mutex was deleted.
const DELETED: u8 = 0xFE;
/// The label of the head of a mutex's wait list, by which it is told from other lists.
pub(crate) const MUTEX_LABEL: u16 = 0x4D58;

nvm_core::persist! {
    /// A mutex, as it is stored: 16 bytes.
    pub struct MutexBlock {
        waiting: Head,
        holder: Holder,
        next: u16,
        contended: u8,
        unused: u8,
    }

    /// Who holds a mutex.
    pub(crate) struct Holder {
        owner: u8,
        depth: u8,
        generation: u16,
    }
}

const _: () = assert!(size_of::<MutexBlock>() == 16);

/// The place of a mutex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MutexAt(Offset<MutexBlock>);

impl MutexAt {
    /// The mutex at an offset: reads nothing.
    pub const fn new(block: Offset<MutexBlock>) -> Self {
        Self(block)
    }

    const fn from_link(link: u16) -> Option<Self> {
        if link == 0 {
            return None;
        }
        Some(Self(Offset::new(of_words(link))))
    }

    const fn link(self) -> u16 {
        (self.0.get() / 4) as u16
    }

    /// Its wait list.
    pub fn wait_list(self) -> Result<List, Error> {
        Ok(List::at(field!(self.0, MutexBlock.waiting))?)
    }

    fn holder_at(self) -> Offset<Holder> {
        field!(self.0, MutexBlock.holder)
    }

    fn next_at(self) -> Offset<u16> {
        field!(self.0, MutexBlock.next)
    }

    fn contended_at(self) -> Offset<u8> {
        field!(self.0, MutexBlock.contended)
    }

    /// Makes it a mutex that nobody holds: 16 bytes. Part of the region's first boot, or for objects that
    /// nothing refers to yet.
    pub fn format<N: Nvm>(self, nvm: &N, class: nvm_core::Class) -> Result<(), Error> {
        let list = self.wait_list()?;
        let block = MutexBlock {
            waiting: Head::empty(list, MUTEX_LABEL),
            holder: Holder::NOBODY,
            next: 0,
            contended: 0,
            unused: 0,
        };
        Ok(nvm.store(class, self.0, &block)?)
    }
}

impl Holder {
    const NOBODY: Self = Self {
        owner: NOBODY,
        depth: 0,
        generation: 0,
    };

    const fn of(task: TaskId, depth: u8) -> Self {
        Self {
            owner: task.index().0,
            depth,
            generation: task.generation(),
        }
    }
}

/// Who holds a mutex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Nobody, or a task that has ended.
    Free,
    /// A task, so many times.
    By(TaskId, u8),
    /// It was deleted.
    Deleted,
}

/// How a mutex becomes contended.
#[derive(Debug, Clone, Copy)]
pub struct Contention {
    mutex: MutexAt,
    /// Where its owner's chain begins, if it is not in it yet.
    held: Option<Offset<u16>>,
}

impl Contention {
    /// Does it, in the kernel transaction with which a task blocks on the mutex.
    pub fn carry_out<N: Nvm>(self, kernel: &mut SystemTx<'_, N>) -> Result<(), replay::Error> {
        match self.held {
            Some(held) => link(kernel, self.mutex, held),
            None => Ok(()),
        }
    }
}

/// How a mutex goes from its owner to the first that waits for it.
#[derive(Debug, Clone, Copy)]
pub struct PassingOn {
    mutex: MutexAt,
    /// The field that leads to it in its owner's chain.
    link: Option<Offset<u16>>,
    heir: Option<TaskId>,
    /// What the owner is if nobody gets it.
    nobody: u8,
    /// Where the heir's chain begins, if others wait still.
    heir_held: Option<Offset<u16>>,
}

impl PassingOn {
    /// Who gets it: to be woken with the same commit.
    pub fn heir(&self) -> Option<TaskIndex> {
        self.heir.map(TaskId::index)
    }

    /// Does it, in a kernel transaction.
    pub fn carry_out<N: Nvm>(self, kernel: &mut SystemTx<'_, N>) -> Result<(), replay::Error> {
        if let Some(at) = self.link {
            kernel.set(at, kernel.get(self.mutex.next_at())?)?;
            kernel.set(self.mutex.contended_at(), 0)?;
        }
        match self.heir {
            Some(heir) => kernel.set(self.mutex.holder_at(), Holder::of(heir, 1))?,
            // The other bytes mean nothing then.
            None => kernel.set(self.mutex.holder_at().cast::<u8>(), self.nobody)?,
        }
        match self.heir_held {
            Some(held) => link(kernel, self.mutex, held),
            None => Ok(()),
        }
    }
}

/// Puts a mutex in front of its owner's chain.
fn link<N: Nvm>(
    kernel: &mut SystemTx<'_, N>,
    mutex: MutexAt,
    held: Offset<u16>,
) -> Result<(), replay::Error> {
    kernel.set(mutex.next_at(), kernel.get(held)?)?;
    kernel.set(mutex.contended_at(), 1)?;
    kernel.set(held, mutex.link())?;
    Ok(())
}

/// What the scheduler does about mutexes: by pointers, so that a program without mutexes does not have it.
#[derive(Debug)]
pub(crate) struct MutexWork<N: Nvm + Copy> {
    held_up_by: fn(&Scheduler<N>, TaskIndex) -> Result<Option<TaskIndex>, Error>,
    inherited: fn(&Scheduler<N>, TaskIndex, Priority) -> Result<Priority, Error>,
    hand_over: fn(&Scheduler<N>, TaskIndex) -> Result<(), Error>,
}

#[allow(clippy::expl_impl_clone_on_copy)] // a derived one asks for more of the memory's type
impl<N: Nvm + Copy> Clone for MutexWork<N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<N: Nvm + Copy> Copy for MutexWork<N> {}

impl<N: Nvm + Copy> MutexWork<N> {
    pub(crate) const ALL: Self = Self {
        held_up_by: Scheduler::find_holder,
        inherited: Scheduler::inherit,
        hand_over: Scheduler::hand_over,
    };
}

impl<N: Nvm + Copy> Scheduler<N> {
    /// Who holds a mutex.
    pub fn holder_of(&self, mutex: MutexAt) -> Result<Held, Error> {
        let Holder {
            owner,
            depth,
            generation,
        } = self.nvm().load(mutex.holder_at())?;
        match owner {
            NOBODY => return Ok(Held::Free),
            DELETED => return Ok(Held::Deleted),
            _ => {}
        }
        let task = TaskId::new(TaskIndex(owner), generation);
        Ok(if self.is_alive(task)? {
            Held::By(task, depth)
        } else {
            Held::Free
        })
    }

    /// In a kernel transaction: gives a mutex that is free, or that the task holds already, to a task.
    pub fn hold(
        &self,
        kernel: &mut SystemTx<'_, N>,
        mutex: MutexAt,
        task: TaskId,
        depth: u8,
    ) -> Result<(), replay::Error> {
        Ok(kernel.set(mutex.holder_at(), Holder::of(task, depth))?)
    }

    /// What a kernel transaction has to do with which a task blocks on a mutex that `owner` holds: the mutex
    /// becomes one of its owner's contended ones.
    pub fn contention(&self, mutex: MutexAt, owner: TaskIndex) -> Result<Contention, Error> {
        let is_new = self.nvm().load(mutex.contended_at())? == 0;
        Ok(Contention {
            mutex,
            held: if is_new {
                Some(self.areas().task(owner)?.held())
            } else {
                None
            },
        })
    }

    /// What a kernel transaction has to do with which the owner gives a mutex up.
    pub fn passing_on(&self, mutex: MutexAt, owner: TaskIndex) -> Result<PassingOn, Error> {
        let mut waiting = self.waiting(mutex.wait_list()?);
        let heir = waiting.next().transpose()?.map(|(heir, _)| heir);
        let is_awaited_still = waiting.next().is_some();
        Ok(PassingOn {
            mutex,
            link: self.link_to(mutex, owner)?,
            heir: heir.map(|heir| self.id(heir)).transpose()?,
            nobody: NOBODY,
            heir_held: match heir {
                Some(heir) if is_awaited_still => Some(self.areas().task(heir)?.held()),
                _ => None,
            },
        })
    }

    /// What a kernel transaction has to do that deletes a mutex: nobody gets it any more.
    pub fn deletion(&self, mutex: MutexAt, owner: Option<TaskIndex>) -> Result<PassingOn, Error> {
        Ok(PassingOn {
            mutex,
            link: match owner {
                Some(owner) => self.link_to(mutex, owner)?,
                None => None,
            },
            heir: None,
            nobody: DELETED,
            heir_held: None,
        })
    }

    /// The field that leads to a mutex in its owner's chain; `None` where it is in none.
    fn link_to(&self, mutex: MutexAt, owner: TaskIndex) -> Result<Option<Offset<u16>>, Error> {
        if self.nvm().load(mutex.contended_at())? == 0 {
            return Ok(None);
        }
        let mut at = self.areas().task(owner)?.held();
        for _ in 0..self.most_mutexes() {
            let Some(found) = MutexAt::from_link(self.nvm().load(at)?) else {
                break;
            };
            if found == mutex {
                return Ok(Some(at));
            }
            at = found.next_at();
        }
        Err(ErrorKind::Damaged {
            offset: mutex.0.get(),
        }
        .error())
    }

    /// The mutex that a task waits for, if it waits for one.
    pub(crate) fn awaited_mutex(&self, task: TaskIndex) -> Result<Option<MutexAt>, Error> {
        let Some(list) = self.event_node(task)?.owner(self.nvm())? else {
            return Ok(None);
        };
        Ok((list.label(self.nvm())? == MUTEX_LABEL)
            .then(|| MutexAt(Offset::new(list.head().get()))))
    }

    /// The task that holds what a task waits for, if that is a mutex: whose priority may depend on it.
    #[inline]
    pub(crate) fn held_up_by(&self, task: TaskIndex) -> Result<Option<TaskIndex>, Error> {
        match self.follow_ups().mutexes {
            Some(mutexes) => (mutexes.held_up_by)(self, task),
            None => Ok(None),
        }
    }

    /// The priority that a task should have, whose own is this one.
    #[inline]
    pub(crate) fn inherited(&self, task: TaskIndex, own: Priority) -> Result<Priority, Error> {
        match self.follow_ups().mutexes {
            Some(mutexes) => (mutexes.inherited)(self, task, own),
            None => Ok(own),
        }
    }

    /// Hands over the contended mutexes of a task that has ended.
    #[inline]
    pub(crate) fn hand_over_mutexes(&self, dead: TaskIndex) -> Result<(), Error> {
        match self.follow_ups().mutexes {
            Some(mutexes) => (mutexes.hand_over)(self, dead),
            None => Ok(()),
        }
    }

    fn find_holder(&self, task: TaskIndex) -> Result<Option<TaskIndex>, Error> {
        let Some(mutex) = self.awaited_mutex(task)? else {
            return Ok(None);
        };
        Ok(match self.holder_of(mutex)? {
            Held::By(owner, _) => Some(owner.index()),
            Held::Free | Held::Deleted => None,
        })
    }

    fn inherit(&self, task: TaskIndex, own: Priority) -> Result<Priority, Error> {
        let mut priority = own;
        self.contended_of(task, |mutex| {
            if let Some(first) = self.first_waiting(mutex.wait_list()?)? {
                priority = priority.max(self.priority(first)?);
            }
            Ok(None::<()>)
        })?;
        Ok(priority)
    }

    /// The contended mutexes that a task holds, from the last on: calls `each` until it answers something.
    fn contended_of<R>(
        &self,
        task: TaskIndex,
        mut each: impl FnMut(MutexAt) -> Result<Option<R>, Error>,
    ) -> Result<Option<R>, Error> {
        let mut link = self.nvm().load(self.areas().task(task)?.held())?;
        for _ in 0..self.most_mutexes() {
            let Some(mutex) = MutexAt::from_link(link) else {
                return Ok(None);
            };
            if let Some(answer) = each(mutex)? {
                return Ok(Some(answer));
            }
            link = self.nvm().load(mutex.next_at())?;
        }
        Err(ErrorKind::Damaged {
            offset: self.areas().task(task)?.held().get(),
        }
        .error())
    }

    /// More mutexes than the region can hold are a damaged chain.
    fn most_mutexes(&self) -> RawOffset {
        self.nvm().size() / size_of::<MutexBlock>() as RawOffset
    }

    /// Hands over the contended mutexes of a task that has ended, each in one kernel transaction.
    fn hand_over(&self, dead: TaskIndex) -> Result<(), Error> {
        for _ in 0..self.most_mutexes() {
            let Some(mutex) = self.contended_of(dead, |mutex| Ok(Some(mutex)))? else {
                return Ok(());
            };
            let passing_on = self.passing_on(mutex, dead)?;
            let mut work = Work::none();
            if let Some(heir) = passing_on.heir() {
                self.put_result(heir, &Outcome::SUCCESS)?;
                work.wake(self, heir)?;
            }
            self.transact(&work, || {}, |kernel| passing_on.carry_out(kernel))?;
        }
        Err(ErrorKind::Damaged {
            offset: self.areas().task(dead)?.held().get(),
        }
        .error())
    }
}
