//! An undo log: its area, what happens at start-up, and how transactions are run on it.
//!
//! | bytes of the area | field |
//! | --- | --- |
//! | 0..8 | the two commit words (module `commit_word`) |
//! | 8 | deferred: the sequence number of a committed transaction whose deferred stores are not done, or 255 |
//! | 9..12 | not used |
//! | 12.. | entries (module `log_entry`) |
//!
//! A transaction that changes ranges runs through these stores:
//!
//! | store | power lost after it: the next start |
//! | --- | --- |
//! | for each range: its entry | rolls back the valid entries, and retires them by the first one's tag |
//! | for each range: its new bytes | the same |
//! | where it deferred stores: the deferred byte | the same |
//! | commit word | goes on after the transaction |
//! | each deferred store | does all of them again |
//! | deferred byte 255 | goes on |
//!
//! Tagging entries with the epoch of their transaction, so that one store commits and empties the log,
//! follows the undo logs of the persistent-memory literature (`IntOS`, OSDI '24, for one); the check of the
//! next header's tag is our own.

use nvm_core::{Area, Class, Nvm, RawOffset, UpTo12Bits, ablation};

use crate::broken::{self, Variant};
use crate::commit_word::{
    COMMIT_WORDS_BYTES, CommitWord, MARK_MAX, NO_SEQUENCE, SEQUENCES, following, preceding,
};
use crate::coverage::Filter;
use crate::fault::{Fault, FaultKind};
use crate::log_entry::{EntryArea, invalidate_if_tagged};
use crate::state::State;
use crate::transaction::{Running, Tx};
use crate::write_first::WriteFirstTx;

/// Bytes of NVM that an undo log needs besides its entries.
pub const LOG_HEADER_BYTES: RawOffset = 12;

pub(crate) const DEFERRED_AT: RawOffset = COMMIT_WORDS_BYTES;

/// An undo log, on which one transaction runs at a time.
///
/// The value is volatile: [`open`](UndoLog::open) makes it anew at each start, rolling back a
/// transaction that a power loss interrupted. An entry takes 4 bytes and the old bytes, rounded up to
/// 4; a byte range in one transaction is logged at most once. The log is emptied by the same store that
/// commits.
#[derive(Debug)]
pub struct UndoLog<N: Nvm> {
    pub(crate) nvm: N,
    pub(crate) entries: EntryArea,
    /// The last place for an entry of 8 bytes with a header behind it; 0 where entries lie at no multiple of 4.
    pub(crate) near_end: RawOffset,
    pub(crate) at: RawOffset,
    /// What the last commit published.
    mark: u32,
    /// The sequence number that the next commit will have, and the tag of its entries.
    pub(crate) tag: u8,
    /// The number of the next commit that has more to do than to store its word.
    care_at: u8,
    /// That of the next one that the numbers come round after, or another whose number the first header may have, or a layer
    /// above has asked for.
    make_way_at: u8,
    /// The number that a layer above has asked for.
    heeded: u8,
    /// Whether it has asked for the next commit.
    is_due: bool,
    /// Class of the stores to objects.
    pub(crate) class: Class,
    pub(crate) state: State,
    pub(crate) running: Running,
}

impl<N: Nvm> UndoLog<N> {
    /// Bytes of NVM for a log whose entries take `entry_bytes`. A transaction of n ranges of 4 bytes
    /// needs 8 n.
    pub const fn area_bytes(entry_bytes: RawOffset) -> RawOffset {
        LOG_HEADER_BYTES.saturating_add(entry_bytes.saturating_add(3) & !3)
    }

    /// Makes `area` an empty log. Not crash-consistent: part of the region's first boot.
    pub fn format(nvm: &N, area: Area) -> Result<(), Fault> {
        Self::format_with(nvm, area, 0)
    }

    /// The same, and `mark` (24 bits) is what its last commit published.
    pub fn format_with(nvm: &N, area: Area, mark: u32) -> Result<(), Fault> {
        check_area(nvm, area.offset(), area.len())?;
        CommitWord::format(nvm, area.offset(), mark)?;
        nvm.write_u8(Class::UndoLog, area.offset() + DEFERRED_AT, NO_SEQUENCE)?;
        let first_tag = area.offset() + LOG_HEADER_BYTES + 3;
        nvm.write_u8(Class::UndoLog, first_tag, NO_SEQUENCE)?;
        Ok(())
    }

