//! How values are encoded and decoded by code of which there is one copy, whatever their types are.
//!
//! Traits of their own with one method: a closure behind a pointer brings a copy of its body for each way to call it.

use nvm_core::{Error, Nvm, Record, RecordReader, RecordWriter};

/// A value that is to be recorded.
pub(crate) trait Encode<N: Nvm> {
    /// Appends it to its record.
    fn encode_into(&self, to: &mut RecordWriter<'_, N>) -> Result<(), Error>;
}

impl<N: Nvm, R: Record> Encode<N> for R {
    fn encode_into(&self, to: &mut RecordWriter<'_, N>) -> Result<(), Error> {
        self.encode(to)
    }
}

/// A place for a value that was recorded: an [`Option`] of it.
pub trait Decode<N: Nvm> {
    /// Takes it from its record; answers `false` where the bytes are none.
    ///
    /// # Errors
    ///
    /// Where the record has fewer bytes, or the NVM fails.
    fn decode_from(&mut self, from: &mut RecordReader<'_, N>) -> Result<bool, Error>;
}

impl<N: Nvm, R: Record> Decode<N> for Option<R> {
    fn decode_from(&mut self, from: &mut RecordReader<'_, N>) -> Result<bool, Error> {
        *self = R::decode(from)?;
        Ok(self.is_some())
    }
}

/// Places for the outcome of a transaction, of which one is filled.
pub(crate) struct Outcome<'o, N> {
    pub(crate) value: &'o mut dyn Decode<N>,
    pub(crate) error: &'o mut dyn Decode<N>,
}
