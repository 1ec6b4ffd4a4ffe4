//! Making the records of operations, as short as can be, and putting a batch together.

use nvm_core::{Class, Nvm};

use super::{HEADER_BYTES, LAST, MAX_OPERATIONS, OpLog};
use crate::fault::{self, Fault};
use crate::operation::{LogRecord, RECORD_BYTES};
use crate::walk::find;
use crate::{ListError, Operation, validate};

const MAX_BATCH_BYTES: usize = HEADER_BYTES + MAX_OPERATIONS * RECORD_BYTES;

impl OpLog {
    /// Puts the records of a batch in front, the first operation's last.
    pub(super) fn add_records<N: Nvm>(
        &self,
        nvm: &N,
        batch: &mut Batch,
        operations: &[Operation],
    ) -> Result<(), ListError> {
        for (index, operation) in operations.iter().enumerate() {
            let earlier = operations.get(..index).unwrap_or_default();
            let record = self.prepare(nvm, earlier, operation)?;
            let is_last = index + 1 == operations.len();
            let bytes = record.encode(record.code as u8 | if is_last { LAST } else { 0 });
            let len = record.code.field_bytes() + 1;
            batch.put_before(bytes.get(RECORD_BYTES - len..).unwrap_or_default());
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
            return Ok(LogRecord::link(node.link()));
        }
        if let Some(key) = new_key {
            node.link().store_key(nvm, self.class, key)?;
        }
        Ok(operation.record(false))
    }
}

/// The bytes of a batch, put together from the end.
pub(super) struct Batch {
    bytes: [u8; MAX_BATCH_BYTES],
    start: usize,
}

impl Batch {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; MAX_BATCH_BYTES],
            start: MAX_BATCH_BYTES,
        }
    }

    /// Puts bytes in front. There is room for `MAX_OPERATIONS` records.
    pub(super) fn put_before(&mut self, bytes: &[u8]) {
        let start = self.start.saturating_sub(bytes.len());
        if let Some(to) = self.bytes.get_mut(start..start + bytes.len()) {
            to.copy_from_slice(bytes);
            self.start = start;
        }
    }

    /// Stores everything, up to `end`, in one go.
    pub(super) fn store<N: Nvm>(&self, nvm: &N, class: Class, end: u32) -> Result<(), ListError> {
        let used = self.bytes.get(self.start..).unwrap_or_default();
        Ok(nvm.write(class, end.wrapping_sub(used.len() as u32), used)?)
    }
}
