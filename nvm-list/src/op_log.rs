//! The operation log, one for all lists of a region.
//!
//! It lies at the end of its area, the state byte last. An operation that stands alone:
//!
//! | bytes from the area's end | field |
//! | --- | --- |
//! | -9..-1 | fields of the record, as many as its code has |
//! | -1 | state: `SINGLE`, code, phase |
//!
//! A batch, whose records lie one before the other, the first operation's last:
//!
//! | bytes from the area's end | field |
//! | --- | --- |
//! | ..-3 | records; in the last operation's code bit 7 is set |
//! | -3..-1 | tag (staged batches only) |
//! | -1 | state: `STAGED` or `BATCH`, number of the operation in progress, phase |
//!
//! State byte: bits 7..6 kind (0 with all other bits 0: empty; 1 `SINGLE`; 2 `STAGED`; 3 `BATCH`),
//! bits 5..2 code or number of the operation, bits 1..0 phase.
//!
//! | store | power lost after it: recovery |
//! | --- | --- |
//! | 0. state = empty, where a staged batch is replaced | nothing to do |
//! | 1. key and links of unlinked nodes that are to be inserted | nothing to do: the nodes are unlinked, where these fields mean nothing |
//! | 2. records, tag | nothing to do |
//! | 3. state = `SINGLE` or `BATCH` | rolls forward |
//! | 3'. state = `STAGED` | discards: the caller's transaction has not committed |
//! | 4'. the caller's commit | rolls forward: the caller says that the tag is committed |
//! | 5. steps of an operation, see `steps.rs` | finishes this operation and those behind it |
//! | 6. state = `BATCH`, next operation's number; not where that one is `Link` | goes on with the next operation; `Link`: does those from the number on again |
//! | 7. state = empty | nothing to do |
//!
//! Steps 2 and 3 are one write: its last byte is the state's, and the state was empty before.

mod batch;
mod pair;
mod roll_forward;

use nvm_core::{Area, Class, Nvm, RawOffset, UpTo12Bits, ablation};

use self::batch::{Batch, buffer_bytes};
use crate::fault::{self, Fault};
use crate::operation::{Code, LogRecord, RECORD_BYTES};
use crate::steps::{Phase, Steps};
use crate::walk::stays;
use crate::{List, ListError, ListErrorKind, NodeRef, Operation, validate};

/// The most operations of a batch, however large the log's area.
pub const MAX_OPERATIONS: usize = 8;

/// Bytes of a small buffer: enough for most batches of two operations. A larger one is cleared by a call.
const FEW_BYTES: usize = 16;

pub(crate) const EMPTY: u8 = 0;
pub(crate) const SINGLE: u8 = 1 << 6;
pub(crate) const STAGED: u8 = 2 << 6;
pub(crate) const BATCH: u8 = 3 << 6;
pub(crate) const KIND: u8 = 3 << 6;
/// Tag and state.
pub(crate) const HEADER_BYTES: usize = 3;
/// In the code of a batch's last record.
pub(crate) const LAST: u8 = 0x80;

/// What a recovery found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovered {
    /// No operation was interrupted.
    Nothing,
    /// The interrupted operation or batch has been completed.
    RolledForward,
    /// A staged batch, whose transaction had not committed, is gone without a trace.
    Discarded,
}

/// A batch that was staged, for [`OpLog::complete_staged`]: how its operations were recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Staged {
    /// The code of the first operation's record in the lowest 4 bits.
    codes: u32,
}

impl Staged {
    /// What [`OpLog::stage_pair`] stages.
    const PAIR: Self = Self {
        codes: Code::Remove as u32 | (Code::Link as u32) << 4,
    };

    #[inline]
    const fn add(&mut self, index: usize, code: Code) {
        self.codes |= (code as u32) << (4 * (index % MAX_OPERATIONS));
    }

    #[inline]
    const fn code(self, index: usize) -> Option<Code> {
        Code::from_bits((self.codes >> (4 * (index % MAX_OPERATIONS))) as u8 & 0xF)
    }
}

/// The operation log that all lists of a region share: see the [crate's page](crate).
///
/// A handle, made anew at each start. Operations must not overlap: call them with preemption off, or from
/// one thread. Then each is carried out wholly or, if the power goes before it is published, not at
/// all; [`recover`](OpLog::recover) must run at each start before anything else touches a list.
#[derive(Debug, Clone, Copy)]
pub struct OpLog {
    end: RawOffset,
    capacity: usize,
    class: Class,
}

impl OpLog {
    /// Bytes of an area for batches of `operations` operations, at most [`MAX_OPERATIONS`].
    pub const fn bytes_for(operations: usize) -> RawOffset {
        let operations = if operations == 0 { 1 } else { operations };
        ((HEADER_BYTES + operations * RECORD_BYTES) as RawOffset + 3) & !3
    }

