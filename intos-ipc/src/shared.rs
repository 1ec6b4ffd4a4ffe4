//! An object that several tasks own together: counted references, and a mutex around it.
//!
//! It lies in a heap, in one block:
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..16 | mutex |
//! | 16..20 | how many references there are |
//! | 20.. | the object |
//!
//! | call | stores in its kernel transaction |
//! | --- | --- |
//! | new | the allocation (logged bits); the block, not logged, since it is nobody's yet |
//! | share, release of one of several | count |
//! | release of the last one | none; the block is freed with the commit |

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use intos_sched::{
    Call, Error, Held, MutexAt, MutexBlock, Outcome, Port, Progress, SystemCalls, TaskCalls,
    Timeout,
};
use nvm_alloc::{AllocError, Heap};
use nvm_core::{
    Class, Nvm, Offset, Persist, RawOffset, Record, RecordReader, RecordWriter, field, narrowed,
    widened,
};
use replay::Site;

use crate::mutex::{self, MutexGuard};

nvm_core::persist! {
    struct Header {
        mutex: MutexBlock,
        references: u32,
    }
}

/// One of the references to a shared object: the paper's shared state. The object is freed with the last of
/// them.
///
/// Not `Copy`: each reference is counted, in NVM. [`share`](Shared::share) makes one more, for another task to
/// own; [`into_offset`](Shared::into_offset) turns one into plain data, to be kept in a persistent object, sent
/// through a queue or given to a task that is created, where [`from_offset`](Shared::from_offset) makes it a
/// reference again.
///
/// A reference that is dropped without [`release`](Shared::release) stays counted. System calls stay made when
/// the transaction around them is aborted: so a transaction that shares, releases or makes an object does
/// nothing that can fail after it.
#[must_use = "a reference that is not released stays counted"]
pub struct Shared<T> {
    header: Offset<Header>,
    object: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").field(&self.header.get()).finish()
    }
}

type Done = Result<(), Outcome>;

impl<T: Persist> Shared<T> {
    /// Bytes of the block that holds an object.
    pub const BYTES: RawOffset = (size_of::<Header>() + size_of::<T>()) as RawOffset;

    /// Allocates an object, and makes the first reference to it. The heap must lie in the first 256 KiB.
    ///
    /// # Errors
    ///
    /// [`Outcome::OutOfMemory`].
    #[track_caller]
    #[allow(clippy::needless_pass_by_value)] // plain data: a value reads better than a reference
    pub fn new(tx: &mut impl SystemCalls, heap: impl Into<Heap>, object: T) -> Result<Self, Error> {
        let heap = heap.into();
        let made: Result<u32, Outcome> = tx.call(Site::here(), &"shared.new").run(|call| {
            let mut failed = None;
            let progress = call.complete_alone(|kernel| {
                let at = match heap.allocate(kernel, Self::BYTES) {
                    Ok(at) => at,
                    Err(AllocError::OutOfMemory { .. }) => {
                        return Ok(Err(Outcome::OutOfMemory));
                    }
                    Err(AllocError::Transaction(fault)) => return Err(fault.into()),
                    Err(_) => return Ok(Err(Outcome::Invalid)),
                };
                let shared = Self::from_offset(Offset::new(at));
                let nvm = kernel.nvm();
                if let Err(error) = shared.mutex().format(nvm, Class::Kernel) {
                    failed = Some(error);
                    return Ok(Err(Outcome::Invalid));
                }
                nvm.store(Class::Kernel, shared.references_at(), &1)?;
                nvm.store(Class::Data, shared.object(), &object)?;
                Ok(Ok(widened(at)))
            })?;
            match failed {
                Some(error) => Err(error),
                None => Ok(progress),
            }
        })?;
        Ok(Self::from_offset(Offset::new(narrowed(made?))))
    }

    /// Makes one more reference.
    #[track_caller]
    pub fn share(&self, tx: &mut impl SystemCalls) -> Result<Self, Error> {
        let at = self.references_at();
        let done: Done = tx.call(Site::here(), &"shared.share").run(|call| {
            let references = call.nvm().load(at)?;
            if references == u32::MAX {
                return call.refuse(Outcome::Overflow);
            }
            call.complete_alone(|kernel| {
                kernel.set(at, references + 1)?;
                Ok(Ok(()))
            })
        })?;
        done?;
        Ok(Self::from_offset(self.header.cast()))
    }

    /// Gives a reference back, in a transaction of its own, and answers whether it was the last one: then the
    /// object is freed.
    ///
    /// # Errors
    ///
    /// [`Outcome::Busy`] where it is the last one and a task has locked the object, which would unlock what is
    /// another's by then: it stays counted. [`Outcome::Invalid`] where the object is not one of the heap's.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value)] // the reference is gone
    pub fn release(self, task: &mut impl TaskCalls, heap: impl Into<Heap>) -> Result<bool, Error> {
        let heap = heap.into();
        let is_last: Result<bool, Outcome> =
            task.call_alone(Site::here(), &"shared.release", |call| {
                self.attempt_release(call, heap)
            })?;
        Ok(is_last?)
    }