    /// Opens the log at start-up: rolls back the transaction that a power loss interrupted, if any, and
    /// completes the deferred stores of one that had committed.
    ///
    /// Costs a handful of loads where nothing was interrupted, and no store.
    pub fn open(nvm: N, area: Area) -> Result<Self, Fault> {
        Self::open_as(nvm, area, Class::Data)
    }

    /// The same, for objects of another class than [`Class::Data`].
    pub fn open_as(nvm: N, area: Area, class: Class) -> Result<Self, Fault> {
        let mut log = Self::unopened(nvm, area, class);
        log.recover()?;
        Ok(log)
    }

    /// The same, but leaves an interrupted transaction as it is until [`recover`](UndoLog::recover),
    /// which must come before the next transaction: for a kernel that recovers tasks in the order in
    /// which they run.
    pub fn open_without_recovery(nvm: N, area: Area, class: Class) -> Result<Self, Fault> {
        let mut log = Self::unopened(nvm, area, class);
        log.look()?;
        Ok(log)
    }

    /// A log that is made where it stays, before anything of its NVM is looked at:
    /// [`recover`](UndoLog::recover) must come before anything else. Both together do what
    /// [`open_as`](UndoLog::open_as) does, in less code: a log of some 130 bytes is not moved along.
    #[inline]
    pub const fn unopened(nvm: N, area: Area, class: Class) -> Self {
        let at = area.offset();
        let entries = EntryArea {
            start: at.wrapping_add(LOG_HEADER_BYTES),
            end: at.wrapping_add(area.len()),
        };
        Self {
            nvm,
            near_end: entries.near_end(),
            at,
            mark: 0,
            tag: 0,
            care_at: 0,
            make_way_at: 0,
            heeded: NO_SEQUENCE,
            is_due: false,
            class,
            state: State::UNSETTLED,
            running: Running::at(entries.start),
            entries,
        }
    }

    /// Finds out what is committed, and answers the tag of the first entry's place.
    pub(crate) fn look(&mut self) -> Result<u8, Fault> {
        // The area's length, though its end may have come round.
        check_area(&self.nvm, self.at, self.entries.end.wrapping_sub(self.at))?;
        let live = CommitWord::live(&self.nvm, self.at)?
            .ok_or(Fault::new(FaultKind::Damaged { offset: self.at }))?;
        (self.mark, self.tag) = (live.mark, following(live.sequence));
        self.take_care_from(self.tag)
    }

    /// Notes when the next commit with more to do comes, where `next` is the number that comes next. Answers the tag of
    /// the first entry's place: whatever transactions store there meanwhile is their own number.
    fn take_care_from(&mut self, next: u8) -> Result<u8, Fault> {
        let first = self.nvm.read_u8(self.entries.start + 3)?;
        let sooner = |other: u8, number: u8| {
            if number > next && number < other {
                number
            } else {
                other
            }
        };
        let other = sooner(sooner(SEQUENCES, first), self.heeded);
        // The commit before that one.
        self.make_way_at = if self.near_end == 0 { next } else { other - 1 };
        self.care_at = if self.is_due { next } else { self.make_way_at };
        Ok(first)
    }

    /// From now on the commit before the one with that number is no [plain](UndoLog::is_plain) one, where it comes before
    /// the numbers come round.
    #[doc(hidden)]
    pub fn heed(&mut self, number: u8) {
        self.heed_later(number);
        if number > self.tag {
            self.make_way_at = self.make_way_at.min(number - 1);
            self.care_at = self.care_at.min(number - 1);
        }
    }

    /// The same from when the numbers have come round.
    #[doc(hidden)]
    #[inline]
    pub fn heed_later(&mut self, number: u8) {
        self.heeded = number;
    }

    /// The next commit is no [plain](UndoLog::is_plain) one.
    #[doc(hidden)]
    pub fn heed_next(&mut self) {
        self.is_due = true;
        self.take_care();
    }

