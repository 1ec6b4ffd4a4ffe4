//! A thread as a part of an image: for tools on the host.

use std::borrow::ToOwned;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use nvm_core::image::{Checker, Fact, InFlight, Memory, Part, count, hex};
use nvm_core::{Area, Class, Nvm, Objects};
use nvm_tx::UndoLog;
use nvm_tx::image::UndoLogPart;

use crate::inspect::{CallsView, FrameEnd, FrameView, RecordsView, ThreadView};
use crate::layout::ThreadAreas;

/// A thread of a program without a kernel: [`Description::part`](nvm_core::image::Description::part).
#[derive(Debug, Clone, Copy)]
pub struct ThreadPart {
    areas: ThreadAreas,
}

impl ThreadPart {
    /// The thread that [`Thread::format`](crate::Thread::format) made.
    pub const fn new(areas: ThreadAreas) -> Self {
        Self { areas }
    }

    /// Its two undo logs, and whose stores they are.
    fn logs(&self) -> [(&'static str, UndoLogPart, Area, Class); 2] {
        let (own, kernel) = (self.areas.log(), self.areas.kernel_log());
        [
            ("undo log", UndoLogPart::new(own), own, Class::Data),
            (
                "kernel undo log",
                UndoLogPart::new(kernel),
                kernel,
                Class::Kernel,
            ),
        ]
    }
}

impl Part for ThreadPart {
    fn kind(&self) -> &'static str {
        "thread"
    }

    fn area(&self) -> Area {
        let (start, last) = (self.areas.log().offset(), self.areas.progress());
        let end = last.offset().saturating_add(last.len());
        Area::new(start, end.saturating_sub(start))
    }

    fn facts(&self, nvm: &Memory, objects: &Objects) -> Vec<Fact> {
        let Ok(thread) = ThreadView::load(nvm, &self.areas) else {
            return Vec::new();
        };
        let table = self.areas.transactions();
        let (records, calls) = (thread.records, thread.calls);
        let mut facts = std::vec![
            Fact::new(
                "replay",
                format!(
                    "{}, table of {} bytes",
                    count(records.count.into(), "record", "records"),
                    table.len()
                ),
            )
            .at(table.offset())
            .with(loops(nvm, table, records)),
            Fact::new(
                "running transaction",
                count(
                    if calls.is_current {
                        calls.count.into()
                    } else {
                        0
                    },
                    "call made",
                    "calls made"
                ),
            ),
            Fact::new(
                "starts without a commit",
                thread.starts_without_commit.to_string(),
            )
            .at(self.areas.progress().offset()),
        ];
        for (name, log, area, _) in self.logs() {
            facts.push(
                Fact::new(name, "")
                    .at(area.offset())
                    .with(log.facts(nvm, objects)),
            );
        }
        facts
    }

    fn in_flight(&self, nvm: &Memory) -> Vec<InFlight> {
        let logs = self.logs().into_iter();
        logs.flat_map(|(_, log, ..)| log.in_flight(nvm)).collect()
    }

    fn verify_logs(&self, nvm: &Memory, subject: &str, checker: &mut Checker) {
        for (name, log, ..) in self.logs() {
            log.verify_logs(nvm, &format!("{name} of {subject}"), checker);
        }
        let Ok(thread) = ThreadView::load(nvm, &self.areas) else {
            checker.that(
                false,
                "replay-tables",
                subject,
                self.areas.log().offset(),
                || "areas of a thread, within the image".to_owned(),
                || format!("an image of {} bytes", nvm.size()),
            );
            return;
        };
        let (records, calls) = (thread.records, thread.calls);
        let is_begun = records.count > 0;
        checker.that(
            is_begun || (!records.parity && records.digest == 0),
            "replay-tables",
            subject,
            self.areas.log().offset(),
            || "parity 0 and digest 0 where there is no record".to_owned(),
            || {
                format!(
                    "parity {}, digest {:#04x}",
                    u8::from(records.parity),
                    records.digest
                )
            },
        );
        let at = self.areas.kernel_log().offset();
        checker.that(
            calls.generation < 254 || calls.generation == CallsView::NO_GENERATION,
            "replay-tables",
            subject,
            at,
            || "the number of a transaction, below 254, or 255 for none".to_owned(),
            || format!("generation {}", calls.generation),
        );
        checker.that(
            thread.wrong_parity.is_none(),
            "progress",
            &format!("starts without a commit of {subject}"),
            thread.wrong_parity.unwrap_or_default(),
            || "even counts in the first word, odd ones in the second".to_owned(),
            || "a count of the other parity".to_owned(),
        );
    }

    fn recover(&self, nvm: &Memory) -> Result<(), String> {
        for (name, _, area, class) in self.logs() {
            UndoLog::unopened(nvm, area, class)
                .recover()
                .map_err(|fault| format!("{name}: {fault}"))?;
        }
        Ok(())
    }

    /// What its tables hold, only the program knows.
    fn verify(&self, _: &Memory, _: &str, _: &mut Checker) {}
}

/// The frames in a table, as far as they can be told: a frame is known by its form, and there are no more of them than
/// records.
fn loops(nvm: &Memory, table: Area, records: RecordsView) -> Vec<Fact> {
    let end = table.offset().saturating_add(table.len());
    let mut frames = Vec::new();
    let mut at = table.offset();
    while at < end && frames.len() < records.count.into() {
        match FrameView::load(nvm, table, at) {
            Ok(Some(frame)) => {
                frames.push(frame);
                at += FrameView::BYTES;
            }
            _ => at += 1,
        }
    }
    // Where all records are frames, the last one is the last record of all.
    let is_all = frames.len() == usize::from(records.count);
    let last = frames.len().saturating_sub(1);
    let frames = frames.into_iter().enumerate().map(|(number, frame)| {
        let ended = match frame.end {
            FrameEnd::GoesOn => "",
            FrameEnd::Ended | FrameEnd::EndedBehind(_) => ", ended",
        };
        let iteration = frame.iteration((is_all && number == last).then_some(records.parity));
        Fact::new(
            format!("loop at {}", hex(frame.at)),
            format!("iteration {iteration}{ended}"),
        )
        .at(frame.at)
    });
    frames.collect()
}
