//! The pointer whose type knows what must be logged.

use core::fmt;
use core::marker::PhantomData;

use nvm_core::{Offset, Persist, RawOffset};
use nvm_tx::Fault;

use crate::broken::{self, Variant};
use crate::first_write::FirstWrite;
use crate::state::{Fresh, Logged, Read, Settled, State, Written};

/// A pointer to an object within one transaction. Its state, a type, says what the transaction has done
/// with the object, and thereby whether a write must log the old value.
///
/// A transaction that is repeated after a power loss must read what it read the first time. It does
/// where it writes an object before reading it, whatever the interrupted run left there: **only a write
/// after a read needs the log** (the analysis of `IntOS`, OSDI '24). So a [`Fresh`] pointer becomes, by
/// being used up,
///
/// * [`Written`] by [`write`](Ptr::write): unlogged in a [`WriteFirstTx`](nvm_tx::WriteFirstTx), which
///   cannot abort; logged in a [`Tx`](nvm_tx::Tx), which can. Reads and writes go on without logging;
/// * [`Read`] by [`read`](Ptr::read): the write after it logs, and makes it [`Logged`].
///
/// There is **one** fresh pointer to an object in a transaction: it is made by the function that begins
/// the transaction ([`write_first`](crate::write_first), [`transaction`](crate::transaction),
/// [`begin_write_first`](crate::begin_write_first)), which borrows the object's handle mutably until the
/// transaction is over. Dropping the pointer does not give the handle back, so it cannot be asked for
/// again. The pointer carries the lifetime of its transaction and is used with no other.
///
/// It costs 4 bytes of RAM and no NVM.
///
/// ```
/// # use nvm_core::{sim::SimNvm, Layout};
/// # use nvm_ptr::{write_first, Error, Root};
/// # use nvm_tx::{Fault, UndoLog};
/// # let nvm = SimNvm::<4>::new(256);
/// # let mut layout = Layout::new("example", 1);
/// # let area = layout.area("log", 64);
/// let mut scratch = Root::<u32>::place(&mut layout, "scratch");
/// let mut total = Root::<u32>::place(&mut layout, "total");
/// # UndoLog::format(&nvm, area)?;
/// # scratch.format(&nvm, &0).unwrap();
/// # total.format(&nvm, &40).unwrap();
/// let mut log = UndoLog::open(&nvm, area)?;
/// write_first(&mut log, 8, (&mut scratch, &mut total), |tx, (scratch, total)| {
///     let scratch = scratch.write(tx, 2)?; // 4 bytes: nothing logged
///     let (old, total) = total.read(tx)?;
///     total.write(tx, old + scratch.get(tx)?)?; // 12 bytes: the old value is logged
///     Ok(())
/// })?;
/// # assert_eq!(log.transaction(|tx| total.get(tx))?, 42);
/// # Ok::<(), Error>(())
/// ```
///
/// # What does not compile
///
/// Two fresh pointers from one handle:
///
/// ```compile_fail,E0499
/// # use nvm_core::{sim::SimNvm, Layout};
/// # use nvm_ptr::{write_first, Error, Root};
/// # use nvm_tx::UndoLog;
/// fn twice(log: &mut UndoLog<&SimNvm<4>>, mut a: Root<u32>) -> Result<(), Error> {
///     write_first(log, 8, (&mut a, &mut a), |tx, (one, two)| Ok(()))
/// }
/// ```
///
/// Using a pointer's old state again:
///
/// ```compile_fail,E0382
/// # use nvm_core::{sim::SimNvm, Layout};
/// # use nvm_ptr::{write_first, Error, Root};
/// # use nvm_tx::UndoLog;
/// fn restarted(log: &mut UndoLog<&SimNvm<4>>, mut a: Root<u32>) -> Result<(), Error> {
///     write_first(log, 8, &mut a, |tx, a| {
///         let (value, _) = a.read(tx)?;
///         a.write(tx, value + 1)?; // would not be logged
///         Ok(())
///     })
/// }
/// ```
///
/// Asking again after the first pointer was dropped:
///
/// ```compile_fail,E0499
/// # use nvm_core::{sim::SimNvm, Layout};
/// # use nvm_ptr::{write_first, Error, Root};
/// # use nvm_tx::UndoLog;
/// fn asked_again(
///     log: &mut UndoLog<&SimNvm<4>>,
///     other: &mut UndoLog<&SimNvm<4>>,
///     mut a: Root<u32>,
/// ) -> Result<(), Error> {
///     write_first(log, 8, &mut a, |tx, first| {
///         drop(first);
///         let _ = write_first(other, 8, &mut a, |tx, second| Ok(()));
///         Ok(())
///     })
/// }
/// ```
///
/// Logged access to an object that is open (it could read what a fresh write then changes unlogged):
///
/// ```compile_fail,E0502
/// # use nvm_core::{sim::SimNvm, Layout};
/// # use nvm_ptr::{write_first, Error, Root};
/// # use nvm_tx::UndoLog;
/// fn read_behind(log: &mut UndoLog<&SimNvm<4>>, mut a: Root<u32>) -> Result<(), Error> {
///     write_first(log, 8, &mut a, |tx, fresh| {
///         let value = a.get(tx)?;
///         fresh.write(tx, value + 1)?;
///         Ok(())
///     })
/// }
/// ```
///
/// Keeping a pointer beyond its transaction:
///
/// ```compile_fail
/// # use nvm_core::{sim::SimNvm, Layout};
/// # use nvm_ptr::{write_first, Error, Root};
/// # use nvm_tx::UndoLog;
/// fn kept(log: &mut UndoLog<&SimNvm<4>>, mut a: Root<u32>) {
///     let pointer = write_first(log, 8, &mut a, |tx, a| a.write(tx, 1));
/// }
/// ```
///
/// ```compile_fail,E0521
/// # use nvm_core::{sim::SimNvm, Layout};
/// # use nvm_ptr::{write_first, Error, Root};
/// # use nvm_tx::UndoLog;
/// fn smuggled(log: &mut UndoLog<&SimNvm<4>>, mut a: Root<u32>) -> Result<(), Error> {
///     let mut out = None;
///     write_first(log, 8, &mut a, |tx, a| {
///         out = Some(a.write(tx, 1)?);
///         Ok(())
///     })
/// }
/// ```
///
/// Using a pointer with another transaction:
///
/// ```compile_fail
/// # use nvm_core::{sim::SimNvm, Layout};
/// # use nvm_ptr::{write_first, Error, Root};
/// # use nvm_tx::UndoLog;
/// fn crossed(
///     log: &mut UndoLog<&SimNvm<4>>,
///     other: &mut UndoLog<&SimNvm<4>>,
///     mut a: Root<u32>,
/// ) -> Result<(), Error> {
///     write_first(log, 8, &mut a, |tx, a| {
///         let mut second = other.begin_write_first(0)?;
///         a.write(&mut second, 1)?;
///         Ok(())
///     })
/// }
/// ```
///
/// An unlogged write in a transaction that can abort, or aborting one that cannot:
///
/// ```compile_fail,E0599
/// # use nvm_core::{sim::SimNvm, Offset};
/// # use nvm_tx::{Fault, UndoLog};
/// fn unlogged(log: &mut UndoLog<&SimNvm<4>>, a: Offset<u32>) -> Result<(), Fault> {
///     log.transaction(|tx| tx.set_unlogged(a, 1))
/// }
/// ```
///
/// ```compile_fail
/// # use nvm_core::{sim::SimNvm, Layout};
/// # use nvm_ptr::{write_first, Error, Root};
/// # use nvm_tx::UndoLog;
/// struct ChangedMyMind;
/// fn aborted(log: &mut UndoLog<&SimNvm<4>>, mut a: Root<u32>) {
///     let _ = write_first(log, 8, &mut a, |tx, a| {
///         a.write(tx, 1)?;
///         Err(ChangedMyMind)
///     });
/// }
/// ```
///
/// Copying a handle:
///
/// ```compile_fail,E0599
/// # use nvm_ptr::Root;
/// fn copied(a: Root<u32>) -> (Root<u32>, Root<u32>) {
///     (a.clone(), a)
/// }
/// ```
pub struct Ptr<'tx, T, S: State> {
    offset: RawOffset,
    // Invariant in 'tx: a pointer fits the one transaction that it was made for.
    transaction: PhantomData<fn(&'tx ()) -> &'tx ()>,
    object: PhantomData<fn() -> (T, S)>,
}

