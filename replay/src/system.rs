//! System calls and their kernel transactions: their records, within the running transaction.
//!
//! A system call is one or more **kernel transactions** on an undo log of its own. The last one stores
//! the call's result and completes it; the ones before it are steps (a task that blocks, say), and may
//! leave results of their own. All publish by the commit word of that log:
//!
//! | store | power lost after it: the repeated transaction |
//! | --- | --- |
//! | entries and objects of a kernel transaction, its record | makes the call, or the step, again |
//! | commit word with one step more | bypasses the step |
//! | commit word with one call more and no steps | bypasses the call |
//! | commit word of the enclosing transaction | is itself bypassed; the generation is over |

mod encoded;

use core::mem;

use nvm_core::{Class, Nvm, RawOffset, Record, widened};
use nvm_tx::UndoLog;

use crate::broken::{self, Variant};
use crate::error::{Error, ErrorKind, Table};
use crate::layout::ThreadAreas;
use crate::mark::{
    MAX_STEPS, MAX_SYSTEM_COUNT, NO_GENERATION, SystemMark, system_digest, system_digest_of_tag,
};
use crate::records::{CHECK_BYTES, Records, seed, value_bytes};
use crate::site::Site;

/// A kernel transaction: undo-logged like any other, on the thread's log of kernel transactions.
pub type SystemTx<'log, N> = nvm_tx::Tx<'log, N>;

/// The table of system calls and the table of kernel transactions of a thread.
#[derive(Debug)]
pub struct SystemTable<N: Nvm + Copy> {
    log: UndoLog<N>,
    calls: Records,
    steps: Records,
    /// What is committed in the running generation.
    committed: SystemMark,
    /// Of the calls walked over so far.
    digest: u8,
    /// The first error of a system call in the running transaction.
    failed: Option<Error>,
    /// Whether the running transaction has made system calls, now or before a power loss.
    used: bool,
    /// How many bytes a record must have fewer than for the next call to be simply made: see
    /// [`room_now`](SystemTable::room_now).
    room: RawOffset,
}

impl<N: Nvm + Copy> SystemTable<N> {
    pub(crate) fn format(nvm: N, areas: &ThreadAreas) -> Result<(), Error> {
        let none = SystemMark::empty(NO_GENERATION).bits();
        Ok(UndoLog::format_with(&nvm, areas.kernel_log, none)?)
    }

    #[inline]
    pub(crate) const fn unopened(nvm: N, areas: &ThreadAreas) -> Self {
        Self {
            log: UndoLog::unopened(nvm, areas.kernel_log, Class::Kernel),
            calls: Records::new(areas.system_calls, Table::SystemCalls),
            steps: Records::new(areas.kernel_transactions, Table::KernelTransactions),
            committed: SystemMark::empty(NO_GENERATION),
            digest: 0,
            failed: None,
            used: false,
            room: 0,
        }
    }

    /// Rolls back the kernel transaction that a power loss interrupted.
    pub(crate) fn recover(&mut self) -> Result<(), Error> {
        self.log.recover()?;
        // The calls of the transaction that was running are looked for when one begins.
        self.used = true;
        Ok(())
    }

    /// Begins the replay of a transaction's system calls. Where the one before has made none there is nothing to forget, nor
    /// are there calls of this one: [`prepare_commit`](SystemTable::prepare_commit) has seen to it.
    #[inline]
    pub(crate) fn attach(&mut self, generation: u8) {
        if self.used {
            self.rewind(generation);
        }
        self.committed = self.committed.with_generation(generation);
    }

    #[inline(never)]
    fn rewind(&mut self, generation: u8) {
        let mark = SystemMark::from_bits(self.log.mark());
        let is_current =
            mark.generation() == generation && !broken::is(Variant::ForgetsSystemCalls);
        self.committed = if is_current {
            mark
        } else {
            SystemMark::empty(generation)
        };
        self.calls.rewind();
        self.steps.rewind();
        self.digest = 0;
        self.failed = None;
        self.used = is_current;
        self.note_room();
    }

    /// One more than the bytes that are left for the record of a call that is made for the first time, and that nothing
    /// keeps from being made; else none.
    const fn room_now(&self) -> RawOffset {
        if self.failed.is_some()
            || self.is_recorded()
            || self.committed.steps() > 0
            || self.committed.count() >= MAX_SYSTEM_COUNT
        {
            0
        } else {
            self.calls.free().saturating_add(1)
        }
    }