    /// A log in an area; `class` is what its stores, and those to heads and nodes, are counted as. Reads
    /// nothing.
    pub const fn open(area: Area, class: Class) -> Result<Self, ListError> {
        let needed = Self::bytes_for(1);
        if area.len() < needed {
            return Err(ListErrorKind::LogTooSmall {
                needed: UpTo12Bits::of(needed),
                len: UpTo12Bits::of(area.len()),
            }
            .error());
        }
        let fitting = (area.len() - HEADER_BYTES as RawOffset) / RECORD_BYTES as RawOffset;
        Ok(Self {
            end: area.offset().saturating_add(area.len()),
            capacity: if fitting < MAX_OPERATIONS as RawOffset {
                fitting as usize
            } else {
                MAX_OPERATIONS
            },
            class,
        })
    }

    /// Formats an empty log: 1 byte of NVM.
    pub fn format<N: Nvm>(nvm: &N, area: Area, class: Class) -> Result<Self, ListError> {
        let log = Self::open(area, class)?;
        log.store_state(nvm, EMPTY)?;
        Ok(log)
    }

    /// The most operations of a batch.
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Puts a node that is in no list into one that is sorted by ascending keys, behind its equals.
    ///
    /// 18 bytes of NVM, or 14 where the node has the key already.
    pub fn insert_sorted<N: Nvm>(
        &self,
        nvm: &N,
        list: List,
        node: NodeRef,
        key: u32,
    ) -> Result<(), ListError> {
        self.run(nvm, &[Operation::InsertSorted { list, node, key }])
    }

    /// Puts a node that is in no list at the end of one. 14 bytes of NVM.
    pub fn push_back<N: Nvm>(&self, nvm: &N, list: List, node: NodeRef) -> Result<(), ListError> {
        self.run(nvm, &[Operation::PushBack { list, node }])
    }

    /// Puts a node that is in no list at the beginning of one. 14 bytes of NVM.
    pub fn push_front<N: Nvm>(&self, nvm: &N, list: List, node: NodeRef) -> Result<(), ListError> {
        self.run(nvm, &[Operation::PushFront { list, node }])
    }

    /// Takes the first node out of a list. 10 bytes of NVM. The node that is given is lost with the power:
    /// whoever must not lose it moves it into a list of nodes in work instead.
    pub fn pop_front<N: Nvm>(&self, nvm: &N, list: List) -> Result<Option<NodeRef>, ListError> {
        let first = list.front(nvm)?;
        if let Some(node) = first {
            self.remove(nvm, node)?;
        }
        Ok(first)
    }

    /// Takes a node out of the list that it is in. 10 bytes of NVM.
    pub fn remove<N: Nvm>(&self, nvm: &N, node: NodeRef) -> Result<(), ListError> {
        self.run(nvm, &[Operation::Remove { node }])
    }

    /// Takes a node out of the list that it is in, and puts it at the end of another or of the same.
    ///
    /// 21 bytes of NVM; 20 within a list, and none where it is there already.
    pub fn move_back<N: Nvm>(&self, nvm: &N, list: List, node: NodeRef) -> Result<(), ListError> {
        self.run(nvm, &[Operation::MoveBack { list, node }])
    }

    /// Takes a node out of the list that it is in, and puts it at the beginning of another or of the same.
    /// Costs what [`move_back`](OpLog::move_back) costs.
    pub fn move_front<N: Nvm>(&self, nvm: &N, list: List, node: NodeRef) -> Result<(), ListError> {
        self.run(nvm, &[Operation::MoveFront { list, node }])
    }

    /// Takes a node out of the list that it is in, and puts it into a sorted one, or back into the same,
    /// behind its equals.
    ///
    /// 29 bytes of NVM, or 21 where the node has the key already; within a list 28, or 14 where the
    /// order stays.
    pub fn move_sorted<N: Nvm>(
        &self,
        nvm: &N,
        list: List,
        node: NodeRef,
        key: u32,
    ) -> Result<(), ListError> {
        self.run(nvm, &[Operation::MoveSorted { list, node, key }])
    }

