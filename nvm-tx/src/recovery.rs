//! What a log does after a power loss, and after a failed access: everything is taken from the NVM, nothing
//! from volatile memory.
//!
//! | found | recovery |
//! | --- | --- |
//! | notice of deferred stores with the live sequence number | does all deferred stores of that transaction, then retires the notice |
//! | notice with another number | retires it: that transaction has not committed |
//! | first entry with the running tag | puts back the entries, the newest first, then retires the first |
//!
//! Every step can be repeated from its beginning: it stores the same again, until its last store.

use nvm_core::{Class, Nvm, RawOffset};

use crate::broken::{self, Variant};
use crate::commit_word::NO_SEQUENCE;
use crate::fault::Fault;
use crate::log_entry::{LogEntry, complete_near_bits};
use crate::state::State;
use crate::undo_log::{DEFERRED_AT, UndoLog};

/// How many entries are put back from one pass over the log.
const ROLL_BACK_WINDOW: usize = 8;

impl<N: Nvm> UndoLog<N> {
    /// Rolls back what a power loss interrupted, and answers whether there was anything. Idempotent.
    ///
    /// Where several logs change bits of the same bytes (an allocator's), the log that was running when the
    /// power went must be recovered before any other of them changes bits; the others may wait.
    pub fn recover(&mut self) -> Result<bool, Fault> {
        let running = self.tag;
        let first_tag = self.look()?;
        self.running.rest(self.entries.start);
        let live = self.sequence();
        if live == running {
            // A commit that seemed to fail was stored.
            self.state.clear(State::UNFINISHED);
        }
        let deferred = self.nvm.read_u8(self.at + DEFERRED_AT)?;
        if deferred == live {
            self.complete_deferred((self.entries.start, self.entries.end), self.class)?;
        } else if deferred != NO_SEQUENCE {
            // Announced, but not committed: another transaction may commit with that number.
            if !broken::is(Variant::KeepsDeferredNotice) {
                self.retire_deferred()?;
            }
        }
        let rolled_back = first_tag == self.tag;
        if rolled_back {
            self.roll_back_entries()?;
            self.retire_entries()?;
        }
        self.state = self.state.only(State::UNFINISHED);
        Ok(rolled_back)
    }

    /// Does the deferred stores of the transaction that committed last, which announced them, whose entries lie from `at` on
    /// and not behind `end`.
    pub(crate) fn complete_deferred(
        &self,
        (mut at, end): (RawOffset, RawOffset),
        class: Class,
    ) -> Result<(), Fault> {
        let committed = self.sequence();
        while at < end {
            let next = complete_near_bits(&self.nvm, self.entries, at, committed, class)?;
            if next != 0 {
                at = next;
                continue;
            }
            let Some(entry) = LogEntry::load(&self.nvm, self.entries, at, committed)? else {
                break;
            };
            entry.complete(&self.nvm, class)?;
            at = entry.next;
        }
        self.retire_deferred()
    }

    fn retire_deferred(&self) -> Result<(), Fault> {
        Ok(self
            .nvm
            .write_u8(Class::UndoLog, self.at + DEFERRED_AT, NO_SEQUENCE)?)
    }

    /// Empties the log after a roll back. The sequence number stays: a layer above may count on it that
    /// only a commit changes it.
    pub(crate) fn retire_entries(&self) -> Result<(), Fault> {
        Ok(self
            .nvm
            .write_u8(Class::UndoLog, self.entries.start + 3, NO_SEQUENCE)?)
    }

    /// Puts back what the running transaction's entries saved, the newest first: bits and a range that
    /// holds them may both have been logged, and the bits of an allocation must be the last of its block.
    ///
    /// Entries are chained forwards only: each pass over them puts back the last few before those that are
    /// done. `end` falls with every pass, so that even a damaged log comes to its end.
    pub(crate) fn roll_back_entries(&self) -> Result<(), Fault> {
        let tag = self.tag;
        let mut end = RawOffset::MAX;
        loop {
            // What it begins with does not matter: not 0, since clearing takes a call.
            let mut window = [self.entries.start; ROLL_BACK_WINDOW];
            let mut count = 0;
            let mut at = self.entries.start;
            while at < end
                && let Some(entry) = LogEntry::load(&self.nvm, self.entries, at, tag)?
            {
                window[count % ROLL_BACK_WINDOW] = at;
                count += 1;
                at = entry.next;
            }
            for back in 1..=count.min(ROLL_BACK_WINDOW) {
                end = window[(count - back) % ROLL_BACK_WINDOW];
                if let Some(entry) = LogEntry::load(&self.nvm, self.entries, end, tag)? {
                    entry.roll_back(&self.nvm, self.class)?;
                }
            }
            if count <= ROLL_BACK_WINDOW {
                return Ok(());
            }
        }
    }
}