    /// The same, as part of a transaction, for a reference that was made in it or found as plain data: its
    /// closure may run again, and cannot take one from outside.
    ///
    /// # Errors
    ///
    /// As [`release`](Shared::release).
    #[track_caller]
    #[allow(clippy::needless_pass_by_value)] // the reference is gone
    pub fn release_in(
        self,
        tx: &mut impl SystemCalls,
        heap: impl Into<Heap>,
    ) -> Result<bool, Error> {
        let heap = heap.into();
        let is_last: Result<bool, Outcome> = tx
            .call(Site::here(), &"shared.release")
            .run(|call| self.attempt_release(call, heap))?;
        Ok(is_last?)
    }

    fn attempt_release<N: Nvm + Copy, P: Port>(
        &self,
        call: &mut Call<'_, N, P>,
        heap: Heap,
    ) -> Result<Progress<Result<bool, Outcome>>, Error> {
        let at = self.references_at();
        let references = call.nvm().load(at)?;
        if references <= 1 && matches!(call.scheduler().holder_of(self.mutex())?, Held::By(..)) {
            return call.refuse(Outcome::Busy);
        }
        call.complete_alone(|kernel| {
            if references > 1 {
                kernel.set(at, references - 1)?;
                return Ok(Ok(false));
            }
            match heap.free(kernel, self.header.get()) {
                Ok(()) => Ok(Ok(true)),
                Err(AllocError::Transaction(fault)) => Err(fault.into()),
                Err(_) => Ok(Err(Outcome::Invalid)),
            }
        })
    }

    /// Locks the object for a task: see [`Mutex::lock`](crate::Mutex::lock).
    #[track_caller]
    pub fn lock<'t, C: TaskCalls>(
        &self,
        task: &'t mut C,
        timeout: impl Into<Timeout>,
    ) -> Result<SharedGuard<'t, C, T>, Error> {
        let (site, timeout) = (Site::here(), timeout.into());
        Ok(SharedGuard {
            object: self.object(),
            guard: mutex::lock(self.mutex(), task, site, &"shared.lock", false, timeout)?,
        })
    }

    /// Locks the object for a task, if no other has locked it.
    #[track_caller]
    pub fn try_lock<'t, C: TaskCalls>(
        &self,
        task: &'t mut C,
    ) -> Result<SharedGuard<'t, C, T>, Error> {
        self.lock(task, Timeout::None)
    }

    /// How many references there are, as seen from outside of any task.
    pub fn references<N: Nvm>(&self, nvm: &N) -> Result<u32, Error> {
        Ok(nvm.load(self.references_at())?)
    }

    /// The reference as plain data, which may be stored and sent. It stays counted.
    pub const fn into_offset(self) -> Offset<Self> {
        Offset::new(self.header.get())
    }

    /// The reference that was turned into plain data.
    pub const fn from_offset(offset: Offset<Self>) -> Self {
        Self {
            header: offset.cast(),
            object: PhantomData,
        }
    }

    fn mutex(&self) -> MutexAt {
        MutexAt::new(field!(self.header, Header.mutex))
    }

    fn references_at(&self) -> Offset<u32> {
        field!(self.header, Header.references)
    }

    /// Where the object lies, to look at it from outside of any task. A task locks it, and has this from its guard.
    pub const fn object(&self) -> Offset<T> {
        Offset::new(
            self.header
                .get()
                .wrapping_add(size_of::<Header>() as RawOffset),
        )
    }
}

/// A replay hands out the reference again that went with the power.
impl<T: Persist> Record for Shared<T> {
    const MAX_BYTES: RawOffset = 4;

    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), nvm_core::Error> {
        self.header.encode(to)
    }

    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, nvm_core::Error> {
        Ok(Offset::decode(from)?.map(Self::from_offset))
    }
}

/// A shared object that a task has locked, and the task itself, which goes on through the guard.
#[must_use = "an object is unlocked as soon as its guard is dropped"]
pub struct SharedGuard<'t, C: TaskCalls, T> {
    guard: MutexGuard<'t, C>,
    object: Offset<T>,
}

impl<C: TaskCalls, T> fmt::Debug for SharedGuard<'_, C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedGuard")
            .field("object", &self.object)
            .finish_non_exhaustive()
    }
}

impl<C: TaskCalls, T> SharedGuard<'_, C, T> {
    /// Where the object lies, to be read and written in transactions as long as the guard lives.
    pub const fn object(&self) -> Offset<T> {
        self.object
    }

    /// Unlocks the object.
    ///
    /// # Errors
    ///
    /// As [`MutexGuard::unlock`].
    pub fn unlock(self) -> Result<(), Error> {
        self.guard.unlock()
    }
}

impl<C: TaskCalls, T> Deref for SharedGuard<'_, C, T> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.guard
    }
}

impl<C: TaskCalls, T> DerefMut for SharedGuard<'_, C, T> {
    fn deref_mut(&mut self) -> &mut C {
        &mut self.guard
    }
}