    /// Carries out a batch: all of it or, if the power goes before it is published, none.
    ///
    /// Verified before anything is stored: that lists are lists, and that each node is in a list, or in
    /// none, as its operation needs when its turn comes, whatever operations before it do. Neighbours are
    /// verified as far as they can be now.
    pub fn run<N: Nvm>(&self, nvm: &N, operations: &[Operation]) -> Result<(), ListError> {
        if !ablation::LISTS_RECORD {
            return self.run_unrecorded(nvm, operations);
        }
        if self.load_state(nvm)? != EMPTY {
            return Err(ListErrorKind::Busy.error());
        }
        self.verify(nvm, operations)?;
        if let [operation] = operations
            && stays_as_it_is(nvm, operation)?
        {
            return Ok(());
        }
        let mut staged = Staged::default();
        let bytes = self.prepare(nvm, operations, &mut staged)?;
        match operations {
            [] => Ok(()),
            [operation] => {
                let code = staged.code(0).ok_or_else(|| corrupt(self.state_at()))?;
                let record = operation.record(code);
                let state = self.publish_single(nvm, record)?;
                self.run_record(nvm, record, state, Phase::Start, true)
            }
            _ => {
                self.store_records(nvm, operations, staged, bytes, None)?;
                self.store_state(nvm, BATCH)?;
                self.run_staged(nvm, operations, staged)
            }
        }
    }

    /// Carries operations out without a record, for a measurement: where the power is cut, only what `nvm` itself does
    /// about it holds.
    #[doc(hidden)]
    pub fn run_unrecorded<N: Nvm>(
        &self,
        nvm: &N,
        operations: &[Operation],
    ) -> Result<(), ListError> {
        self.verify(nvm, operations)?;
        let steps = Steps {
            nvm,
            class: self.class,
            state_at: self.state_at(),
            state: EMPTY,
        };
        operations.iter().try_for_each(|operation| {
            steps.run(operation.record(operation.code(true)), Phase::Start)
        })
    }

    /// Stores a batch that is **not yet in force**: it gets so when the caller's own transaction commits.
    ///
    /// Then call [`complete`](OpLog::complete); or [`discard`](OpLog::discard), if the transaction is
    /// rolled back. If the power goes, [`recover`](OpLog::recover) asks whether `tag` is committed: choose
    /// one that is not before the commit, is from the commit on, and stays so until the batch is
    /// completed (the number of the transaction, say, that the commit word holds).
    ///
    /// Verified as by [`run`](OpLog::run), before anything is stored. A batch that was staged before and
    /// has not come into force is replaced. Costs 3 bytes of NVM, 3, 5 or 9 for each operation, and
    /// what is stored in unlinked nodes beforehand.
    pub fn stage<N: Nvm>(
        &self,
        nvm: &N,
        operations: &[Operation],
        tag: u16,
    ) -> Result<Staged, ListError> {
        let state = self.load_state(nvm)?;
        if state == EMPTY && self.stage_pair(nvm, operations, tag)? {
            return Ok(Staged::PAIR);
        }
        if state != EMPTY && state != STAGED {
            return Err(ListErrorKind::Busy.error());
        }
        self.verify(nvm, operations)?;
        if state == STAGED && !fault::is_active(Fault::NoInvalidation) {
            self.store_state(nvm, EMPTY)?;
        }
        if operations.is_empty() {
            return Ok(Staged::default());
        }
        let mut staged = Staged::default();
        let bytes = self.prepare(nvm, operations, &mut staged)?;
        if fault::is_active(Fault::PublishFirst) {
            self.store_state(nvm, STAGED)?;
        }
        self.store_records(nvm, operations, staged, bytes, Some(tag))?;
        Ok(staged)
    }

    /// Stores the records of a batch, `bytes` together; with a tag the batch is staged by the same write.
    fn store_records<N: Nvm>(
        &self,
        nvm: &N,
        operations: &[Operation],
        staged: Staged,
        bytes: usize,
        tag: Option<u16>,
    ) -> Result<(), ListError> {
        if bytes + HEADER_BYTES <= FEW_BYTES {
            let buffer = &mut [0; FEW_BYTES];
            self.store_records_by(buffer, nvm, operations, staged, tag)
        } else {
            let buffer = &mut [0; buffer_bytes(MAX_OPERATIONS)];
            self.store_records_by(buffer, nvm, operations, staged, tag)
        }
    }

    #[inline(never)] // One copy.
    fn store_records_by<N: Nvm>(
        &self,
        buffer: &mut [u8],
        nvm: &N,
        operations: &[Operation],
        staged: Staged,
        tag: Option<u16>,
    ) -> Result<(), ListError> {
        let mut batch = Batch::new(buffer);
        let mut end = self.end;
        if let Some(tag) = tag {
            let [low, high] = tag.to_le_bytes();
            batch.put_before([low, high, STAGED]);
        } else {
            end -= HEADER_BYTES as RawOffset;
        }
        batch.put_records(operations, staged);
        let start = batch.start();
        // In one go.
        let bytes = buffer.get(start..).unwrap_or_default();
        Ok(nvm.write(
            self.class,
            end.wrapping_sub(bytes.len() as RawOffset),
            bytes,
        )?)
    }

