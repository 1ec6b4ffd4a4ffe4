//! Logged access to an object, or a part of it, behind a handle.

use core::fmt;
use core::marker::PhantomData;

use nvm_core::{Nvm, Offset, Persist};
use nvm_tx::{Fault, Tx};

/// Where an object, a field or an element lies, borrowed from its handle: for access that logs.
///
/// It may be copied: each write logs what has not been logged yet, whoever wrote before. As it borrows
/// the handle, it cannot be used in a transaction that has the handle open for
/// [`Fresh`](crate::Fresh) pointers.
///
/// ```
/// # use nvm_core::{field, persist, sim::SimNvm, Layout};
/// # use nvm_ptr::{Error, Root};
/// # use nvm_tx::UndoLog;
/// # let nvm = SimNvm::<4>::new(256);
/// # let mut layout = Layout::new("example", 1);
/// # let area = layout.area("log", 64);
/// persist! {
///     struct Pump { runs: u32, levels: [u16; 4] }
/// }
/// let pump = Root::<Pump>::place(&mut layout, "pump");
/// # UndoLog::format(&nvm, area)?;
/// # pump.format(&nvm, &Pump { runs: 6, levels: [1, 2, 3, 4] })?;
/// # let mut log = UndoLog::open(&nvm, area)?;
/// log.transaction(|tx| {
///     field!(pump, Pump.runs).update(tx, |runs| runs + 1)?; // logs 4 bytes, not 12
///     let levels = field!(pump, Pump.levels);
///     let Some(level) = levels.element(2) else { return Ok(()) };
///     level.set(tx, 99)
/// })?;
/// # let now = log.transaction(|tx| pump.get(tx))?;
/// # assert_eq!(now, Pump { runs: 7, levels: [1, 2, 99, 4] });
/// # Ok::<(), Error>(())
/// ```
pub struct Place<'h, T> {
    object: Offset<T>,
    handle: PhantomData<&'h ()>,
}

impl<T> Place<'_, T> {
    #[inline]
    pub(crate) const fn at(object: Offset<T>) -> Self {
        Self {
            object,
            handle: PhantomData,
        }
    }
}

impl<'h, T: Persist> Place<'h, T> {
    /// Reads the object.
    #[inline]
    pub fn get<N: Nvm>(self, tx: &Tx<'_, N>) -> Result<T, Fault> {
        tx.get(self.object)
    }

    /// Writes the object. Costs its bytes, and where it has not been logged in this transaction 4 bytes
    /// and its old bytes.
    #[inline]
    pub fn set<N: Nvm>(self, tx: &mut Tx<'_, N>, value: T) -> Result<(), Fault> {
        tx.set(self.object, value)
    }

    /// Writes what `change` makes of the object.
    #[inline]
    pub fn update<N: Nvm>(
        self,
        tx: &mut Tx<'_, N>,
        change: impl FnOnce(T) -> T,
    ) -> Result<(), Fault> {
        tx.update(self.object, change)
    }

    /// What [`field!`](nvm_core::field!) expands to.
    #[doc(hidden)]
    #[inline]
    pub fn project<F>(self, bytes: usize, which: impl Fn(&T) -> &F) -> Place<'h, F> {
        Place::at(self.object.project(bytes, which))
    }
}

impl<'h, T: Persist, const LEN: usize> Place<'h, [T; LEN]> {
    /// The element at `index`, or nothing where the array has none.
    #[inline]
    pub fn element(self, index: usize) -> Option<Place<'h, T>> {
        self.object.element(index).map(Place::at)
    }
}

impl<T> Clone for Place<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Place<'_, T> {}

impl<T> fmt::Debug for Place<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({:#x})", self.object.get())
    }
}