    /// After each change of what [`room_now`](SystemTable::room_now) is made of.
    const fn note_room(&mut self) {
        self.room = self.room_now();
    }

    /// Must come before the commit of a transaction with `sequence`: records that are left from the last
    /// time that the numbers stood here must not count for the transaction after it.
    #[inline]
    pub(crate) fn prepare_commit(&mut self, sequence: u8) -> Result<(), Error> {
        let next = nvm_tx::following_sequence(sequence);
        if SystemMark::from_bits(self.log.mark()).generation() == next
            && !broken::is(Variant::KeepsGeneration)
        {
            return self.publish_none();
        }
        Ok(())
    }

    /// The generation that the mark is of: the commit before the one with that number must be
    /// [prepared](SystemTable::prepare_commit).
    pub(crate) const fn generation(&self) -> u8 {
        SystemMark::from_bits(self.log.mark()).generation()
    }

    #[cold]
    #[inline(never)]
    fn publish_none(&mut self) -> Result<(), Error> {
        Ok(self.log.publish(SystemMark::empty(NO_GENERATION).bits())?)
    }

    /// What keeps the transaction from committing.
    pub(crate) const fn failure(&self) -> Option<Error> {
        self.failed
    }

    /// The failure that no repetition in this run cures: a divergence, or a device that failed and leaves
    /// open what was committed.
    pub(crate) fn must_stop(&self) -> Option<Error> {
        self.failed.filter(|error| !error.is_outcome())
    }

    /// Checks that the transaction made all the system calls that it had made before a power loss.
    pub(crate) const fn check_walked(&self, site: Site) -> Result<(), Error> {
        if self.calls.index() != self.committed.count() || self.committed.steps() != 0 {
            return Err(self.diverged(site));
        }
        Ok(())
    }

    /// The error of a transaction that makes other system calls than before.
    pub(crate) const fn diverged(&self, site: Site) -> Error {
        self.calls.diverged(site)
    }

    /// Whether no system call has failed, and all that were made before a power loss were made again. Where it is so, the
    /// transaction makes no more of them, but commits.
    #[inline]
    pub(crate) fn is_walked(&mut self) -> bool {
        !self.used || self.forget_all_made()
    }

    /// The same where there were calls: what the next transaction need not know of them.
    #[inline(never)]
    fn forget_all_made(&mut self) -> bool {
        let has_made_all = self.failed.is_none()
            && self.calls.index() == self.committed.count()
            && self.committed.steps() == 0;
        if has_made_all {
            self.used = false;
            self.committed = SystemMark::empty(NO_GENERATION);
            self.calls.rewind();
            // Whatever completed the last call has rewound the steps.
            self.digest = 0;
            // Nothing keeps the first call from being made.
            self.room = self.calls.free().saturating_add(1);
        }
        has_made_all
    }

    /// The sequence number of the last kernel transaction that committed.
    pub fn sequence(&self) -> u8 {
        self.log.sequence()
    }

    /// The sequence number that the next kernel transaction will commit with: what a kernel tags work
    /// with that this commit is to put in force.
    pub fn next_sequence(&self) -> u8 {
        self.log.next_sequence()
    }

    /// Whether the next system call completed before a power loss and will be bypassed.
    pub const fn is_recorded(&self) -> bool {
        self.calls.index() < self.committed.count()
    }

    /// Whether the next system call has steps that were committed before a power loss.
    pub fn has_steps(&self) -> bool {
        !self.is_recorded() && self.committed.steps() > 0
    }

    /// Takes the result of the next system call, if it completed before a power loss.
    ///
    /// # Errors
    ///
    /// `ReplayDiverged`, where the record was made by another call. This and every other error of a system
    /// call is answered by all further calls of the transaction, and keeps it from committing.
    #[inline]
    pub fn bypass<R: Record>(&mut self, site: Site) -> Result<Option<R>, Error> {
        if self.failed.is_none() && !self.is_recorded() {
            self.used = true;
            return Ok(None);
        }
        self.take_recorded(site)
    }

    /// Takes the result of a call that completed before a power loss.
    #[cold]
    #[inline(never)]
    fn take_recorded<R: Record>(&mut self, site: Site) -> Result<Option<R>, Error> {
        let mut value = None::<R>;
        self.take_encoded(site, R::MAX_BYTES, &mut value)?;
        Ok(value)
    }

