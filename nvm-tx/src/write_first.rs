//! A transaction that cannot abort, and may therefore write without logging.

use core::ops::{Deref, DerefMut};

use nvm_core::{Nvm, Offset, Persist, RawOffset};

use crate::fault::Fault;
use crate::transaction::Tx;

/// A transaction that cannot abort: when the power fails, it is repeated until it commits.
///
/// What such a transaction writes **before it reads it** need not be logged: the repetition writes it
/// again, whatever the interrupted run left. [`set_unlogged`](WriteFirstTx::set_unlogged) does so on the
/// caller's word; the crate `nvm-ptr` lets types prove it.
///
/// It derefs to [`Tx`]: all logged operations are there too.
#[derive(Debug)]
pub struct WriteFirstTx<'log, N: Nvm> {
    tx: Tx<'log, N>,
}

impl<'log, N: Nvm> WriteFirstTx<'log, N> {
    pub(crate) fn new(tx: Tx<'log, N>) -> Self {
        Self { tx }
    }

    /// Stores an object without logging its old value: costs its bytes alone.
    ///
    /// The transaction must not have read the object before, must write the same range whenever it is
    /// repeated, and nobody else may read the object between a power loss and the repetition.
    #[inline]
    #[allow(clippy::needless_pass_by_value)] // plain data: a value reads better than a reference
    pub fn set_unlogged<T: Persist>(&mut self, object: Offset<T>, value: T) -> Result<(), Fault> {
        self.write_value_unlogged(object.get(), value.as_bytes())
    }

    /// [`write_unlogged`](WriteFirstTx::write_unlogged) of bytes whose number is known when the program is built.
    #[doc(hidden)]
    #[inline]
    pub fn write_value_unlogged(&mut self, at: RawOffset, bytes: &[u8]) -> Result<(), Fault> {
        if let Ok(word) = <[u8; 4]>::try_from(bytes) {
            self.tx.write_unlogged_near(at, word)
        } else if let Ok(half) = <[u8; 2]>::try_from(bytes) {
            self.tx.write_unlogged_near(at, half)
        } else if let Ok(byte) = <[u8; 1]>::try_from(bytes) {
            self.tx.write_unlogged_near(at, byte)
        } else {
            self.tx.write_unlogged(at, bytes)
        }
    }

    /// Stores bytes without logging the old ones, under the same conditions.
    #[inline]
    pub fn write_unlogged(&mut self, offset: RawOffset, bytes: &[u8]) -> Result<(), Fault> {
        self.tx.write_unlogged(offset, bytes)
    }

    /// Commits: as [`Tx::commit`].
    pub fn commit(self) -> Result<(), Fault> {
        self.tx.commit()
    }

    /// Commits, and publishes `mark`: as [`Tx::commit_with`].
    #[inline]
    pub fn commit_with(self, mark: u32) -> Result<(), Fault> {
        self.tx.commit_with(mark)
    }

    /// Its transaction, which is about to be committed.
    #[doc(hidden)]
    #[inline]
    pub fn into_committing(self) -> Tx<'log, N> {
        self.tx
    }

    /// Gives up after a fault. What was logged is rolled back; where something was written unlogged, the
    /// log is [`Unfinished`](crate::FaultKind::Unfinished) until a restart repeats the transaction.
    pub fn roll_back(self) -> Result<(), Fault> {
        self.tx.roll_back()
    }
}

impl<'log, N: Nvm> Deref for WriteFirstTx<'log, N> {
    type Target = Tx<'log, N>;

    fn deref(&self) -> &Self::Target {
        &self.tx
    }
}

impl<N: Nvm> DerefMut for WriteFirstTx<'_, N> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.tx
    }
}
