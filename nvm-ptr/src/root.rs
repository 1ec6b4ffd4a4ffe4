//! The handle of an object that the layout placed.

use core::fmt;

use nvm_core::{Class, Layout, Nvm, Offset, Persist, RawOffset};
use nvm_tx::{Fault, Tx};

use crate::error::Error;
use crate::place::Place;

/// The handle of an object that the [`Layout`] placed: it lies there from the first boot on.
///
/// The handle is unique: it cannot be copied, and does not give out its [`Offset`] while it lives. So a
/// transaction that borrows it mutably ([`write_first`](crate::write_first)) knows that nobody else
/// reaches the object through it, and may write it unlogged. Through a shared borrow the object is read,
/// and written with logging, in any transaction.
///
/// A program builds its layout, and with it its roots, **once** at each start. Nothing can keep it from
/// doing so twice; two handles of one object opened in one transaction are refused
/// ([`Error::Overlap`]).
///
/// ```
/// use nvm_core::{sim::SimNvm, Layout};
/// use nvm_ptr::{Error, Root};
/// use nvm_tx::UndoLog;
///
/// let mut layout = Layout::new("door lock", 1);
/// let log_area = layout.area("undo log", UndoLog::<&SimNvm<4>>::area_bytes(64));
/// let opened = Root::<u32>::place(&mut layout, "opened");
///
/// let nvm = SimNvm::<4>::new(layout.size());
/// UndoLog::format(&nvm, log_area)?; // on the first boot
/// opened.format(&nvm, &0)?;
///
/// let mut log = UndoLog::open(&nvm, log_area)?;
/// log.transaction(|tx| opened.update(tx, |times| times + 1))?;
/// assert_eq!(log.transaction(|tx| opened.get(tx))?, 1);
/// # Ok::<(), Error>(())
/// ```
#[must_use = "the handle is the only way to the object"]
pub struct Root<T> {
    object: Offset<T>,
}

/// The handle of an array that the [`Layout`] placed: a [`Root`] with access to single elements.
pub type PArray<T, const LEN: usize> = Root<[T; LEN]>;

impl<T: Persist> Root<T> {
    /// Places an object.
    pub fn place(layout: &mut Layout, name: &str) -> Self {
        Self::at(layout.object(name))
    }

    /// Stores the object's first value, without a transaction. Part of the region's first boot: a power
    /// loss in it makes the region be formatted anew.
    pub fn format<N: Nvm>(&self, nvm: &N, value: &T) -> Result<(), Error> {
        nvm.store(Class::Data, self.object, value)
            .map_err(|error| Fault::from(error).into())
    }

    /// Reads the object.
    #[inline]
    pub fn get<N: Nvm>(&self, tx: &Tx<'_, N>) -> Result<T, Fault> {
        tx.get(self.object)
    }

    /// Writes the object. Costs its bytes, and where it has not been logged in this transaction 4 bytes
    /// and its old bytes.
    #[inline]
    pub fn set<N: Nvm>(&self, tx: &mut Tx<'_, N>, value: T) -> Result<(), Fault> {
        tx.set(self.object, value)
    }

    /// Writes what `change` makes of the object.
    #[inline]
    pub fn update<N: Nvm>(
        &self,
        tx: &mut Tx<'_, N>,
        change: impl FnOnce(T) -> T,
    ) -> Result<(), Fault> {
        tx.update(self.object, change)
    }
}

impl<T> Root<T> {
    #[inline]
    pub(crate) const fn at(object: Offset<T>) -> Self {
        Self { object }
    }

    /// What [`field!`](nvm_core::field!) expands to: `field!(root, Struct.field)` is a [`Place`].
    #[doc(hidden)]
    #[inline]
    pub fn project<F>(&self, bytes: usize, which: impl Fn(&T) -> &F) -> Place<'_, F> {
        Place::at(self.object.project(bytes, which))
    }

    /// Gives the handle up for the offset, a plain value that may be stored in another object. With it
    /// there is only logged access ([`Tx::get`], [`Tx::set`]), and no way back to a handle.
    #[inline]
    pub const fn into_offset(self) -> Offset<T> {
        self.object
    }

    #[inline]
    pub(crate) const fn offset(&self) -> RawOffset {
        self.object.get()
    }
}

impl<T: Persist, const LEN: usize> Root<[T; LEN]> {
    /// Elements of the array.
    pub const fn len(&self) -> usize {
        LEN
    }

    /// An array without elements.
    pub const fn is_empty(&self) -> bool {
        LEN == 0
    }

    /// Reads one element.
    pub fn get_at<N: Nvm>(&self, tx: &Tx<'_, N>, index: usize) -> Result<T, Error> {
        Ok(self.checked(index)?.get(tx)?)
    }

    /// Writes one element. Costs its bytes, and where it has not been logged in this transaction 4 bytes
    /// and its old bytes.
    pub fn set_at<N: Nvm>(&self, tx: &mut Tx<'_, N>, index: usize, value: T) -> Result<(), Error> {
        Ok(self.checked(index)?.set(tx, value)?)
    }

    /// Where the element at `index` lies, or nothing where the array has none.
    #[inline]
    pub const fn element(&self, index: usize) -> Option<Place<'_, T>> {
        match self.object.element(index) {
            Some(element) => Some(Place::at(element)),
            None => None,
        }
    }

    fn checked(&self, index: usize) -> Result<Place<'_, T>, Error> {
        self.element(index)
            .ok_or(Error::OutOfBounds { index, len: LEN })
    }
}

impl<T> fmt::Debug for Root<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root({:#x})", self.object.get())
    }
}
