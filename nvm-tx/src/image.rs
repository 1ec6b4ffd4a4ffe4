//! An undo log as a part of an image: for tools on the host.

use std::borrow::ToOwned;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use nvm_core::image::{Checker, Fact, InFlight, Memory, Part, count, hex};
use nvm_core::{Area, Class, HEADER_BYTES, Nvm, Objects};

use crate::UndoLog;
use crate::inspect::{EntryKind, EntryView, LogView, MalformedEntry};

/// An undo log of a program: [`Description::part`](nvm_core::image::Description::part).
#[derive(Debug, Clone, Copy)]
pub struct UndoLogPart {
    area: Area,
}

impl UndoLogPart {
    /// The log that [`UndoLog::format`] made in an area.
    pub const fn new(area: Area) -> Self {
        Self { area }
    }

    fn load(self, nvm: &Memory) -> Option<LogView> {
        LogView::load(nvm, self.area).ok()
    }
}

impl Part for UndoLogPart {
    fn kind(&self) -> &'static str {
        "undo log"
    }

    fn area(&self) -> Area {
        self.area
    }

    fn facts(&self, nvm: &Memory, objects: &Objects) -> Vec<Fact> {
        let Some(log) = self.load(nvm) else {
            return Vec::new();
        };
        let committed = match log.committed {
            Some(committed) => format!("{}, mark {:#x}", committed.sequence, committed.mark),
            None => "its words contradict each other".to_owned(),
        };
        let entries: Vec<Fact> = log
            .running(nvm)
            .chain(log.to_complete(nvm))
            .map(|entry| fact_of(entry, objects))
            .collect();
        let number = entries.len();
        std::vec![
            Fact::new("last commit", committed).at(self.area.offset()),
            Fact::new("in flight", count(number, "entry", "entries")).with(entries),
        ]
    }

    fn in_flight(&self, nvm: &Memory) -> Vec<InFlight> {
        let Some(log) = self.load(nvm) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        let entries = log.running(nvm).flatten().count();
        if entries > 0 {
            all.push(InFlight::new(
                format!(
                    "a transaction, with {} of its undo log",
                    count(entries, "entry", "entries")
                ),
                "the next start rolls it back",
            ));
        }
        let Some(committed) = log.committed else {
            return all;
        };
        if log.deferred == committed.sequence {
            let stores = log.to_complete(nvm).flatten().count();
            all.push(InFlight::new(
                format!(
                    "a transaction that has committed, with {}",
                    count(stores, "deferred store", "deferred stores")
                ),
                "the next start does them",
            ));
        } else if log.deferred != LogView::NO_DEFERRED {
            all.push(InFlight::new(
                "deferred stores, and no commit",
                "the next start drops them",
            ));
        }
        all
    }

    fn verify_logs(&self, nvm: &Memory, subject: &str, checker: &mut Checker) {
        let Some(log) = self.load(nvm) else {
            checker.that(
                false,
                "log-entries",
                subject,
                self.area.offset(),
                || "a log within the image".to_owned(),
                || format!("an image of {} bytes", nvm.size()),
            );
            return;
        };
        let [even, odd] = log.words;
        checker.that(
            log.committed.is_some(),
            "commit-words",
            subject,
            self.area.offset(),
            || {
                "an even and an odd sequence number below 254, of which one follows the other"
                    .to_owned()
            },
            || format!("numbers {} and {}", even >> 24, odd >> 24),
        );
        if let Some(committed) = log.committed {
            let (last, next) = (committed.sequence, committed.next_sequence());
            checker.that(
                [last, next, LogView::NO_DEFERRED].contains(&log.deferred),
                "deferred-stores",
                subject,
                log.deferred_at(),
                || format!("the number of the last commit, {last}, or of the next, {next}, or 255 for none"),
                || log.deferred.to_string(),
            );
        }
        for entry in log.running(nvm).chain(log.to_complete(nvm)) {
            self.verify_entry(nvm, subject, checker, entry);
        }
    }

    fn recover(&self, nvm: &Memory) -> Result<(), String> {
        UndoLog::unopened(nvm, self.area, Class::Data)
            .recover()
            .map(drop)
            .map_err(|fault| fault.to_string())
    }

    /// What it protects is not its own.
    fn verify(&self, _: &Memory, _: &str, _: &mut Checker) {}
}

impl UndoLogPart {
    fn verify_entry(
        self,
        nvm: &Memory,
        subject: &str,
        checker: &mut Checker,
        entry: Result<EntryView, MalformedEntry>,
    ) {
        match entry {
            Ok(entry) => {
                let end = u64::from(entry.offset) + u64::from(entry.len);
                let log_end = u64::from(self.area.offset()) + u64::from(self.area.len());
                let in_log =
                    u64::from(entry.offset) < log_end && end > u64::from(self.area.offset());
                let fits = entry.offset >= HEADER_BYTES && end <= u64::from(nvm.size());
                checker.that(
                    fits && !in_log,
                    "log-entries",
                    subject,
                    entry.at,
                    || "an entry about bytes of the layout, and not of the log itself".to_owned(),
                    || format!("{} bytes from {} on", entry.len, hex(entry.offset)),
                );
            }
            Err(MalformedEntry { at }) => {
                checker.that(
                    false,
                    "log-entries",
                    subject,
                    at,
                    || "a whole entry, or the tag of another transaction".to_owned(),
                    || "the running transaction's tag, and no entry that there can be".to_owned(),
                );
            }
        }
    }
}

fn fact_of(entry: Result<EntryView, MalformedEntry>, objects: &Objects) -> Fact {
    match entry {
        Ok(entry) => {
            let of = objects.at(entry.offset).map_or_else(
                || "bytes without a name".to_owned(),
                |object| match entry.offset - object.offset() {
                    0 => object.name().to_owned(),
                    within => format!("{} + {within}", object.name()),
                },
            );
            let kind = match entry.kind {
                EntryKind::Range => "old bytes",
                EntryKind::Bits => "old bits",
                EntryKind::DeferredBits => "new bits",
            };
            let bytes = count(entry.len as usize, "byte", "bytes");
            let place = hex(entry.offset);
            Fact::new(kind, format!("{bytes} at {place}, of {of}")).at(entry.at)
        }
        Err(MalformedEntry { at }) => Fact::new("malformed entry", hex(at)).at(at),
    }
}
