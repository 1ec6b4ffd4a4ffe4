//! An undo log as it stands in an image, for tools: reads, and stores nothing.

use nvm_core::{Area, Error, Nvm, RawOffset};

use crate::commit_word::{CommitWord, NO_SEQUENCE, following};
use crate::log_entry::{EntryArea, HEADER_BYTES, Kind, LogEntry};
use crate::undo_log::{DEFERRED_AT, LOG_HEADER_BYTES};

/// An undo log as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogView {
    /// Where the log lies.
    pub area: Area,
    /// The two commit words, the even one first.
    pub words: [u32; 2],
    /// What was committed last; `None` where the two words contradict each other.
    pub committed: Option<Committed>,
    /// Number of a committed transaction whose deferred stores are not done; 255: none.
    pub deferred: u8,
}

/// What a log committed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// The mark that the commit published.
    pub mark: u32,
    /// Its sequence number, from 0 to 253.
    pub sequence: u8,
}

impl Committed {
    /// The sequence number that the next commit will have, and that the entries of a running transaction are tagged with.
    pub const fn next_sequence(self) -> u8 {
        following(self.sequence)
    }
}

/// What an entry of a log is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// The old bytes of a range.
    Range,
    /// The old bits of a byte.
    Bits,
    /// The new bits of a byte, to be stored after the commit.
    DeferredBits,
}

/// An entry of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryView {
    /// Where the entry lies.
    pub at: RawOffset,
    /// What it is about.
    pub kind: EntryKind,
    /// Where that lies.
    pub offset: RawOffset,
    /// How many bytes it is.
    pub len: RawOffset,
}

/// Where a header has the right tag, and no entry is behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedEntry {
    /// Where the header lies.
    pub at: RawOffset,
}

impl LogView {
    /// No transaction's deferred stores.
    pub const NO_DEFERRED: u8 = NO_SEQUENCE;

    /// Reads a log.
    ///
    /// # Errors
    ///
    /// Where it does not lie in the NVM.
    pub fn load<N: Nvm>(nvm: &N, area: Area) -> Result<Self, Error> {
        nvm.check_range(area.offset(), area.len())?;
        nvm.check_range(area.offset(), LOG_HEADER_BYTES)?;
        let live = CommitWord::live(nvm, area.offset())?;
        Ok(Self {
            area,
            words: [
                nvm.read_u32(area.offset())?,
                nvm.read_u32(area.offset() + 4)?,
            ],
            committed: live.map(|word| Committed {
                mark: word.mark,
                sequence: word.sequence,
            }),
            deferred: nvm.read_u8(area.offset() + DEFERRED_AT)?,
        })
    }

    /// Where the byte lies that tells of deferred stores.
    pub const fn deferred_at(&self) -> RawOffset {
        self.area.offset() + DEFERRED_AT
    }

    /// The entries of the transaction that was running: none where none was, or it had not stored anything.
    pub fn running<'a, N: Nvm>(&self, nvm: &'a N) -> Entries<'a, N> {
        let tag = self.committed.map(Committed::next_sequence);
        self.entries(nvm, tag)
    }

    /// The entries of the transaction that committed last, while its deferred stores are not done.
    pub fn to_complete<'a, N: Nvm>(&self, nvm: &'a N) -> Entries<'a, N> {
        let sequence = self.committed.map(|committed| committed.sequence);
        self.entries(nvm, sequence.filter(|sequence| *sequence == self.deferred))
    }

    fn entries<'a, N: Nvm>(&self, nvm: &'a N, tag: Option<u8>) -> Entries<'a, N> {
        let (start, end) = (self.area.offset(), self.area.offset() + self.area.len());
        Entries {
            nvm,
            area: EntryArea {
                start: start + LOG_HEADER_BYTES,
                end,
            },
            tag,
            at: start + LOG_HEADER_BYTES,
        }
    }
}

/// The entries of a transaction, from the first on. Ends behind one that is malformed.
#[derive(Debug)]
#[must_use = "an iterator does nothing until it is asked"]
pub struct Entries<'a, N> {
    nvm: &'a N,
    area: EntryArea,
    /// `None` once it has ended.
    tag: Option<u8>,
    at: RawOffset,
}

impl<N: Nvm> Iterator for Entries<'_, N> {
    type Item = Result<EntryView, MalformedEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        let (tag, at) = (self.tag?, self.at);
        // An entry's `next` lies behind it: the walk ends with the area.
        if let Ok(Some(entry)) = LogEntry::load(self.nvm, self.area, at, tag) {
            self.at = entry.next;
            return Some(Ok(EntryView {
                at,
                kind: match entry.kind {
                    Kind::Range => EntryKind::Range,
                    Kind::Bits => EntryKind::Bits,
                    Kind::DeferredBits => EntryKind::DeferredBits,
                },
                offset: entry.offset,
                len: entry.len,
            }));
        }
        self.tag = None;
        let is_tagged =
            self.area.end.saturating_sub(at) >= HEADER_BYTES && self.nvm.read_u8(at + 3) == Ok(tag);
        is_tagged.then_some(Err(MalformedEntry { at }))
    }
}
