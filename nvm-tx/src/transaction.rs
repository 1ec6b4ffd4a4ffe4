//! A running transaction.

use core::mem::ManuallyDrop;

use nvm_core::{Class, Nvm, Offset, Persist, RawOffset, ablation};

use crate::broken::{self, Variant};
use crate::commit_word::MARK_MAX;
use crate::coverage::{Coverage, Filter, Next};
use crate::fault::Fault;
use crate::log_entry::{Kind, NEAR_ENTRY_BYTES, NewEntry, near_word, store_near_bits};
use crate::state::State;
use crate::undo_log::UndoLog;

/// A running transaction: reads see its own writes; after a power loss, or when it is dropped without a
/// commit, all its writes are rolled back.
///
/// A transaction in which a write failed does not commit, even if the failure was ignored.
#[derive(Debug)]
pub struct Tx<'log, N: Nvm> {
    pub(crate) log: &'log mut UndoLog<N>,
}

/// What a running transaction knows of itself. It lies in its log, so that a [`Tx`] is one pointer: it is passed on and
/// committed by value. While none runs, it is what the next one begins with.
#[derive(Debug)]
pub(crate) struct Running {
    /// Where the next entry goes.
    pub(crate) end: RawOffset,
    pub(crate) coverage: Coverage,
    /// Of which bytes there may be entries about single bits. Counts, as the next field, where the log's state says
    /// that there are any.
    pub(crate) bits: Filter,
    /// The two bytes of which single bits were set last, and those that need no logging any more: a block of an allocator
    /// begins where the one before it ends.
    pub(crate) last_bits: [(RawOffset, u8); 2],
    /// What the deferred stores are counted as, where there are some.
    pub(crate) deferred: Class,
    /// The entry of the first of them.
    pub(crate) first_deferred: RawOffset,
    /// Why it has failed, where it has.
    pub(crate) failed: Option<Fault>,
}

impl Running {
    pub(crate) const fn at(entries_start: RawOffset) -> Self {
        Self {
            end: entries_start,
            bits: Filter::EMPTY,
            coverage: Coverage::new(),
            last_bits: [(0, 0); 2],
            deferred: Class::Data,
            first_deferred: entries_start,
            failed: None,
        }
    }

    /// After a transaction.
    #[inline]
    pub(crate) fn rest(&mut self, entries_start: RawOffset) {
        self.end = entries_start;
        if !broken::is(Variant::KeepsCoverage) {
            self.coverage.clear();
        }
    }
}

impl<'log, N: Nvm> Tx<'log, N> {
    #[inline]
    pub(crate) const fn of(log: &'log mut UndoLog<N>) -> Self {
        Self { log }
    }

    /// Loads an object.
    #[inline]
    pub fn get<T: Persist>(&self, object: Offset<T>) -> Result<T, Fault> {
        Ok(self.log.nvm.load(object)?)
    }

    /// Stores an object. Costs its bytes, and where it has not been logged in this transaction an entry
    /// of 4 bytes and its old bytes: 12 for a word.
    #[inline]
    #[allow(clippy::needless_pass_by_value)] // plain data: a value reads better than a reference
    pub fn set<T: Persist>(&mut self, object: Offset<T>, value: T) -> Result<(), Fault> {
        self.write_value(object.get(), value.as_bytes())
    }

    /// [`write`](Tx::write) of bytes whose number is known when the program is built.
    #[doc(hidden)]
    #[inline]
    pub fn write_value(&mut self, at: RawOffset, bytes: &[u8]) -> Result<(), Fault> {
        if let Ok(word) = <[u8; 4]>::try_from(bytes) {
            self.log.write_near(at, word)
        } else if let Ok(half) = <[u8; 2]>::try_from(bytes) {
            self.log.write_near(at, half)
        } else if let Ok(byte) = <[u8; 1]>::try_from(bytes) {
            self.log.write_near(at, byte)
        } else {
            self.write(at, bytes)
        }
    }

