//! Undo logs, the log of list operations, and the follow-up: as the image holds them, before anything is recovered.

use intos_sched::inspect::{TagOwner, tag_parts};
use intos_sched::{FollowUp, TaskIndex};
use nvm_alloc::inspect::HeapView;
use nvm_core::HEADER_BYTES;
use nvm_list::inspect::{OpLogView, RecordView};
use nvm_tx::inspect::{EntryView, LogView, MalformedEntry};

use super::finding::Checker;
use super::invariant::Invariant::{CommitWords, DeferredStores, FollowUp as FollowUpHolds};
use super::invariant::Invariant::{ListWork, LogEntries};
use crate::host::image::text::hex;
use crate::host::image::view::{TaskSlot, View};

pub(super) fn check(checker: &mut Checker, view: &View<'_>) {
    if let Ok(log) = LogView::load(&view.nvm, view.program.scheduler.kernel_log()) {
        undo_log(checker, view, &log, "kernel's undo log");
    }
    for (object, heap) in view.program.heaps() {
        let log =
            HeapView::load(&view.nvm, heap).and_then(|heap| LogView::load(&view.nvm, heap.log));
        if let Ok(log) = log {
            undo_log(
                checker,
                view,
                &log,
                &format!("undo log of heap {}", object.name),
            );
        }
    }
    list_work(checker, view);
    follow_up(checker, view);
}

/// The logs of a task that has not ended.
pub(super) fn check_thread(checker: &mut Checker, view: &View<'_>, slot: &TaskSlot<'_>) {
    let (name, thread) = (slot.name(), &slot.thread);
    let subject = format!("undo log of task {name}");
    undo_log(checker, view, &thread.log, &subject);
    let subject = format!("kernel undo log of task {name}");
    undo_log(checker, view, &thread.kernel_log, &subject);
}

fn undo_log(checker: &mut Checker, view: &View<'_>, log: &LogView, subject: &str) {
    let [even, odd] = log.words;
    let at = log.area.offset();
    checker.that(
        log.committed.is_some(),
        CommitWords,
        subject,
        at,
        || {
            "an even and an odd sequence number below 254, of which one follows the other"
                .to_owned()
        },
        || format!("numbers {} and {}", even >> 24, odd >> 24),
    );
    if let Some(committed) = log.committed {
        let numbers = [committed.sequence, committed.next_sequence()];
        checker.that(
            numbers.contains(&log.deferred) || log.deferred == LogView::NO_DEFERRED,
            DeferredStores,
            subject,
            log.deferred_at(),
            || {
                let [last, next] = numbers;
                format!(
                    "the number of the last commit, {last}, or of the next, {next}, or 255 for none"
                )
            },
            || log.deferred.to_string(),
        );
    }
    for entry in log.running(&view.nvm).chain(log.to_complete(&view.nvm)) {
        log_entry(checker, view, log, subject, entry);
    }
}

fn log_entry(
    checker: &mut Checker,
    view: &View<'_>,
    log: &LogView,
    subject: &str,
    entry: Result<EntryView, MalformedEntry>,
) {
    match entry {
        Ok(entry) => {
            let end = u64::from(entry.offset) + u64::from(entry.len);
            let in_log = entry.offset < log.area.offset() + log.area.len()
                && end > u64::from(log.area.offset());
            let fits = entry.offset >= HEADER_BYTES && end <= u64::from(view.program.bytes());
            checker.that(
                fits && !in_log,
                LogEntries,
                subject,
                entry.at,
                || "an entry about bytes of the layout, and not of the log itself".to_owned(),
                || format!("{} bytes from {} on", entry.len, hex(entry.offset)),
            );
        }
        Err(MalformedEntry { at }) => {
            checker.that(
                false,
                LogEntries,
                subject,
                at,
                || "a whole entry, or the tag of another transaction".to_owned(),
                || "the running transaction's tag, and no entry that there can be".to_owned(),
            );
        }
    }
}

