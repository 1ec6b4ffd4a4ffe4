//! Making the records of operations, as short as can be, and putting a batch together.

use core::mem::take;

use nvm_core::Nvm;

use super::{HEADER_BYTES, LAST, OpLog};
use crate::fault::{self, Fault};
use crate::operation::{Code, LogRecord, RECORD_BYTES};
use crate::walk::find;
use crate::{ListError, Operation, validate};

/// Bytes of the buffer for a batch of so many operations.
pub(super) const fn buffer_bytes(operations: usize) -> usize {
    HEADER_BYTES + operations * RECORD_BYTES
}

impl OpLog {
    /// Puts the records of a batch in front, the first operation's last.
    pub(super) fn add_records<N: Nvm>(
        &self,
        nvm: &N,
        batch: &mut Batch<'_>,
        operations: &[Operation],
    ) -> Result<(), ListError> {
        for (index, operation) in operations.iter().enumerate() {
            let earlier = operations.get(..index).unwrap_or_default();
            let record = self.prepare(nvm, earlier, operation)?;
            let is_last = index + 1 == operations.len();
            batch.put_record(record, if is_last { LAST } else { 0 });
        }
        Ok(())
    }

    /// Makes the record of an operation, as short as the operations before it in the batch allow: an
    /// unlinked node that none of them touches takes its key now, and its links too if none of them
    /// touches its list.
    pub(super) fn prepare<N: Nvm>(
        &self,
        nvm: &N,
        earlier: &[Operation],
        operation: &Operation,
    ) -> Result<LogRecord, ListError> {
        let node = operation.node();
        if matches!(operation, Operation::Remove { .. }) {
            return Ok(LogRecord::of_node(Code::Remove, node.link()));
        }
        if validate::touches_node(earlier, node) {
            return Ok(operation.record(true));
        }
        let new_key = match operation.key() {
            Some(key) if node.key(nvm)? != key => Some(key),
            _ => None,
        };
        if !operation.inserts() {
            if fault::is_active(Fault::KeyTooEarly)
                && let Some(key) = new_key
            {
                node.link().store_key(nvm, self.class, key)?;
                return Ok(operation.record(false));
            }
            return Ok(operation.record(new_key.is_some()));
        }
        if let Some(list) = operation.list()
            && !validate::touches_list(nvm, earlier, list.link())?
        {
            let between = find(nvm, list.link(), operation.place())?;
            node.link().store_place(nvm, self.class, new_key, between)?;
            return Ok(LogRecord::of_node(Code::Link, node.link()));
        }
        if let Some(key) = new_key {
            node.link().store_key(nvm, self.class, key)?;
        }
        Ok(operation.record(false))
    }
}

/// The bytes of a batch, put together from the end of a buffer.
pub(super) struct Batch<'b> {
    free: &'b mut [u8],
}

impl<'b> Batch<'b> {
    pub(super) const fn new(buffer: &'b mut [u8]) -> Self {
        Self { free: buffer }
    }

    /// Puts bytes in front. The buffer is one of [`buffer_bytes`].
    #[inline]
    pub(super) fn put_before<const LEN: usize>(&mut self, bytes: [u8; LEN]) {
        if let Some((free, to)) = take(&mut self.free).split_last_chunk_mut() {
            *to = bytes;
            self.free = free;
        }
    }

    /// Puts as many fields in front as the record's code has, and the code.
    #[inline]
    fn put_record(&mut self, record: LogRecord, flag: u8) {
        let [low, high] = record.node.0.to_le_bytes();
        self.put_before([low, high, record.code as u8 | flag]);
        let len = record.code.field_bytes();
        if len > 2 {
            self.put_before(record.list.0.to_le_bytes());
        }
        if len > 4 {
            self.put_before(record.key.to_le_bytes());
        }
    }

    /// Where in the buffer the batch begins.
    pub(super) const fn start(&self) -> usize {
        self.free.len()
    }
}
