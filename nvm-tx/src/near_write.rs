//! Writes of 1, 2 or 4 bytes, most of which are made: as few instructions as there can be.

use core::mem::ManuallyDrop;

use nvm_core::{Nvm, Offset, ablation};

use crate::broken::{self, Variant};
use crate::coverage::OfNear;
use crate::fault::Fault;
use crate::log_entry::{NEAR_ENTRY_BYTES, look_up_near, near_word, store_near};
use crate::transaction::Tx;
use crate::undo_log::UndoLog;

/// Whether these writes are made as all others.
fn is_off() -> bool {
    !ablation::WAR_AWARENESS || broken::is(Variant::StoresBeforeLogging)
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
            return self.write_far(offset, bytes);
        };
        if self.running.coverage.may_touch_word(word) || at > self.near_end || is_off() {
            return self.write_far(offset, bytes);
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

    /// [`write_near`](UndoLog::write_near) where the range is none for [`store_near`], or may be logged already.
    #[cold]
    #[inline(never)]
    fn write_far<const LEN: usize>(&mut self, offset: u32, bytes: [u8; LEN]) -> Result<(), Fault> {
        let known = self.known_of_near::<LEN>(offset)?;
        match known {
            Some(OfNear::Covered) => self.store_near(offset, bytes),
            Some(OfNear::Uncovered) if self.running.end <= self.near_end => {
                let words = self.running.coverage.take_words();
                let written = self.write_near(offset, bytes);
                self.running.coverage.add_words(words);
                written
            }
            _ => ManuallyDrop::new(Tx::of(self)).write(offset, &bytes),
        }
    }

    /// What is known of `LEN` bytes, where the log can have an entry for them alone.
    #[inline]
    fn known_of_near<const LEN: usize>(&mut self, offset: u32) -> Result<Option<OfNear>, Fault> {
        let Some(word) = near_word::<LEN>(offset) else {
            return Ok(None);
        };
        let running = &self.running;
        if self.near_end == 0 || is_off() {
            return Ok(None);
        }
        if !running.coverage.may_touch_word(word) {
            return Ok(Some(OfNear::Uncovered));
        }
        if self.has_ranges() {
            let known = running.coverage.of_near(offset, offset + LEN as u32);
            if known != OfNear::Uncovered {
                return Ok(Some(known));
            }
        }
        let (nvm, area, tag) = (&self.nvm, self.entries, self.tag);
        let known = look_up_near::<N, LEN>(nvm, area, running.end, tag, offset);
        known.map(Some).map_err(|error| self.fail(error.into()))
    }
}