fn list_work(checker: &mut Checker, view: &View<'_>) {
    let subject = "log of list operations";
    let Ok(work) = view.scheduler.list_work() else {
        return;
    };
    let at = view.scheduler.list_work_at();
    let records = match work {
        OpLogView::Empty => {
            checker.verified += 1;
            return;
        }
        OpLogView::Corrupt { at } => {
            checker.that(
                false,
                ListWork,
                subject,
                at,
                || "a state and operations that there are".to_owned(),
                || format!("byte {:#04x}", byte(view, at)),
            );
            return;
        }
        OpLogView::Staged { tag, records } => {
            check_tag(checker, view, tag, subject, at.saturating_sub(2));
            records
        }
        OpLogView::InForce { records, .. } => records,
    };
    for record in records.iter().flatten() {
        operation(checker, view, record, subject);
    }
}

fn operation(checker: &mut Checker, view: &View<'_>, record: &RecordView, subject: &str) {
    let is_node = view.task_of_state(record.node).is_some()
        || view.task_of_event(record.node).is_some()
        || view.timers.contains_key(&record.node);
    checker.that(
        is_node,
        ListWork,
        subject,
        record.at,
        || "a node of a task or of a timer".to_owned(),
        || {
            format!(
                "{} a node whose links lie at {}",
                record.name,
                hex(record.node)
            )
        },
    );
    if let Some(list) = record.list {
        let at = record.at.saturating_sub(2);
        let expected = || "the head of a list".to_owned();
        let found = || format!("{} to a list at {}", record.name, hex(list));
        let is_list = view.list_at(list).is_some();
        checker.that(is_list, ListWork, subject, at, expected, found);
    }
}

/// Verifies that a tag names a commit that there can be.
fn check_tag(checker: &mut Checker, view: &View<'_>, tag: u16, subject: &str, at: u32) {
    let (sequence, owner) = tag_parts(tag);
    let is_owner = match owner {
        TagOwner::Kernel => true,
        TagOwner::Task(task) => view.slot(task).is_some(),
    };
    checker.that(
        sequence < 254 && is_owner,
        ListWork,
        subject,
        at,
        || "the tag of a commit of the kernel or of a task".to_owned(),
        || format!("tag {tag:#06x}"),
    );
}

fn follow_up(checker: &mut Checker, view: &View<'_>) {
    let Ok(Some(record)) = view.scheduler.follow_up_view() else {
        checker.verified += 1;
        return;
    };
    let subject = "follow-up";
    let Some(work) = record.work else {
        checker.that(
            false,
            FollowUpHolds,
            subject,
            record.at,
            || "0, or the kind of a follow-up that there is".to_owned(),
            || format!("kind {:#04x}", record.kind),
        );
        return;
    };
    if let Some(tag) = record.tag {
        check_tag(checker, view, tag, subject, record.at.saturating_sub(2));
    }
    let is_task = |task: TaskIndex| view.slot(task).is_some();
    let (fits, expected) = match work {
        FollowUp::WakeAll { list, settle, .. } => (
            view.list_at(list.head().get()).is_some() && settle.is_none_or(is_task),
            "a list, and a task or none",
        ),
        FollowUp::Settle { task } => (is_task(task), "a task"),
        FollowUp::Bury { task, settle } => (
            is_task(task) && settle.is_none_or(is_task),
            "a task, and another or none",
        ),
        FollowUp::Object(object) => {
            let at = u32::from(object.object) * 4;
            let is_list = view.list_at(at).is_some();
            (
                object.kind <= 3 && is_list,
                "work of an object, and its list",
            )
        }
    };
    checker.that(
        fits,
        FollowUpHolds,
        subject,
        record.at,
        || expected.to_owned(),
        || format!("{work:?}"),
    );
}

fn byte(view: &View<'_>, at: u32) -> u8 {
    nvm_core::Nvm::read_u8(&view.nvm, at).unwrap_or_default()
}
