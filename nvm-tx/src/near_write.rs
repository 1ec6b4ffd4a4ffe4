//! Writes of 1, 2 or 4 bytes, most of which are made: as few instructions as there can be.

use core::mem::ManuallyDrop;

use nvm_core::{Nvm, Offset, ablation};

use crate::broken::{self, Variant};
use crate::fault::Fault;
use crate::log_entry::{
    Kind, NEAR_ENTRY_BYTES, OfNear, SHORT_OFFSET_LIMIT, look_up_near, near_header, near_word,
    store_near,
};
use crate::transaction::Tx;
use crate::undo_log::UndoLog;

/// Whether these writes are made as all others.
fn is_off() -> bool {
    !ablation::WAR_AWARENESS || broken::is(Variant::StoresBeforeLogging)
}

/// Bytes in a register.
#[inline]
fn in_word<const LEN: usize>(bytes: [u8; LEN]) -> u32 {
    let mut word = [0; 4];
    if let Some(to) = word.get_mut(..LEN) {
        to.copy_from_slice(&bytes);
    }
    u32::from_le_bytes(word)
}

impl<N: Nvm> UndoLog<N> {
    /// [`Tx::write`] of `LEN` bytes.
    ///
    /// What it does not do itself it leaves to others as its last step, so that it keeps nothing for afterwards.
    #[inline(never)]
    pub(crate) fn write_near<const LEN: usize>(
        &mut self,
        offset: u32,
        bytes: [u8; LEN],
    ) -> Result<(), Fault> {
        if !ablation::CRASH_CONSISTENCY {
            return self.store_near(offset, bytes);
        }
        let at = self.running.end;
        let Some(word) = near_word::<LEN>(offset) else {
            return self.write_far(offset, in_word(bytes), LEN);
        };
        if self.running.coverage.may_touch_word(word) || at > self.near_end || is_off() {
            return self.write_far(offset, in_word(bytes), LEN);
        }
        if let Err(error) = store_near::<N, LEN>(&self.nvm, at, self.tag, offset) {
            return Err(self.fail(error.into()));
        }
        self.running.end = at + NEAR_ENTRY_BYTES;
        self.running.coverage.add_near(word);
        self.store_near(offset, bytes)
    }

    /// Stores bytes whose offset is a multiple of their number.
    #[inline]
    fn store_near<const LEN: usize>(&mut self, offset: u32, bytes: [u8; LEN]) -> Result<(), Fault> {
        // Said so that the compiler knows: one store.
        let at = Offset::new(offset & !(LEN as u32 - 1));
        let stored = self.nvm.store(self.class, at, &bytes);
        stored.map_err(|error| self.fail(error.into()))
    }

    /// [`write_near`](UndoLog::write_near) of the first `len` bytes of a word, where they are no range for [`store_near`],
    /// or may be logged already.
    #[cold]
    #[inline(never)]
    fn write_far(&mut self, offset: u32, word: u32, len: usize) -> Result<(), Fault> {
        let word = word.to_le_bytes();
        let bytes = word.get(..len).unwrap_or_default();
        let known = self.known_of(offset, bytes.len() as u32)?;
        let class = self.class;
        let mut tx = ManuallyDrop::new(Tx::of(self));
        match known {
            OfNear::Covered => {}
            OfNear::Uncovered => {
                tx.append(Kind::Range, offset, bytes.len() as u32, None)?;
            }
            OfNear::Unknown => return tx.write(offset, bytes),
        }
        tx.store(class, offset, bytes)
    }

    /// What is soon found out about a few bytes.
    #[inline]
    fn known_of(&mut self, offset: u32, len: u32) -> Result<OfNear, Fault> {
        let running = &self.running;
        let is_near = offset < SHORT_OFFSET_LIMIT && offset.is_multiple_of(len);
        if is_off() || self.near_end == 0 || !is_near {
            return Ok(OfNear::Unknown);
        }
        if self.has_ranges() {
            let is_covered = running.coverage.has_range_of(offset, offset + len);
            return Ok(if is_covered {
                OfNear::Covered
            } else {
                OfNear::Unknown
            });
        }
        // Without ranges all entries of ranges are near ones.
        let entries = (self.entries.start, running.end);
        let known = look_up_near(&self.nvm, entries, near_header(offset, len, self.tag));
        known.map_err(|error| self.fail(error.into()))
    }
}