    /// Replaces an object by what `change` makes of it.
    #[inline]
    pub fn update<T: Persist>(
        &mut self,
        object: Offset<T>,
        change: impl FnOnce(T) -> T,
    ) -> Result<(), Fault> {
        let value = self.get(object)?;
        self.set(object, change(value))
    }

    /// Loads bytes.
    #[inline]
    pub fn read(&self, offset: RawOffset, bytes: &mut [u8]) -> Result<(), Fault> {
        Ok(self.log.nvm.read(offset, bytes)?)
    }

    /// Stores bytes.
    #[inline]
    pub fn write(&mut self, offset: RawOffset, bytes: &[u8]) -> Result<(), Fault> {
        self.write_as(self.log.class, offset, bytes)
    }

    /// Stores bytes, counted as another class than the log's.
    #[inline(never)]
    pub fn write_as(&mut self, class: Class, offset: RawOffset, bytes: &[u8]) -> Result<(), Fault> {
        let len = bytes.len() as RawOffset;
        self.log
            .nvm
            .check_range(offset, len)
            .map_err(|error| self.fail(error.into()))?;
        if broken::is(Variant::StoresBeforeLogging) {
            self.store(class, offset, bytes)?;
        }
        self.log_range(offset, offset + len)?;
        self.store(class, offset, bytes)
    }

    /// Declares a range as allocated in this transaction: nothing that existed before lies in it, so that
    /// writes to it need no logging. For allocators; after a roll back the range's contents are undefined.
    ///
    /// A few such ranges are remembered; writes to further ones are logged, which is never wrong.
    pub fn declare_fresh(&mut self, offset: RawOffset, len: RawOffset) {
        self.log.add_range(offset, offset.saturating_add(len));
    }

    /// Stores bytes into a range that was [declared fresh](Tx::declare_fresh) in this transaction: never
    /// logged, even where there was no room to remember the range.
    pub fn write_fresh(&mut self, offset: RawOffset, bytes: &[u8]) -> Result<(), Fault> {
        self.store(self.log.class, offset, bytes)
    }

    /// Makes sure that entries of `bytes` bytes still fit into the log, before the first of several
    /// changes that belong together. Where they do not, it fails as a write would.
    pub fn reserve_log(&mut self, bytes: RawOffset) -> Result<(), Fault> {
        let free = self.free_log_bytes();
        if bytes <= free {
            return Ok(());
        }
        Err(self.fail(Fault::log_full(bytes, free)))
    }

    /// Bytes of the log that are free. A write of n bytes that are not logged yet needs 4 + n, rounded up
    /// to 4; 4 more where n is above 8 and not 12 or 16, or its offset above 1 MiB.
    pub fn free_log_bytes(&self) -> RawOffset {
        self.log.entries.end - self.log.running.end
    }

    /// The mark that the last commit published.
    pub fn mark(&self) -> u32 {
        self.log.mark()
    }

    /// The NVM, to load from.
    pub fn nvm(&self) -> &N {
        &self.log.nvm
    }

    /// Commits. Where nothing was logged, nothing is stored; else the commit costs 4 bytes.
    ///
    /// After [`Error::Device`](nvm_core::Error::Device) it is open whether the commit was stored: the
    /// next [`begin`](UndoLog::begin), or the next start, finds out and either keeps all or nothing.
    #[inline(never)]
    pub fn commit(self) -> Result<(), Fault> {
        let mut tx = ManuallyDrop::new(self);
        let log = &mut *tx.log;
        if log.running.end == log.entries.start && !log.state.has(State::FAILED) {
            log.rest();
            return Ok(());
        }
        let mark = log.mark();
        if log.is_plain() {
            log.commit_plain(mark)
        } else {
            tx.commit_with_care(mark)
        }
    }

