//! Making the records of operations, as short as can be, and putting a batch together.

use core::mem::take;

use nvm_core::Nvm;

use super::{HEADER_BYTES, LAST, OpLog, Staged};
use crate::fault::{self, Fault};
use crate::operation::{Code, RECORD_BYTES};
use crate::walk::find;
use crate::{ListError, Operation, validate};

/// Bytes of the buffer for a batch of so many operations.
pub(super) const fn buffer_bytes(operations: usize) -> usize {
    HEADER_BYTES + operations * RECORD_BYTES
}

impl OpLog {
    /// Puts the records of a batch in front, the first operation's last. Gives their codes.
    pub(super) fn add_records<N: Nvm>(
        &self,
        nvm: &N,
        batch: &mut Batch<'_>,
        operations: &[Operation],
    ) -> Result<Staged, ListError> {
        let mut staged = Staged::default();
        for (index, operation) in operations.iter().enumerate() {
            let code = self.prepare(nvm, operations, operation)?;
            let is_last = index + 1 == operations.len();
            batch.put_record(operation, code, if is_last { LAST } else { 0 });
            staged.add(index, code);
        }
        Ok(staged)
    }

    /// Makes the record of an operation, as short as the operations before it in the batch allow: an
    /// unlinked node that none of them touches takes its key now, and its links too if none of them
    /// touches its list. Gives the record's code.
    #[inline]
    pub(super) fn prepare<N: Nvm>(
        &self,
        nvm: &N,
        operations: &[Operation],
        operation: &Operation,
    ) -> Result<Code, ListError> {
        if matches!(operation, Operation::Remove { .. }) {
            return Ok(Code::Remove);
        }
        self.prepare_node(nvm, operations, operation)
    }

    #[inline(never)] // What is in front of it is short.
    fn prepare_node<N: Nvm>(
        &self,
        nvm: &N,
        operations: &[Operation],
        operation: &Operation,
    ) -> Result<Code, ListError> {
        let node = operation.node();
        if operation
            .earlier(operations)
            .any(|before| before.node() == node)
        {
            return Ok(operation.code(true));
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
                return Ok(operation.code(false));
            }
            return Ok(operation.code(new_key.is_some()));
        }
        if let Some(list) = operation.list()
            && !validate::touches_list(nvm, operation.earlier(operations), list.link())?
        {
            let between = find(nvm, list.link(), operation.place())?;
            node.link().store_place(nvm, self.class, new_key, between)?;
            return Ok(Code::Link);
        }
        if let Some(key) = new_key {
            node.link().store_key(nvm, self.class, key)?;
        }
        Ok(operation.code(false))
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
    fn put_record(&mut self, operation: &Operation, code: Code, flag: u8) {
        let [low, high] = operation.node().link().0.to_le_bytes();
        self.put_before([low, high, code as u8 | flag]);
        let len = code.field_bytes();
        if len > 2 {
            let record = operation.record(code);
            self.put_before(record.list.0.to_le_bytes());
            if len > 4 {
                self.put_before(record.key.to_le_bytes());
            }
        }
    }

    /// Where in the buffer the batch begins.
    pub(super) const fn start(&self) -> usize {
        self.free.len()
    }
}