    /// Runs a kernel transaction that is a step of the next system call, or bypasses it where it had
    /// committed before a power loss. All steps of a call, and what completes it, have the call's site.
    /// Costs its log, its record, and 4 bytes.
    #[inline]
    pub fn step<R: Record>(
        &mut self,
        site: Site,
        body: impl FnOnce(&mut SystemTx<'_, N>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.check_next(site)?;
        if self.steps.index() < self.committed.steps() {
            let mut value = None::<R>;
            let taken = self
                .steps
                .take_value(self.log.nvm(), site, R::MAX_BYTES, &mut value);
            let bytes = taken.map_err(|error| self.fail(error))?;
            self.steps.step(bytes);
            return value.ok_or_else(|| self.fail(self.steps.diverged(site)));
        }
        if self.committed.steps() >= MAX_STEPS {
            return Err(self.fail(Error::new(ErrorKind::TooManyRecords {
                table: Table::KernelTransactions,
            })));
        }
        let room = self.steps.reserve(value_bytes(R::MAX_BYTES));
        room.map_err(|error| self.fail(error))?;
        let value = self.run(body)?;
        let published = self
            .committed
            .with_one_step(system_digest(self.digest, site));
        let put = self.put_value(&self.steps, site, &value);
        let bytes = self.commit(put, published)?;
        (self.committed, self.room) = (published, 0);
        self.steps.step(bytes);
        Ok(value)
    }

    /// Runs the kernel transaction that completes the next system call: its result is recorded, and its
    /// steps' records are dropped, with the same commit. Costs its log, 2 bytes and the result's (nothing
    /// for `()`), and 4 bytes.
    #[inline]
    pub fn complete<R: Record>(
        &mut self,
        site: Site,
        body: impl FnOnce(&mut SystemTx<'_, N>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.prepare_completion(site, R::MAX_BYTES)?;
        let value = self.run(body)?;
        self.publish_completed(site, &value)?;
        Ok(value)
    }

    #[inline(never)]
    fn prepare_completion(&mut self, site: Site, bytes: RawOffset) -> Result<(), Error> {
        self.check_next(site)?;
        self.reserve(bytes)
    }

    #[inline(never)]
    fn publish_completed<R: Record>(&mut self, site: Site, value: &R) -> Result<(), Error> {
        let published = self.completed(site);
        let put = self.put_value(&self.calls, site, value);
        let bytes = self.commit(put, published)?;
        self.note_completed(published, bytes);
        Ok(())
    }

    /// Stores the record of a value, not yet published; of one without bytes none.
    #[inline]
    fn put_value<R: Record>(
        &self,
        records: &Records,
        site: Site,
        value: &R,
    ) -> Result<RawOffset, Error> {
        if R::MAX_BYTES == 0 {
            return Ok(0);
        }
        let seed = seed(site, widened(R::MAX_BYTES));
        records.put_value(self.log.nvm(), seed, |to| value.encode(to))
    }

    /// Makes sure that the next system call's result of up to `bytes` can be recorded: before a step of it
    /// is taken that cannot be taken back.
    #[inline]
    pub fn reserve(&mut self, bytes: RawOffset) -> Result<(), Error> {
        let needed = match bytes {
            0 => 0,
            bytes => bytes.saturating_add(CHECK_BYTES),
        };
        let is_free = self.committed.count() < MAX_SYSTEM_COUNT && self.calls.free() >= needed;
        if is_free && self.failed.is_none() {
            self.used = true;
            return Ok(());
        }
        self.cannot_reserve(needed)
    }

    #[cold]
    #[inline(never)]
    fn cannot_reserve(&mut self, needed: RawOffset) -> Result<(), Error> {
        self.check_failed()?;
        let reserved = if self.committed.count() >= MAX_SYSTEM_COUNT {
            Err(Error::new(ErrorKind::TooManyRecords {
                table: Table::SystemCalls,
            }))
        } else {
            self.calls.reserve(needed)
        };
        reserved.map_err(|error| self.fail(error))
    }

    /// Where the encoded result of the next system call will lie: somebody else may put it there while
    /// the task is blocked. [`reserve`](SystemTable::reserve) it first.
    pub fn result_at(&self) -> RawOffset {
        self.calls.at() + CHECK_BYTES
    }

    /// Completes the next system call with a result that already lies at
    /// [`result_at`](SystemTable::result_at). Costs 2 bytes (none for `()`) and 4 bytes.
    pub fn complete_in_place<R: Record>(&mut self, site: Site) -> Result<R, Error> {
        let mut value = None::<R>;
        self.complete_in_place_encoded(site, R::MAX_BYTES, &mut value)?;
        value.ok_or_else(|| self.fail(self.calls.diverged(site)))
    }

    /// Records what `input` gives, once: a repeated transaction gets the same value without asking again.
    /// Costs 2 bytes, the value's, and 4.
    #[inline]
    pub fn sample<R: Record>(&mut self, site: Site, input: impl FnOnce() -> R) -> Result<R, Error> {
        match self.bypass(site)? {
            Some(value) => Ok(value),
            None if self.committed.steps() > 0 => Err(self.fail(self.calls.diverged(site))),
            None => self.complete(site, |_| Ok(input())),
        }
    }

    const fn completed(&self, site: Site) -> SystemMark {
        self.completed_at(site.tag())
    }

    /// The same at the call site of this [tag](Site::tag).
    #[inline]
    const fn completed_at(&self, tag: u16) -> SystemMark {
        self.committed
            .with_one_call(system_digest_of_tag(self.digest, tag))
    }

    const fn note_completed(&mut self, published: SystemMark, bytes: RawOffset) {
        self.committed = published;
        self.digest = published.digest();
        self.calls.step(bytes);
        self.steps.rewind();
        // No call has failed, none is left to be bypassed, and the next one has no steps.
        self.room = if published.count() >= MAX_SYSTEM_COUNT {
            0
        } else {
            self.calls.free().saturating_add(1)
        };
    }

    /// The same of a call that was [simply](SystemTable::room_now) made, and whose record ends there.
    #[inline]
    const fn note_simply_completed(&mut self, published: SystemMark, end: RawOffset) {
        let bytes = end.wrapping_sub(self.calls.at());
        self.committed = published;
        self.digest = published.digest();
        self.calls.move_to(published.count(), end);
        self.room = self.room.wrapping_sub(bytes);
        if published.count() >= MAX_SYSTEM_COUNT {
            self.room = 0;
        }
    }

    /// Runs a kernel transaction up to its commit, and leaves it to be committed.
    #[inline]
    fn run<R>(
        &mut self,
        body: impl FnOnce(&mut SystemTx<'_, N>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let begun = self.log.begin().map(|mut tx| {
            let result = body(&mut tx);
            mem::forget(tx);
            result
        });
        match begun {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.abandon(error)),
            Err(fault) => Err(self.fail(fault.into())),
        }
    }

