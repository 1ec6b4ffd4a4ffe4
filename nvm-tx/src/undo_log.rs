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

use nvm_core::{Area, Class, Error, Nvm, Offset, UpTo12Bits, ablation};

use crate::broken::{self, Variant};
use crate::commit_word::{COMMIT_WORDS_BYTES, CommitWord, MARK_MAX, NO_SEQUENCE, following};
use crate::coverage::OfNear;
use crate::fault::{Fault, FaultKind};
use crate::log_entry::{EntryArea, NEAR_ENTRY_BYTES, invalidate_if_tagged, is_near, store_near};
use crate::transaction::{Running, Tx};
use crate::write_first::WriteFirstTx;

/// Bytes of NVM that an undo log needs besides its entries.
pub const LOG_HEADER_BYTES: u32 = 12;

pub(crate) const DEFERRED_AT: u32 = COMMIT_WORDS_BYTES;

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
    pub(crate) at: u32,
    pub(crate) live: CommitWord,
    /// Class of the stores to objects.
    pub(crate) class: Class,
    /// Tag byte of the first header's place.
    pub(crate) first_tag: u8,
    /// What the NVM holds must be looked at before the next transaction: at the start, after a failed
    /// access, and while a transaction runs, which may be forgotten without its destructor.
    pub(crate) unsettled: bool,
    /// A transaction has written without logging and has not committed.
    pub(crate) unfinished: bool,
    pub(crate) running: Running,
}

impl<N: Nvm> UndoLog<N> {
    /// Bytes of NVM for a log whose entries take `entry_bytes`. A transaction of n ranges of 4 bytes
    /// needs 8 n.
    pub const fn area_bytes(entry_bytes: u32) -> u32 {
        LOG_HEADER_BYTES.saturating_add(entry_bytes.saturating_add(3) & !3)
    }

    /// Makes `area` an empty log. Not crash-consistent: part of the region's first boot.
    pub fn format(nvm: &N, area: Area) -> Result<(), Fault> {
        check_area(nvm, area.offset(), area.len())?;
        CommitWord::format(nvm, area.offset(), 0)?;
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
        let mut log = Self::open_without_recovery(nvm, area, class)?;
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
    /// [`recover`](UndoLog::recover) must come before anything else.
    #[inline]
    pub const fn unopened(nvm: N, area: Area, class: Class) -> Self {
        let at = area.offset();
        Self {
            nvm,
            entries: EntryArea {
                start: at.saturating_add(LOG_HEADER_BYTES),
                end: at.saturating_add(area.len()),
            },
            at,
            live: CommitWord {
                mark: 0,
                sequence: 0,
            },
            class,
            first_tag: NO_SEQUENCE,
            unsettled: true,
            unfinished: false,
            running: Running::none(),
        }
    }

    /// Finds out what is committed, and whether there are entries.
    pub(crate) fn look(&mut self) -> Result<(), Fault> {
        check_area(&self.nvm, self.at, self.entries.end.saturating_sub(self.at))?;
        self.live = CommitWord::live(&self.nvm, self.at)?
            .ok_or(Fault::new(FaultKind::Damaged { offset: self.at }))?;
        self.first_tag = self.nvm.read_u8(self.entries.start + 3)?;
        Ok(())
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
        log_bytes: u32,
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
        if self.unsettled || self.unfinished {
            self.settle()?;
        }
        self.unsettled = true;
        Ok(Tx::new(self))
    }

    /// Finds out what became of the transaction before.
    #[cold]
    fn settle(&mut self) -> Result<(), Fault> {
        if self.unsettled {
            self.recover()?;
        }
        if self.unfinished {
            return Err(Fault::new(FaultKind::Unfinished));
        }
        Ok(())
    }

    /// Begins a transaction that cannot abort.
    pub fn begin_write_first(&mut self, log_bytes: u32) -> Result<WriteFirstTx<'_, N>, Fault> {
        let tx = self.begin()?;
        let free = tx.free_log_bytes();
        if free < log_bytes {
            return Err(Fault::log_full(log_bytes, free));
        }
        Ok(WriteFirstTx::new(tx))
    }

    /// The mark that the last commit published; 0 after formatting.
    pub const fn mark(&self) -> u32 {
        self.live.mark
    }

    /// The sequence number of the last commit: 0 to 253, then 0 again.
    pub const fn sequence(&self) -> u8 {
        self.live.sequence
    }

    /// The sequence number that the next commit will have.
    pub const fn next_sequence(&self) -> u8 {
        following(self.live.sequence)
    }

