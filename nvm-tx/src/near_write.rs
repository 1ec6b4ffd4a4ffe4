//! Writes of 1, 2 or 4 bytes, most of which are made: as few instructions as there can be.

use core::mem::ManuallyDrop;

use nvm_core::{Nvm, Offset, RawOffset, ablation};

use crate::broken::{self, Variant};
use crate::fault::Fault;
use crate::log_entry::{
    Kind, NEAR_ENTRY_BYTES, OfNear, is_short, look_up_near, near_header, near_word, store_near,
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
        offset: RawOffset,
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
    fn store_near<const LEN: usize>(
        &mut self,
        offset: RawOffset,
        bytes: [u8; LEN],
    ) -> Result<(), Fault> {
        // Said so that the compiler knows: one store.
        let at = Offset::new(offset & !(LEN as RawOffset - 1));
        let stored = self.nvm.store(self.class, at, &bytes);
        stored.map_err(|error| self.fail(error.into()))
    }

    /// [`write_near`](UndoLog::write_near) of the first `len` bytes of a word, where they are no range for [`store_near`],
    /// or may be logged already.
    #[cold]
    #[inline(never)]
    fn write_far(&mut self, offset: RawOffset, word: u32, len: usize) -> Result<(), Fault> {
        let word = word.to_le_bytes();
        let bytes = word.get(..len).unwrap_or_default();
        // Where a `usize` has 16 bits text counts most, and what all ranges go through is there anyway. It stores the same.
        if cfg!(target_pointer_width = "16") {
            return ManuallyDrop::new(Tx::of(self)).write(offset, bytes);
        }
        let known = self.known_of(offset, bytes.len() as RawOffset)?;
        let class = self.class;
        let mut tx = ManuallyDrop::new(Tx::of(self));
        match known {
            OfNear::Covered => {}
            OfNear::Uncovered => {
                tx.append(Kind::Range, offset, bytes.len() as RawOffset, None)?;
            }
            OfNear::Unknown => return tx.write(offset, bytes),
        }
        tx.store(class, offset, bytes)
    }

    /// What is soon found out about a few bytes.
    #[inline]
    fn known_of(&mut self, offset: RawOffset, len: RawOffset) -> Result<OfNear, Fault> {
        let running = &self.running;
        let is_near = is_short(offset) && offset.is_multiple_of(len);
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

#[cfg(test)]
mod tests {
    use nvm_core::sim::SimNvm;
    use nvm_core::{Area, Offset};

    use super::*;

    const LOG: Area = Area::new(0, 256);

    type LogTx<'log, 'a> = Tx<'log, &'a SimNvm<4>>;

    /// Bytes of the log that a write takes.
    fn taken(tx: &mut LogTx<'_, '_>, write: impl FnOnce(&mut LogTx<'_, '_>)) -> u32 {
        let free = tx.free_log_bytes();
        write(tx);
        free - tx.free_log_bytes()
    }

    fn byte(tx: &mut LogTx<'_, '_>, at: u32) -> u32 {
        taken(tx, |tx| tx.set(Offset::<u8>::new(at), 1).unwrap())
    }

    fn half(tx: &mut LogTx<'_, '_>, at: u32) -> u32 {
        taken(tx, |tx| tx.set(Offset::<u16>::new(at), 2).unwrap())
    }

    fn word(tx: &mut LogTx<'_, '_>, at: u32) -> u32 {
        taken(tx, |tx| tx.set(Offset::<u32>::new(at), 3).unwrap())
    }

    #[test]
    fn each_byte_is_logged_once_whatever_was_before() {
        let nvm = SimNvm::<4>::new(1024);
        UndoLog::format(&&nvm, LOG).unwrap();
        let mut log = UndoLog::open(&nvm, LOG).unwrap();
        let before = nvm.image();
        let mut running = log.begin().unwrap();
        let tx = &mut running;
        assert_eq!([word(tx, 512), word(tx, 512)], [8, 0]);
        // The filter does not tell it from the one before.
        assert_eq!([word(tx, 640), word(tx, 640), word(tx, 512)], [8, 0, 0]);
        assert_eq!([byte(tx, 513), half(tx, 642)], [0, 0]);
        // What the byte leaves of the word.
        assert_eq!([byte(tx, 600), word(tx, 600), word(tx, 600)], [8, 8, 0]);
        assert_eq!([half(tx, 700), byte(tx, 701), byte(tx, 702)], [8, 0, 8]);
        // At no multiple of 4: in two words, of which the rest is logged.
        assert_eq!([word(tx, 802), word(tx, 804), word(tx, 800)], [8, 8, 8]);
        assert_eq!([word(tx, 802), word(tx, 804), word(tx, 800)], [0, 0, 0]);
        tx.declare_fresh(896, 8);
        assert_eq!([word(tx, 896), byte(tx, 903), word(tx, 904)], [0, 0, 8]);
        running.roll_back().unwrap();
        let after = nvm.image();
        for objects in [256..896, 904..1024] {
            assert_eq!(after[objects.clone()], before[objects]);
        }
    }
}