    /// Drops a staged batch: 1 byte of NVM. For a transaction that is rolled back without a power loss.
    pub fn discard<N: Nvm>(&self, nvm: &N) -> Result<(), ListError> {
        match self.load_state(nvm)? {
            EMPTY => Ok(()),
            STAGED => self.store_state(nvm, EMPTY),
            _ => Err(ListErrorKind::Busy.error()),
        }
    }

    /// Carries out the staged batch, after the caller's transaction has committed. Nothing staged: does
    /// nothing.
    ///
    /// If the power goes, [`recover`](OpLog::recover) goes on with the operation that was interrupted.
    pub fn complete<N: Nvm>(&self, nvm: &N) -> Result<(), ListError> {
        match self.load_state(nvm)? {
            EMPTY => Ok(()),
            state => self.roll_forward(nvm, state),
        }
    }

    /// The same, by whoever has staged the batch since the start: as it still has the `operations`, they need not be
    /// read back. The same stores in the same order.
    pub fn complete_staged<N: Nvm>(
        &self,
        nvm: &N,
        operations: &[Operation],
        staged: Staged,
    ) -> Result<(), ListError> {
        if self.load_state(nvm)? != STAGED {
            return self.complete(nvm);
        }
        match operations {
            [leaving, coming] if staged == Staged::PAIR && !fault::is_active(Fault::NoShortWay) => {
                self.run_pair(nvm, leaving, coming)
            }
            _ => self.run_staged(nvm, operations, staged),
        }
    }

    /// Completes what a power loss interrupted, or discards a staged batch whose transaction had not
    /// committed. To be called at each start, before any other operation; again and again, if the power
    /// goes again.
    ///
    /// `is_committed` is asked once, for a staged batch only. Does the work of one operation or batch
    /// at most, and reads one byte if there was none.
    pub fn recover<N: Nvm>(
        &self,
        nvm: &N,
        is_committed: impl FnOnce(u16) -> bool,
    ) -> Result<Recovered, ListError> {
        let state = self.load_state(nvm)?;
        if state == EMPTY {
            return Ok(Recovered::Nothing);
        }
        if state == STAGED {
            // A state byte of this kind with other bits set is damaged: `roll_forward` says so.
            let tag = nvm.read_u16(self.end - HEADER_BYTES as RawOffset)?;
            if !is_committed(tag) {
                self.store_state(nvm, EMPTY)?;
                return Ok(Recovered::Discarded);
            }
        }
        self.roll_forward(nvm, state)?;
        Ok(Recovered::RolledForward)
    }

    #[cfg(feature = "inspect")]
    pub(crate) const fn end(&self) -> RawOffset {
        self.end
    }

    pub(crate) const fn state_at(&self) -> RawOffset {
        self.end - 1
    }

    pub(crate) fn load_state<N: Nvm>(&self, nvm: &N) -> Result<u8, ListError> {
        Ok(nvm.read_u8(self.state_at())?)
    }

    fn store_state<N: Nvm>(&self, nvm: &N, state: u8) -> Result<(), ListError> {
        Ok(nvm.write_u8(self.class, self.state_at(), state)?)
    }

    fn verify<N: Nvm>(&self, nvm: &N, operations: &[Operation]) -> Result<(), ListError> {
        if operations.len() > self.capacity {
            return Err(ListErrorKind::TooManyOperations {
                operations: UpTo12Bits::of(operations.len() as RawOffset),
                capacity: self.capacity as u16,
            }
            .error());
        }
        validate::batch(nvm, operations)
    }

    /// Stores the record of an operation that stands alone. Gives the state that is in force now.
    fn publish_single<N: Nvm>(&self, nvm: &N, record: LogRecord) -> Result<u8, ListError> {
        let state = SINGLE | (record.code as u8) << 2;
        if fault::is_active(Fault::PublishFirst) {
            self.store_state(nvm, state)?;
        }
        let bytes = record.encode(state);
        let len = record.code.field_bytes() + 1;
        let used = bytes.get(RECORD_BYTES - len..).unwrap_or_default();
        nvm.write(self.class, self.end - len as RawOffset, used)?;
        Ok(state)
    }
}

/// Whether an operation that stands alone would change nothing.
fn stays_as_it_is<N: Nvm>(nvm: &N, operation: &Operation) -> Result<bool, ListError> {
    let (Some(list), node) = (operation.list(), operation.node()) else {
        return Ok(false);
    };
    if operation.inserts() {
        return Ok(false);
    }
    let links = node.link().load_links(nvm)?;
    Ok(stays(nvm, links, list.link(), operation.place())?
        && match operation.key() {
            Some(key) => node.key(nvm)? == key,
            None => true,
        })
}

const fn corrupt(at: RawOffset) -> ListError {
    ListErrorKind::CorruptLog { at }.error()
}