    /// Publishes a mark without a transaction.
    ///
    /// # Errors
    ///
    /// As [`begin`](UndoLog::begin).
    pub fn publish(&mut self, mark: u32) -> Result<(), Fault> {
        if self.unsettled || self.unfinished {
            self.settle()?;
        }
        // Where it fails, the NVM is asked whether it was stored.
        self.unsettled = true;
        self.commit_word(mark & MARK_MAX)?;
        self.unsettled = false;
        Ok(())
    }

    /// Reads the mark and the sequence number that the log in `area` committed last, without opening it.
    pub fn committed(nvm: &N, area: Area) -> Result<(u32, u8), Fault> {
        let live = CommitWord::live(nvm, area.offset())?.ok_or(Fault::new(FaultKind::Damaged {
            offset: area.offset(),
        }))?;
        Ok((live.mark, live.sequence))
    }

    /// The NVM.
    pub const fn nvm(&self) -> &N {
        &self.nvm
    }

    /// The tag of a running transaction's entries.
    pub(crate) const fn running_tag(&self) -> u8 {
        following(self.live.sequence)
    }

    /// Logs 1, 2 or 4 bytes, where they are not logged yet, and replaces them. Answers whether it did: not where they are
    /// logged in part, not aligned or far away, or there is no room.
    #[inline]
    pub(crate) fn replace<const LEN: usize>(
        &mut self,
        offset: u32,
        bytes: [u8; LEN],
    ) -> Result<bool, Error> {
        if !ablation::CRASH_CONSISTENCY {
            self.nvm.store(self.class, Offset::new(offset), &bytes)?;
            return Ok(true);
        }
        if !is_near::<LEN>(offset) || !ablation::WAR_AWARENESS {
            return Ok(false);
        }
        if broken::is(Variant::StoresBeforeLogging) {
            self.nvm.store(self.class, Offset::new(offset), &bytes)?;
        }
        let coverage = &self.running.coverage;
        let place = if coverage.may_touch_word(offset) {
            match coverage.of_near(offset, LEN as u32) {
                OfNear::Covered => {
                    self.nvm.store(self.class, Offset::new(offset), &bytes)?;
                    return Ok(true);
                }
                OfNear::Uncovered { place } => place,
                OfNear::Unknown => return Ok(false),
            }
        } else {
            coverage.place_of_new(offset)
        };
        let (at, tag) = (self.running.end, self.running_tag());
        if self.entries.end - at < NEAR_ENTRY_BYTES || !at.is_multiple_of(4) {
            return Ok(false);
        }
        store_near::<N, LEN>(&self.nvm, self.entries, at, tag, offset)?;
        self.first_tag = tag;
        self.running.coverage.set(place, offset, LEN as u32, at);
        self.running.end = at + NEAR_ENTRY_BYTES;
        self.nvm.store(self.class, Offset::new(offset), &bytes)?;
        Ok(true)
    }

    /// The commit point: publishes `mark` and empties the log.
    #[inline]
    pub(crate) fn commit_word(&mut self, mark: u32) -> Result<(), Fault> {
        let sequence = self.running_tag();
        if !ablation::CRASH_CONSISTENCY {
            self.live = CommitWord { mark, sequence };
            return Ok(());
        }
        // The next transaction begins with an empty log.
        let next = following(sequence);
        if self.first_tag == next && !broken::is(Variant::KeepsFirstHeader) {
            invalidate_if_tagged(&self.nvm, self.entries, self.entries.start, next)?;
            self.first_tag = NO_SEQUENCE;
        }
        let word = CommitWord { mark, sequence };
        word.publish(&self.nvm, self.at)?;
        self.live = word;
        Ok(())
    }

    /// Announces that the running transaction has deferred stores.
    pub(crate) fn announce_deferred(&self) -> Result<(), Fault> {
        let tag = self.running_tag();
        Ok(self
            .nvm
            .write_u8(Class::UndoLog, self.at + DEFERRED_AT, tag)?)
    }
}

/// Makes sure that an area is large enough for a log.
fn check_area<N: Nvm>(nvm: &N, offset: u32, len: u32) -> Result<(), Fault> {
    let needed = LOG_HEADER_BYTES + 8;
    if len < needed {
        return Err(Fault::new(FaultKind::AreaTooSmall {
            needed: UpTo12Bits::of(needed),
            actual: UpTo12Bits::of(len),
        }));
    }
    Ok(nvm.check_range(offset, len)?)
}
