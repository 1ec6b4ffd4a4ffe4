//! Single bits of bytes that other logs may change too: an allocator's bitmap.
//!
//! Their entries save only the bits that change, so that two logs whose transactions run at the same time may
//! change different bits of one byte, and each is rolled back alone.

use nvm_core::{Class, Nvm, RawOffset, ablation};

use crate::coverage::Next;
use crate::fault::Fault;
use crate::log_entry::{Kind, LogEntry};
use crate::state::State;
use crate::transaction::Tx;

impl<N: Nvm> Tx<'_, N> {
    /// Sets the bits of one byte that `mask` names to those of `bits`. Only these bits are logged and
    /// rolled back, so that two logs may change different bits of one byte. Costs 7 bytes: 6 for the
    /// entry, 1 for the byte.
    ///
    /// The load and the store of the byte are not atomic towards a preempting task: a kernel calls this in
    /// a critical section.
    pub fn set_bits(
        &mut self,
        class: Class,
        offset: RawOffset,
        mask: u8,
        bits: u8,
    ) -> Result<(), Fault> {
        self.log.state.set(State::SHARED);
        self.log.take_care();
        let byte = self.read_byte(offset)?;
        if ablation::CRASH_CONSISTENCY {
            let logged = self.logged_bits(offset)?;
            let unlogged = mask & !logged;
            if unlogged != 0 {
                self.append_bits(Kind::Bits, offset, [unlogged, byte & unlogged])?;
            }
            let [first, second] = self.log.running.last_bits;
            let other = if first.0 == offset { second } else { first };
            self.log.running.last_bits = [(offset, logged | mask), other];
        }
        let stored = self
            .log
            .nvm
            .write_u8(class, offset, byte & !mask | bits & mask);
        stored.map_err(|error| self.fail(error.into()))
    }

    /// Sets bits of one byte as soon as the transaction has committed: until then nobody sees them set,
    /// and where it rolls back they never are. Costs 7 bytes, and 2 more for all deferred stores of a
    /// transaction together.
    ///
    /// An allocator frees with it: what a transaction frees must not be allocated anew while the
    /// transaction can still be rolled back.
    ///
    /// `class` is what the stores are counted as; a recovery that repeats them counts them as the log's.
    pub fn set_bits_on_commit(
        &mut self,
        class: Class,
        offset: RawOffset,
        mask: u8,
        bits: u8,
    ) -> Result<(), Fault> {
        if !ablation::CRASH_CONSISTENCY {
            return self.set_bits(class, offset, mask, bits);
        }
        let _ = self.read_byte(offset)?;
        let at = self.log.running.end;
        self.append_bits(Kind::DeferredBits, offset, [mask, bits & mask])?;
        if !self.log.state.has(State::DEFERRED) {
            self.log.running.first_deferred = at;
        }
        self.log.running.deferred = class;
        self.log.state.set(State::DEFERRED.and(State::SHARED));
        self.log.take_care();
        Ok(())
    }

    /// The bits of a byte that this transaction will set on commit.
    pub fn deferred_bits(&self, offset: RawOffset) -> Result<u8, Fault> {
        if self.log.state.has(State::DEFERRED) {
            self.bits_of(Kind::DeferredBits, offset)
        } else {
            Ok(0)
        }
    }

    /// Whether the transaction has changed, or will on commit, single bits of bytes that other logs may
    /// change too. A kernel then commits or rolls it back in **one critical section**: its bits are
    /// free for others as soon as they are stored, and until the log is emptied a power loss would store
    /// them again.
    pub fn changes_shared_bits(&self) -> bool {
        self.log.state.has(State::SHARED)
    }

    /// Whether there may be entries about single bits of that byte.
    #[inline]
    fn may_have_bits(&self, offset: RawOffset) -> bool {
        self.log.state.has(State::BITS) && self.log.running.bits.may_hold_one(offset)
    }

    /// The bits of a byte that need no logging any more.
    #[inline]
    fn logged_bits(&mut self, offset: RawOffset) -> Result<u8, Fault> {
        if self.log.running.coverage.may_touch_word(offset / 4) || self.may_have_bits(offset) {
            self.look_up_logged_bits(offset)
        } else {
            Ok(0)
        }
    }

    #[inline(never)]
    fn look_up_logged_bits(&mut self, offset: RawOffset) -> Result<u8, Fault> {
        if matches!(self.next(offset, offset + 1)?, Next::CoveredTo(_)) {
            return Ok(0xFF);
        }
        if !self.may_have_bits(offset) {
            return Ok(0);
        }
        for (last, bits) in self.log.running.last_bits {
            if last == offset {
                return Ok(bits);
            }
        }
        self.bits_of(Kind::Bits, offset)
    }

    /// The bits of a byte that entries of a kind are about.
    fn bits_of(&self, kind: Kind, offset: RawOffset) -> Result<u8, Fault> {
        if !self.may_have_bits(offset) {
            return Ok(0);
        }
        let (nvm, logged, tag) = (&self.log.nvm, self.log.logged(), self.log.tag);
        let mut bits = 0;
        let mut at = logged.start;
        while let Some(entry) = LogEntry::load_logged(nvm, logged, at, tag)? {
            if entry.kind == kind && entry.offset == offset {
                bits |= entry.mask(nvm)?;
            }
            at = entry.next;
        }
        Ok(bits)
    }
}