    /// Commits the kernel transaction that runs, whose record was put, and answers the record's bytes.
    #[inline]
    fn commit(
        &mut self,
        put: Result<RawOffset, Error>,
        published: SystemMark,
    ) -> Result<RawOffset, Error> {
        let bytes = put.map_err(|error| self.abandon(error))?;
        let committed = self.log.resume().commit_with(published.bits());
        committed.map_err(|fault| self.fail(fault.into()))?;
        Ok(bytes)
    }

    /// Rolls back the kernel transaction that runs.
    #[cold]
    #[inline(never)]
    fn abandon(&mut self, error: Error) -> Error {
        let rolled_back = self.log.resume().roll_back();
        self.fail(rolled_back.err().map_or(error, Error::from))
    }

    /// Before the next call, or a step of it: no call failed, none that was recorded is left out, and the
    /// steps that were taken are this call's.
    #[inline]
    fn check_next(&mut self, site: Site) -> Result<(), Error> {
        self.used = true;
        if self.failed.is_none() && !self.is_recorded() && self.committed.steps() == 0 {
            return Ok(());
        }
        self.check_steps(site)
    }

    #[cold]
    #[inline(never)]
    fn check_steps(&mut self, site: Site) -> Result<(), Error> {
        self.check_failed()?;
        let is_other = self.committed.steps() > 0
            && system_digest(self.digest, site) != self.committed.digest();
        if self.is_recorded() || is_other {
            return Err(self.fail(self.calls.diverged(site)));
        }
        Ok(())
    }

    fn check_failed(&mut self) -> Result<(), Error> {
        self.used = true;
        self.failed.map_or(Ok(()), Err)
    }

    #[cold]
    #[inline(never)]
    fn fail(&mut self, error: Error) -> Error {
        self.room = 0;
        *self.failed.get_or_insert(error)
    }
}