    /// Runs a transaction: all that `body` writes is committed together when it returns `Ok`, and
    /// rolled back when it returns `Err`. Where nothing was written, nothing is stored.
    ///
    /// ```
    /// # use nvm_core::{sim::SimNvm, Area, Offset};
    /// # use nvm_tx::{Fault, UndoLog};
    /// # let nvm = SimNvm::<4>::new(256);
    /// # let area = Area::new(32, 64);
    /// # UndoLog::format(&nvm, area)?;
    /// let (from, to): (Offset<u32>, Offset<u32>) = (Offset::new(128), Offset::new(132));
    /// let mut log = UndoLog::open(&nvm, area)?;
    /// log.transaction(|tx| {
    ///     tx.set(from, 60)?;
    ///     tx.set(to, 40)
    /// })?;
    /// # Ok::<(), Fault>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What `body` returned; or, converted, why the engine could not commit.
    pub fn transaction<R, E: From<Fault>>(
        &mut self,
        body: impl FnOnce(&mut Tx<'_, N>) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut tx = self.begin()?;
        match body(&mut tx) {
            Ok(result) => {
                tx.commit()?;
                Ok(result)
            }
            Err(error) => {
                tx.roll_back()?;
                Err(error)
            }
        }
    }

    /// Runs a transaction that cannot abort, and that may therefore write without logging what it will
    /// write again, before reading it, when it is repeated (see [`WriteFirstTx`]).
    ///
    /// `log_bytes` of the log are free for its logged writes: where they are not, it does not begin. A
    /// fault after the first unlogged write (more logged than that, a bus error) leaves the transaction
    /// [`Unfinished`](FaultKind::Unfinished): what was logged is rolled back, and no transaction of this
    /// log begins before a restart repeats it.
    pub fn transaction_write_first<R>(
        &mut self,
        log_bytes: RawOffset,
        body: impl FnOnce(&mut WriteFirstTx<'_, N>) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        let mut tx = self.begin_write_first(log_bytes)?;
        match body(&mut tx) {
            Ok(result) => {
                tx.commit()?;
                Ok(result)
            }
            Err(fault) => {
                tx.roll_back()?;
                Err(fault)
            }
        }
    }

    /// Begins a transaction, for callers that cannot put it into a closure. Dropping it rolls back; one
    /// that is forgotten ([`core::mem::forget`]) is rolled back by the next `begin`.
    #[inline]
    pub fn begin(&mut self) -> Result<Tx<'_, N>, Fault> {
        if !self.state.is_settled() {
            self.settle()?;
        }
        Ok(self.begin_settled())
    }

    /// The same where the log [is settled](UndoLog::is_settled).
    #[doc(hidden)]
    #[inline]
    pub fn begin_settled(&mut self) -> Tx<'_, N> {
        debug_assert!(self.is_settled(), "else `settle` comes first");
        self.state = State::UNSETTLED;
        Tx::of(self)
    }

    /// Whether no transaction runs, and the last one left nothing to be found out.
    #[doc(hidden)]
    #[inline]
    pub const fn is_settled(&self) -> bool {
        self.state.is_settled()
    }

    /// Finds out what became of the transaction before.
    ///
    /// # Errors
    ///
    /// As [`begin`](UndoLog::begin).
    #[doc(hidden)]
    #[cold]
    #[inline(never)]
    pub fn settle(&mut self) -> Result<(), Fault> {
        if self.state.has(State::UNSETTLED) {
            self.recover()?;
        }
        if self.state.has(State::UNFINISHED) {
            return Err(Fault::new(FaultKind::Unfinished));
        }
        Ok(())
    }

