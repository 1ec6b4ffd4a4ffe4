//! A persistent vector in a heap that tasks share.

use intos_sched::{Error, ErrorKind, Outcome};
use nvm_core::{Nvm, Persist, RawOffset, Record, RecordReader, RecordWriter};
use nvm_ptr::PVec;

use crate::board::Board;
use crate::heap::{Heap, HeapTransaction as _, from_alloc};
use crate::task::Task;
use crate::transaction::Tx;

/// A vector in a [`Heap`]: [`nvm_ptr::PVec`], whose documentation says what is logged and what each call costs, with
/// the calls that allocate and free made in a critical section, as the heap's own are.
///
/// The handle is unique, and **dropping it frees nothing**. A transaction that makes a vector gives the handle as its
/// result, which a replay hands out again. The elements are guarded by nothing: tasks that share a vector need a lock.
///
/// ```
/// # use intos::prelude::*;
/// fn sum_of_squares<B: Board>(task: &mut Task<B>, heap: Heap) -> Result<u32, Error> {
///     let squares: Vector<u32> = task.transaction(|tx| Vector::new(tx, heap))?;
///     nv_for_loop!(task, number in 0..10u32 => {
///         task.transaction(|tx| squares.push(tx, heap, number * number))?;
///     });
///     let sum = task.transaction(|tx| {
///         let mut sum = 0;
///         for index in 0..squares.len(tx)? {
///             sum += squares.get(tx, index)?.unwrap_or(0);
///         }
///         Ok(sum)
///     })?;
///     squares.free(task, heap)?;
///     Ok(sum)
/// }
/// ```
#[derive(Debug)]
#[must_use = "dropping the handle does not free the vector, it loses the way to it"]
pub struct Vector<T>(PVec<T>);

impl<T: Persist> Vector<T> {
    /// Allocates a vector without elements. Costs 8 bytes, and 7 or 14 for the allocation.
    ///
    /// # Errors
    ///
    /// [`Outcome::OutOfMemory`].
    pub fn new<B: Board>(tx: &mut Tx<B>, heap: Heap) -> Result<Self, Error> {
        let vector = tx.undisturbed(|tx| PVec::new(tx, heap.into()));
        vector.map(Self).map_err(from_vector)
    }

    /// Frees the vector with its elements, in a transaction of its own: a closure that may run again cannot take the
    /// handle.
    ///
    /// # Errors
    ///
    /// [`Outcome::Invalid`] where it is none of the heap's.
    #[track_caller]
    pub fn free<B: Board>(self, task: &mut Task<B>, heap: Heap) -> Result<(), Error> {
        let freed = |tx: &mut Tx<B>| tx.undisturbed(|tx| self.0.free_borrowed(tx, heap.into()));
        task.transaction(|tx| freed(tx).map_err(from_vector))
    }

    /// Elements.
    pub fn len<B: Board>(&self, tx: &Tx<B>) -> Result<usize, Error> {
        self.0.len(tx).map_err(from_vector)
    }

    /// There are no elements.
    pub fn is_empty<B: Board>(&self, tx: &Tx<B>) -> Result<bool, Error> {
        self.0.is_empty(tx).map_err(from_vector)
    }

    /// Reads one element; `None` where there is none at `index`.
    pub fn get<B: Board>(&self, tx: &Tx<B>, index: usize) -> Result<Option<T>, Error> {
        self.0.get(tx, index).map_err(from_vector)
    }

    /// Reads the last element, if there is one.
    pub fn last<B: Board>(&self, tx: &Tx<B>) -> Result<Option<T>, Error> {
        self.0.last(tx).map_err(from_vector)
    }

    /// Overwrites one element.
    ///
    /// # Errors
    ///
    /// [`Outcome::Invalid`] where there is none at `index`.
    pub fn set<B: Board>(&self, tx: &mut Tx<B>, index: usize, value: T) -> Result<(), Error> {
        self.0.set(tx, index, value).map_err(from_vector)
    }

    /// Overwrites one element by what `change` makes of it.
    ///
    /// # Errors
    ///
    /// As [`set`](Vector::set).
    pub fn update<B: Board>(
        &self,
        tx: &mut Tx<B>,
        index: usize,
        change: impl FnOnce(T) -> T,
    ) -> Result<(), Error> {
        self.0.update(tx, index, change).map_err(from_vector)
    }

    /// Appends an element. Where the block is full, the elements move to a new one of twice the capacity.
    ///
    /// # Errors
    ///
    /// [`Outcome::OutOfMemory`]; [`Outcome::TooLong`] beyond 65,535 elements.
    pub fn push<B: Board>(&self, tx: &mut Tx<B>, heap: Heap, value: T) -> Result<(), Error> {
        tx.undisturbed(|tx| self.0.push(tx, heap.into(), value))
            .map_err(from_vector)
    }

    /// Removes the last element, and answers it.
    pub fn pop<B: Board>(&self, tx: &mut Tx<B>) -> Result<Option<T>, Error> {
        self.0.pop(tx).map_err(from_vector)
    }

    /// Removes the elements from `len` on; the block stays.
    pub fn truncate<B: Board>(&self, tx: &mut Tx<B>, len: usize) -> Result<(), Error> {
        self.0.truncate(tx, len).map_err(from_vector)
    }
}

/// 4 bytes. A replay hands out the handle again that went with the power.
impl<T: Persist> Record for Vector<T> {
    const MAX_BYTES: RawOffset = PVec::<T>::MAX_BYTES;

    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), nvm_core::Error> {
        self.0.encode(to)
    }

    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, nvm_core::Error> {
        Ok(PVec::decode(from)?.map(Self))
    }
}

fn from_vector(error: nvm_ptr::Error) -> Error {
    match error {
        nvm_ptr::Error::Fault(fault) => fault.into(),
        nvm_ptr::Error::Alloc(error) => from_alloc(error),
        nvm_ptr::Error::TooLong { .. } => Outcome::TooLong.into(),
        nvm_ptr::Error::Damaged { offset } => ErrorKind::Damaged { offset }.error(),
        _ => Outcome::Invalid.into(),
    }
}