impl<'tx, T, S: State> Ptr<'tx, T, S> {
    /// **The** pointer to the object at `offset` in this state: the caller sees to it that there is no
    /// other in this transaction.
    #[inline]
    pub(crate) const fn at(offset: RawOffset) -> Self {
        Self {
            offset,
            transaction: PhantomData,
            object: PhantomData,
        }
    }

    #[inline]
    pub(crate) const fn offset(&self) -> RawOffset {
        self.offset
    }

    #[inline]
    fn into_state<After: State>(self) -> Ptr<'tx, T, After> {
        Ptr::at(self.offset)
    }
}

impl<'tx, T: Persist, S: State> Ptr<'tx, T, S> {
    #[inline]
    fn load<X: FirstWrite<'tx>>(&self, tx: &X) -> Result<T, Fault> {
        tx.load(Offset::new(self.offset))
    }
}

impl<'tx, T: Persist> Ptr<'tx, T, Fresh> {
    /// Writes the object before it was read. Costs its bytes alone in a transaction that cannot abort;
    /// in one that can, it is logged: 4 bytes and its old bytes more.
    ///
    /// After a fault the transaction does not commit.
    #[inline]
    pub fn write<X: FirstWrite<'tx>>(
        self,
        tx: &mut X,
        value: T,
    ) -> Result<Ptr<'tx, T, Written>, Fault> {
        tx.write_first(self.offset, value.as_bytes())?;
        Ok(self.into_state())
    }

    /// Reads the object. A write after it will log.
    #[inline]
    pub fn read<X: FirstWrite<'tx>>(self, tx: &X) -> Result<(T, Ptr<'tx, T, Read>), Fault> {
        Ok((self.load(tx)?, self.into_state()))
    }

    /// Reads the object, and writes what `change` makes of it. Costs its bytes, and 4 bytes and its old
    /// bytes in the log.
    #[inline]
    pub fn update<X: FirstWrite<'tx>>(
        self,
        tx: &mut X,
        change: impl FnOnce(T) -> T,
    ) -> Result<Ptr<'tx, T, Logged>, Fault> {
        let (value, read) = self.read(tx)?;
        read.write(tx, change(value))
    }
}

