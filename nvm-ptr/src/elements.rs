//! Pointers to the elements of an array: each element once.

use core::fmt;
use core::iter::FusedIterator;
use core::marker::PhantomData;

use nvm_core::{Offset, Persist, RawOffset};
use nvm_tx::Fault;

use crate::first_write::FirstWrite;
use crate::pointer::{Ptr, store_settled};
use crate::state::{Fresh, Settled, State, Written};

/// A pointer to the elements of an array or a slice, all in one state, within one transaction.
///
/// It is an iterator of [`Ptr`]s: each element is given once. Where nothing remains to be logged
/// ([`Written`] by [`write_with`](Elements::write_with), or [`Logged`](crate::Logged)), single elements
/// are read and written by their index, any number of times.
///
/// ```
/// # use nvm_core::{sim::SimNvm, Layout};
/// # use nvm_ptr::{write_first, Error, PArray};
/// # use nvm_tx::UndoLog;
/// # let nvm = SimNvm::<4>::new(256);
/// # let mut layout = Layout::new("example", 1);
/// # let area = layout.area("log", 64);
/// let mut samples = PArray::<i16, 4>::place(&mut layout, "samples");
/// # UndoLog::format(&nvm, area)?;
/// # let mut log = UndoLog::open(&nvm, area)?;
/// let sum = write_first(&mut log, 0, &mut samples, |tx, samples| {
///     let mut samples = samples.elements().write_with(tx, |index| index as i16 * 10)?;
///     samples.set(tx, 3, 7)?; // Some(()): there is a third element
///     let mut sum = 0;
///     for index in 0..samples.len() {
///         sum += samples.get(tx, index)?.unwrap_or(0);
///     }
///     Ok(sum)
/// })?;
/// assert_eq!(sum, 0 + 10 + 20 + 7);
/// # Ok::<(), Error>(())
/// ```
pub struct Elements<'tx, T, S: State> {
    offset: RawOffset,
    len: RawOffset,
    transaction: PhantomData<fn(&'tx ()) -> &'tx ()>,
    object: PhantomData<fn() -> (T, S)>,
}

impl<T, S: State> Elements<'_, T, S> {
    #[inline]
    pub(crate) const fn at(offset: RawOffset, len: RawOffset) -> Self {
        Self {
            offset,
            len,
            transaction: PhantomData,
            object: PhantomData,
        }
    }

    /// Elements that are left.
    #[inline]
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// No elements are left.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first `mid` elements and the rest; all and none where there are fewer.
    #[inline]
    pub fn split_at(self, mid: usize) -> (Self, Self) {
        let mid = RawOffset::try_from(mid).map_or(self.len, |mid| mid.min(self.len));
        (
            Self::at(self.offset, mid),
            Self::at(self.place(mid), self.len - mid),
        )
    }

    #[inline]
    fn place(&self, index: RawOffset) -> RawOffset {
        self.offset
            .wrapping_add(index.wrapping_mul(size_of::<T>() as RawOffset))
    }

    #[inline]
    fn checked_place(&self, index: usize) -> Option<RawOffset> {
        let index = RawOffset::try_from(index)
            .ok()
            .filter(|index| *index < self.len)?;
        Some(self.place(index))
    }
}

impl<'tx, T, S: State> Iterator for Elements<'tx, T, S> {
    type Item = Ptr<'tx, T, S>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.len = self.len.checked_sub(1)?;
        let element = Ptr::at(self.offset);
        self.offset = self.place(1);
        Some(element)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl<T, S: State> DoubleEndedIterator for Elements<'_, T, S> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        self.len = self.len.checked_sub(1)?;
        Some(Ptr::at(self.place(self.len)))
    }
}

impl<T, S: State> ExactSizeIterator for Elements<'_, T, S> {}

impl<T, S: State> FusedIterator for Elements<'_, T, S> {}

impl<'tx, T: Persist> Elements<'tx, T, Fresh> {
    /// Writes each element before it was read, to what `value` gives for its index. Costs the elements'
    /// bytes alone in a transaction that cannot abort; in one that can, 4 bytes and the old bytes for
    /// each element more.
    pub fn write_with<X: FirstWrite<'tx>>(
        self,
        tx: &mut X,
        mut value: impl FnMut(usize) -> T,
    ) -> Result<Elements<'tx, T, Written>, Fault> {
        for index in 0..self.len {
            tx.write_first(self.place(index), value(index as usize).as_bytes())?;
        }
        Ok(Elements::at(self.offset, self.len))
    }
}

impl<'tx, T: Persist, S: Settled> Elements<'tx, T, S> {
    /// Reads one element; `None` where there is none at `index`.
    #[inline]
    pub fn get<X: FirstWrite<'tx>>(&self, tx: &X, index: usize) -> Result<Option<T>, Fault> {
        self.checked_place(index)
            .map(|offset| tx.load(Offset::new(offset)))
            .transpose()
    }

    /// Writes one element once more: costs its bytes alone. `None`, and nothing written, where there is
    /// none at `index`.
    #[inline]
    pub fn set<X: FirstWrite<'tx>>(
        &mut self,
        tx: &mut X,
        index: usize,
        value: T,
    ) -> Result<Option<()>, Fault> {
        self.checked_place(index)
            .map(|offset| store_settled::<X, S>(tx, offset, value.as_bytes()))
            .transpose()
    }
}

impl<'tx, T, S: State, const LEN: usize> Ptr<'tx, [T; LEN], S> {
    /// Pointers to the elements, each once.
    #[inline]
    pub fn elements(self) -> Elements<'tx, T, S> {
        const { assert!(size_of::<[T; LEN]>() <= RawOffset::MAX as usize) };
        Elements::at(self.offset(), LEN as RawOffset)
    }
}

impl<T, S: State> fmt::Debug for Elements<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = core::any::type_name::<S>();
        let state = state.rsplit("::").next().unwrap_or(state);
        write!(f, "Elements({:#x}, {}, {state})", self.offset, self.len)
    }
}