    /// Commits, and publishes `mark` (24 bits) with the same atomic store: 4 bytes.
    #[inline(never)]
    pub fn commit_with(self, mark: u32) -> Result<(), Fault> {
        let mut tx = ManuallyDrop::new(self);
        if tx.log.is_plain() {
            tx.log.commit_plain(mark)
        } else {
            tx.commit_with_care(mark)
        }
    }

    /// The same for a transaction that has failed, or has deferred stores, or with whose commit there is more to do.
    #[cold]
    #[inline(never)]
    fn commit_with_care(&mut self, mark: u32) -> Result<(), Fault> {
        if let Some(fault) = self.fault() {
            self.undo(None)?;
            return Err(fault);
        }
        let defers = self.log.state.has(State::DEFERRED);
        if defers
            && !broken::is(Variant::DefersWithoutNotice)
            && let Err(fault) = self.log.announce_deferred()
        {
            let fault = self.fail(fault);
            self.undo(None)?;
            return Err(fault);
        }
        self.log.commit_word_with_care(mark & MARK_MAX)?;
        if defers {
            self.log.state.clear(State::UNFINISHED);
            let running = &self.log.running;
            let entries = (running.first_deferred, running.end);
            self.log.complete_deferred(entries, running.deferred)?;
        }
        self.log.rest();
        Ok(())
    }

    /// Rolls back: all objects are as before the transaction. The mark and the sequence number stay.
    pub fn roll_back(self) -> Result<(), Fault> {
        ManuallyDrop::new(self).undo(None)
    }

    /// Rolls back, and publishes `mark` with the store that empties the log: a commit without writes.
    pub fn roll_back_with(self, mark: u32) -> Result<(), Fault> {
        ManuallyDrop::new(self).undo(Some(mark & MARK_MAX))
    }

    /// The fault that keeps the transaction from committing, if there was one.
    pub fn fault(&self) -> Option<Fault> {
        self.log.fault()
    }

    #[inline(never)]
    pub(crate) fn write_unlogged(&mut self, offset: RawOffset, bytes: &[u8]) -> Result<(), Fault> {
        if !ablation::WAR_AWARENESS {
            return self.write(offset, bytes);
        }
        self.begin_unlogged(offset, bytes.len() as RawOffset)?;
        self.store(self.log.class, offset, bytes)
    }

    /// The same for 1, 2 or 4 bytes.
    #[inline]
    pub(crate) fn write_unlogged_near<const LEN: usize>(
        &mut self,
        offset: RawOffset,
        bytes: [u8; LEN],
    ) -> Result<(), Fault> {
        if !ablation::WAR_AWARENESS {
            return self.write(offset, &bytes);
        }
        self.begin_unlogged(offset, LEN as RawOffset)?;
        let stored = self
            .log
            .nvm
            .store(self.log.class, Offset::new(offset), &bytes);
        stored.map_err(|error| self.fail(error.into()))
    }

    /// Before bytes are stored without logging.
    #[inline]
    fn begin_unlogged(&mut self, offset: RawOffset, len: RawOffset) -> Result<(), Fault> {
        let within = self.log.nvm.check_range(offset, len);
        within.map_err(|error| self.fail(error.into()))?;
        self.log.state.set(State::UNFINISHED);
        Ok(())
    }

    /// Rolls back. The destructor is not to run after it.
    #[cold]
    #[inline(never)]
    fn undo(&mut self, mark: Option<u32>) -> Result<(), Fault> {
        let in_doubt = self.fault().is_some_and(Fault::is_of_nvm);
        let log = &mut *self.log;
        // After a failed access the NVM knows better than `end` what was logged.
        let logged = log.running.end != log.entries.start || in_doubt;
        log.running.rest(log.entries.start);
        if logged {
            log.roll_back_entries()?;
        }
        match mark {
            Some(mark) if !log.state.has(State::UNFINISHED) => log.commit_word(mark)?,
            _ if logged => log.retire_entries()?,
            _ => {}
        }
        let doubt = if in_doubt {
            State::UNSETTLED
        } else {
            State::SETTLED
        };
        log.state = log.state.only(State::UNFINISHED).and(doubt);
        Ok(())
    }