impl<'tx, T: Persist> Ptr<'tx, T, Read> {
    /// Reads the object once more.
    #[inline]
    pub fn get<X: FirstWrite<'tx>>(&self, tx: &X) -> Result<T, Fault> {
        self.load(tx)
    }

    /// Writes the object after it was read: logs its old value. Costs its bytes, and 4 bytes and its
    /// old bytes in the log.
    #[inline]
    pub fn write<X: FirstWrite<'tx>>(
        self,
        tx: &mut X,
        value: T,
    ) -> Result<Ptr<'tx, T, Logged>, Fault> {
        if broken::is(Variant::ForgetsRead) {
            tx.write_first(self.offset, value.as_bytes())?;
        } else {
            tx.write_after_read(self.offset, value.as_bytes())?;
        }
        Ok(self.into_state())
    }
}

impl<'tx, T: Persist, S: Settled> Ptr<'tx, T, S> {
    /// Reads the object.
    #[inline]
    pub fn get<X: FirstWrite<'tx>>(&self, tx: &X) -> Result<T, Fault> {
        self.load(tx)
    }

    /// Writes the object once more: costs its bytes alone.
    #[inline]
    pub fn set<X: FirstWrite<'tx>>(&mut self, tx: &mut X, value: T) -> Result<(), Fault> {
        store_settled::<X, S>(tx, self.offset, value.as_bytes())
    }
}

/// Stores bytes of an object in a settled state.
#[inline]
pub(crate) fn store_settled<'tx, X: FirstWrite<'tx>, S: Settled>(
    tx: &mut X,
    offset: RawOffset,
    bytes: &[u8],
) -> Result<(), Fault> {
    if S::WRITTEN_FIRST {
        tx.write_first(offset, bytes)
    } else {
        // It is in the log: the transaction knows, and does not log it again.
        tx.write_after_read(offset, bytes)
    }
}

impl<T, S: State> fmt::Debug for Ptr<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = core::any::type_name::<S>();
        let state = state.rsplit("::").next().unwrap_or(state);
        write!(f, "Ptr({:#x}, {state})", self.offset)
    }
}
