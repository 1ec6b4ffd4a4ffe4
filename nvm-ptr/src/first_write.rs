//! Which transactions may leave a first write unlogged.

use nvm_core::{Nvm, Offset, Persist, RawOffset};
use nvm_tx::{Fault, Tx, WriteFirstTx};

/// A transaction in which pointers with the lifetime `'tx` are used. It decides what becomes of the
/// write to an object that it has not read.
///
/// * [`WriteFirstTx`] cannot abort: it is repeated until it commits, and writes the object again when
///   it is. The old value is not logged.
/// * [`Tx`] may abort, and must then put the old value back. It is logged.
///
/// A layer with a transaction type of its own implements this by handing each method on to the
/// transaction inside.
pub trait FirstWrite<'tx> {
    /// Loads an object.
    fn load<T: Persist>(&self, object: Offset<T>) -> Result<T, Fault>;

    /// Stores bytes that this transaction has read before it first writes them: logs the old ones.
    fn write_after_read(&mut self, offset: RawOffset, bytes: &[u8]) -> Result<(), Fault>;

    /// Stores bytes that this transaction has not read before it first writes them.
    fn write_first(&mut self, offset: RawOffset, bytes: &[u8]) -> Result<(), Fault>;
}

impl<'tx, N: Nvm> FirstWrite<'tx> for Tx<'tx, N> {
    #[inline]
    fn load<T: Persist>(&self, object: Offset<T>) -> Result<T, Fault> {
        self.get(object)
    }

    #[inline]
    fn write_after_read(&mut self, offset: RawOffset, bytes: &[u8]) -> Result<(), Fault> {
        self.write_value(offset, bytes)
    }

    #[inline]
    fn write_first(&mut self, offset: RawOffset, bytes: &[u8]) -> Result<(), Fault> {
        self.write_value(offset, bytes)
    }
}

impl<'tx, N: Nvm> FirstWrite<'tx> for WriteFirstTx<'tx, N> {
    #[inline]
    fn load<T: Persist>(&self, object: Offset<T>) -> Result<T, Fault> {
        self.get(object)
    }

    #[inline]
    fn write_after_read(&mut self, offset: RawOffset, bytes: &[u8]) -> Result<(), Fault> {
        self.write_value(offset, bytes)
    }

    #[inline]
    fn write_first(&mut self, offset: RawOffset, bytes: &[u8]) -> Result<(), Fault> {
        self.write_value_unlogged(offset, bytes)
    }
}