    /// Notes why the transaction cannot commit: the first reason.
    pub(crate) fn fail(&mut self, fault: Fault) -> Fault {
        self.log.fail(fault)
    }

    pub(crate) fn read_byte(&mut self, offset: RawOffset) -> Result<u8, Fault> {
        self.log
            .nvm
            .read_u8(offset)
            .map_err(|error| self.fail(error.into()))
    }

    #[inline]
    pub(crate) fn store(
        &mut self,
        class: Class,
        offset: RawOffset,
        bytes: &[u8],
    ) -> Result<(), Fault> {
        self.log
            .nvm
            .write(class, offset, bytes)
            .map_err(|error| self.fail(error.into()))
    }

    /// Logs what of a range is not covered yet.
    #[inline]
    fn log_range(&mut self, start: RawOffset, end: RawOffset) -> Result<(), Fault> {
        if !ablation::CRASH_CONSISTENCY {
            return Ok(());
        }
        let (start, end) = match self.log.class {
            Class::Data => ablation::object_around(start, end),
            _ => (start, end),
        };
        let mut at = start;
        while at < end {
            at = match self.next(at, end)? {
                Next::CoveredTo(to) => to,
                Next::UncoveredTo(to) => at + self.append(Kind::Range, at, to - at, None)?,
            };
        }
        Ok(())
    }

    /// What lies at the beginning of a range: whether it must be logged.
    pub(crate) fn next(&mut self, start: RawOffset, end: RawOffset) -> Result<Next, Fault> {
        let log = &*self.log;
        let has_ranges = log.has_ranges();
        let coverage = &log.running.coverage;
        let next = coverage.next(&log.nvm, log.logged(), log.tag, has_ranges, start, end);
        next.map_err(|error| self.fail(error.into()))
    }

    /// Appends an entry about bits of a byte.
    #[inline]
    pub(crate) fn append_bits(
        &mut self,
        kind: Kind,
        offset: RawOffset,
        payload: [u8; 2],
    ) -> Result<(), Fault> {
        let log = &mut *self.log;
        let at = log.running.end;
        if at > log.near_end || near_word::<1>(offset).is_none() {
            return self.append(kind, offset, 1, Some(payload)).map(drop);
        }
        match store_near_bits(&log.nvm, at, log.tag, kind, offset, payload) {
            Ok(()) => {
                log.add_bits(offset);
                log.running.end = at + NEAR_ENTRY_BYTES;
                Ok(())
            }
            Err(error) => Err(self.fail(error.into())),
        }
    }

    /// Appends an entry, and answers how many bytes it is about.
    #[inline(never)]
    pub(crate) fn append(
        &mut self,
        kind: Kind,
        offset: RawOffset,
        len: RawOffset,
        payload: Option<[u8; 2]>,
    ) -> Result<RawOffset, Fault> {
        let entry = NewEntry::new(kind, offset, len);
        let free = self.free_log_bytes();
        if entry.bytes() > free {
            return Err(self.fail(Fault::log_full(entry.bytes(), free)));
        }
        let at = self.log.running.end;
        let next = entry
            .store(&self.log.nvm, self.log.entries, at, self.log.tag, payload)
            .map_err(|error| self.fail(error.into()))?;
        match kind {
            Kind::Range => self.log.add_range(offset, offset + entry.len()),
            Kind::Bits | Kind::DeferredBits => self.log.add_bits(offset),
        }
        self.log.running.end = next;
        Ok(entry.len())
    }
}

/// Of a transaction that was neither committed nor rolled back.
impl<N: Nvm> Drop for Tx<'_, N> {
    fn drop(&mut self) {
        // A failure leaves the log unsettled: the roll back is repeated before the next transaction, or
        // at the next start.
        let _ = self.undo(None);
    }
}