    /// The transaction that runs, for a layer that has [forgotten](core::mem::forget) its [`Tx`] meanwhile. Where none runs,
    /// one with which nothing should be done but to roll it back.
    #[doc(hidden)]
    #[inline]
    pub fn resume(&mut self) -> Tx<'_, N> {
        Tx::of(self)
    }

    /// As [`Tx::fault`], of the transaction that runs.
    #[doc(hidden)]
    pub fn fault(&self) -> Option<Fault> {
        if self.state.has(State::FAILED) {
            self.running.failed
        } else {
            None
        }
    }

    /// Whether [`commit_plain`](UndoLog::commit_plain) commits the transaction that runs.
    #[doc(hidden)]
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.tag != self.care_at
    }

    /// From now on the running transaction does not commit [plainly](UndoLog::is_plain).
    #[inline]
    pub(crate) const fn take_care(&mut self) {
        self.care_at = self.tag;
    }

    /// Commits the transaction that runs, and whose [`Tx`] was forgotten, where it [`is_plain`](UndoLog::is_plain).
    #[doc(hidden)]
    #[inline]
    pub fn commit_plain(&mut self, mark: u32) -> Result<(), Fault> {
        // A failure leaves the log unsettled: before the next transaction the NVM is asked whether this one has
        // committed.
        self.store_word(mark & MARK_MAX)?;
        self.rest();
        Ok(())
    }

    /// After a transaction.
    #[inline]
    pub(crate) fn rest(&mut self) {
        self.running.rest(self.entries.start);
        self.state = State::SETTLED;
    }

    /// Notes why the transaction cannot commit: the first reason.
    #[cold]
    #[inline(never)]
    pub(crate) fn fail(&mut self, fault: Fault) -> Fault {
        if let Some(first) = self.fault() {
            return first;
        }
        self.state.set(State::FAILED);
        self.take_care();
        self.running.failed = Some(fault);
        fault
    }

    /// Such a range need not be logged any more.
    pub(crate) fn add_range(&mut self, start: RawOffset, end: RawOffset) {
        let coverage = &mut self.running.coverage;
        if !self.state.has(State::RANGES) && !broken::is(Variant::KeepsCoverage) {
            coverage.clear_ranges();
        }
        coverage.add(start, end);
        self.state.set(State::RANGES);
    }

    /// Whether the coverage's ranges count.
    pub(crate) fn has_ranges(&self) -> bool {
        self.state.has(State::RANGES) || broken::is(Variant::KeepsCoverage)
    }

    /// What the running transaction has logged.
    #[inline]
    pub(crate) const fn logged(&self) -> EntryArea {
        EntryArea {
            start: self.entries.start,
            end: self.running.end,
        }
    }

    /// There is an entry about bits of a byte.
    #[inline]
    pub(crate) const fn add_bits(&mut self, offset: RawOffset) {
        if !self.state.has(State::BITS) {
            self.running.bits = Filter::EMPTY;
            self.running.last_bits = [(0, 0); 2];
            self.state.set(State::BITS);
        }
        self.running.bits.add_one(offset);
    }

    /// Begins a transaction that cannot abort.
    pub fn begin_write_first(
        &mut self,
        log_bytes: RawOffset,
    ) -> Result<WriteFirstTx<'_, N>, Fault> {
        let tx = self.begin()?;
        let free = tx.free_log_bytes();
        if free < log_bytes {
            return Err(Fault::log_full(log_bytes, free));
        }
        Ok(WriteFirstTx::new(tx))
    }

    /// The mark that the last commit published; 0 after formatting.
    #[inline]
    pub const fn mark(&self) -> u32 {
        self.mark
    }

    /// The sequence number of the last commit: 0 to 253, then 0 again.
    pub const fn sequence(&self) -> u8 {
        preceding(self.tag)
    }

    /// The sequence number that the next commit will have.
    #[inline]
    pub const fn next_sequence(&self) -> u8 {
        self.tag
    }

    /// Publishes a mark without a transaction.
    ///
    /// # Errors
    ///
    /// As [`begin`](UndoLog::begin).
    #[inline]
    pub fn publish(&mut self, mark: u32) -> Result<(), Fault> {
        if !self.state.is_settled() {
            self.settle()?;
        }
        let stored = self.commit_word(mark & MARK_MAX);
        self.ask_if_failed(stored)
    }

    /// [`publish`](UndoLog::publish), where the log [is settled](UndoLog::is_settled) and its next commit
    /// [is plain](UndoLog::is_plain).
    #[doc(hidden)]
    #[inline]
    pub fn publish_plain(&mut self, mark: u32) -> Result<(), Fault> {
        let stored = self.store_word(mark & MARK_MAX);
        self.ask_if_failed(stored)
    }

    /// Where a commit word was perhaps stored, the NVM is asked before the next transaction.
    #[inline]
    fn ask_if_failed(&mut self, stored: Result<(), Fault>) -> Result<(), Fault> {
        if stored.is_err() {
            self.state = State::UNSETTLED;
        }
        stored
    }

    /// Reads the mark and the sequence number that the log in `area` committed last, without opening it.
    pub fn committed(nvm: &N, area: Area) -> Result<(u32, u8), Fault> {
        let live = CommitWord::live(nvm, area.offset())?.ok_or(Fault::new(FaultKind::Damaged {
            offset: area.offset(),
        }))?;
        Ok((live.mark, live.sequence))
    }

    /// Whether a start has nothing to do for the log in `area`: what [`recover`](UndoLog::recover) would find, without a log
    /// of some 130 bytes in volatile memory.
    ///
    /// Where the log is damaged it answers `false`, and opening it tells why.
    pub fn is_at_rest(nvm: &N, area: Area) -> Result<bool, Fault> {
        let at = area.offset();
        let Some(live) = CommitWord::live(nvm, at)? else {
            return Ok(false);
        };
        let is_empty = nvm.read_u8(at + LOG_HEADER_BYTES + 3)? != following(live.sequence);
        Ok(is_empty && nvm.read_u8(at + DEFERRED_AT)? == NO_SEQUENCE)
    }

    /// The NVM.
    pub const fn nvm(&self) -> &N {
        &self.nvm
    }

    /// The commit point: publishes `mark` and empties the log.
    #[inline]
    pub(crate) fn commit_word(&mut self, mark: u32) -> Result<(), Fault> {
        if self.is_plain() {
            self.store_word(mark)
        } else {
            self.commit_word_with_care(mark)
        }
    }

    /// The commit point, where nothing else is to be done.
    #[inline]
    fn store_word(&mut self, mark: u32) -> Result<(), Fault> {
        let sequence = self.tag;
        if ablation::CRASH_CONSISTENCY {
            // A log that lies at no multiple of 4 never comes here. Said so that the compiler knows: one store.
            CommitWord { mark, sequence }.publish(&self.nvm, self.at & !3)?;
        }
        self.mark = mark;
        self.tag = sequence.wrapping_add(1);
        Ok(())
    }

    /// The commit point, with what else is to be done: makes sure that the next transaction begins with an empty log.
    #[cold]
    #[inline(never)]
    pub(crate) fn commit_word_with_care(&mut self, mark: u32) -> Result<(), Fault> {
        (self.is_due, self.care_at) = (false, self.make_way_at);
        let sequence = self.tag;
        let next = following(sequence);
        if !self.is_plain() {
            if ablation::CRASH_CONSISTENCY && !broken::is(Variant::KeepsFirstHeader) {
                invalidate_if_tagged(&self.nvm, self.entries, self.entries.start, next)?;
            }
            self.take_care_from(next)?;
        }
        if ablation::CRASH_CONSISTENCY {
            CommitWord { mark, sequence }.publish(&self.nvm, self.at)?;
        }
        (self.mark, self.tag) = (mark, next);
        Ok(())
    }

    /// Announces that the running transaction has deferred stores.
    pub(crate) fn announce_deferred(&self) -> Result<(), Fault> {
        Ok(self
            .nvm
            .write_u8(Class::UndoLog, self.at + DEFERRED_AT, self.tag)?)
    }
}

/// Makes sure that an area is large enough for a log.
fn check_area<N: Nvm>(nvm: &N, offset: RawOffset, len: RawOffset) -> Result<(), Fault> {
    let needed = LOG_HEADER_BYTES + 8;
    if len < needed {
        return Err(Fault::new(FaultKind::AreaTooSmall {
            needed: UpTo12Bits::of(needed),
            actual: UpTo12Bits::of(len),
        }));
    }
    Ok(nvm.check_range(offset, len)?)
}
