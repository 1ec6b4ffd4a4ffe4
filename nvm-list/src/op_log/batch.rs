//! Making the records of operations, as short as can be, and putting a batch together.

use core::mem::take;

use nvm_core::Nvm;

use super::{HEADER_BYTES, LAST, OpLog, Staged};
use crate::fault::{self, Fault};
use crate::operation::{Code, RECORD_BYTES};
use crate::walk::find_in;
use crate::{ListError, Operation};

/// Bytes of the buffer for a batch of so many operations.
pub(super) const fn buffer_bytes(operations: usize) -> usize {
    HEADER_BYTES + operations * RECORD_BYTES
}

impl OpLog {
    /// Finds out how the operations of a batch that was verified are recorded, as short as those before each allow: an
    /// unlinked node that none of them touches takes its key now, and its links too if none of them touches its list.
    ///
    /// Gives the records' codes, and how many bytes they have.
    #[inline(never)] // One copy.
    pub(super) fn prepare<N: Nvm>(
        &self,
        nvm: &N,
        operations: &[Operation],
        staged: &mut Staged,
    ) -> Result<usize, ListError> {
        let mut bytes = 0;
        for (index, operation) in operations.iter().enumerate() {
            let code = match operation {
                Operation::Remove { .. } => Code::Remove,
                _ => self.prepare_node(nvm, operations, index, operation)?,
            };
            staged.add(index, code);
            bytes += code.field_bytes() + 1;
        }
        Ok(bytes)
    }

    #[inline]
    fn prepare_node<N: Nvm>(
        &self,
        nvm: &N,
        operations: &[Operation],
        index: usize,
        operation: &Operation,
    ) -> Result<Code, ListError> {
        let (node, list) = (operation.node(), operation.target());
        // Whether an operation before it changes the list: nodes come, or nodes that are in it now go. (One that comes and
        // goes again is counted by its coming.)
        let mut touches_list = false;
        for before in operations.iter().take(index) {
            if before.node() == node {
                return Ok(operation.code(true));
            }
            touches_list |=
                before.target() == list || before.node().link().load_owner(nvm)? == list;
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
        if !touches_list {
            let between = find_in(nvm, list, operation.place())?;
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
    #[inline]
    pub(super) const fn new(buffer: &'b mut [u8]) -> Self {
        Self { free: buffer }
    }

    /// Puts bytes in front. The buffer has room for them.
    #[inline]
    pub(super) fn put_before<const LEN: usize>(&mut self, bytes: [u8; LEN]) {
        if let Some((free, to)) = take(&mut self.free).split_last_chunk_mut() {
            *to = bytes;
            self.free = free;
        }
    }

    /// Puts the records in front, the first operation's last.
    #[inline]
    pub(super) fn put_records(&mut self, operations: &[Operation], staged: Staged) {
        for (index, operation) in operations.iter().enumerate() {
            if let Some(code) = staged.code(index) {
                let flag = if index + 1 == operations.len() {
                    LAST
                } else {
                    0
                };
                self.put_record(operation, code, flag);
            }
        }
    }

    /// Puts as many fields in front as the record's code has, and the code.
    #[inline]
    fn put_record(&mut self, operation: &Operation, code: Code, flag: u8) {
        let [low, high] = operation.node().link().0.to_le_bytes();
        self.put_before([low, high, code as u8 | flag]);
        let len = code.field_bytes();
        if len > 2 {
            self.put_before(operation.target().0.to_le_bytes());
            if len > 4 {
                self.put_before(operation.key().unwrap_or_default().to_le_bytes());
            }
        }
    }

    /// Where in the buffer the batch begins.
    #[inline]
    pub(super) const fn start(&self) -> usize {
        self.free.len()
    }
}
