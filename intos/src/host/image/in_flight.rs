//! What a power loss interrupted: what the next start finds to do.

use intos_sched::FollowUp;
use intos_sched::inspect::{TagOwner, has_come, tag_parts};
use nvm_alloc::inspect::HeapView;
use nvm_core::Phase;
use nvm_list::inspect::{OpLogView, RecordView};
use nvm_tx::inspect::LogView;
use serde::Serialize;

use super::text::{count, hex};
use super::view::{View, title};
use nvm_core::image::Image;

/// Something that a power loss interrupted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InFlight {
    /// What was under way.
    pub what: String,
    /// What is done about it.
    pub recovery: String,
}

fn in_flight(what: impl Into<String>, recovery: impl Into<String>) -> InFlight {
    InFlight {
        what: what.into(),
        recovery: recovery.into(),
    }
}

/// All that is under way in an image.
pub(super) fn all(image: &Image, view: &View<'_>) -> Vec<InFlight> {
    let mut all = Vec::new();
    if image.header().phase == Phase::Completing {
        all.push(in_flight(
            "the last store of the formatting",
            "the next start completes it",
        ));
    }
    let start = "the next start";
    if let Ok(log) = LogView::load(&view.nvm, view.program.scheduler.kernel_log()) {
        of_log(&mut all, view, &log, "the kernel's own transaction", start);
    }
    let current = view.scheduler.current().ok().flatten();
    for slot in view.in_use() {
        let name = slot.name();
        let is_current = current == Some(slot.task);
        let when = if is_current {
            start
        } else {
            "the task's next start"
        };
        let thread = &slot.thread;
        let what = format!("kernel transaction of task {name}");
        of_log(&mut all, view, &thread.kernel_log, &what, when);
        of_log(
            &mut all,
            view,
            &thread.log,
            &format!("transaction of task {name}"),
            "the task's next start",
        );
    }
    for (object, heap) in view.program.heaps() {
        if let Ok(log) =
            HeapView::load(&view.nvm, heap).and_then(|heap| LogView::load(&view.nvm, heap.log))
        {
            of_log(&mut all, view, &log, &title(object), start);
        }
    }
    of_lists(&mut all, view);
    of_follow_up(&mut all, view);
    of_sleepers(&mut all, view);
    all
}

fn of_log(all: &mut Vec<InFlight>, view: &View<'_>, log: &LogView, what: &str, when: &str) {
    let entries = log.running(&view.nvm).flatten().count();
    if entries > 0 {
        all.push(in_flight(
            format!(
                "{what}: {} of its undo log",
                count(entries, "entry", "entries")
            ),
            format!("{when} rolls it back"),
        ));
    }
    let Some(committed) = log.committed else {
        return;
    };
    if log.deferred == committed.sequence {
        let entries = log.to_complete(&view.nvm).flatten().count();
        all.push(in_flight(
            format!(
                "{what}: it has committed, with {}",
                count(entries, "deferred store", "deferred stores")
            ),
            format!("{when} does them"),
        ));
    } else if log.deferred != LogView::NO_DEFERRED {
        all.push(in_flight(
            format!("{what}: deferred stores, and no commit"),
            format!("{when} drops them"),
        ));
    }
}

fn of_lists(all: &mut Vec<InFlight>, view: &View<'_>) {
    match view.scheduler.list_work() {
        Ok(OpLogView::Staged { tag, records }) => {
            let recovery = if view.scheduler.has_committed(tag).unwrap_or(false) {
                "the next start rolls it forward: its commit has come"
            } else {
                "the next start discards it: its commit has not come"
            };
            all.push(in_flight(
                format!(
                    "list work of {}: {}",
                    owner(view, tag),
                    operations(view, &records)
                ),
                recovery,
            ));
        }
        Ok(OpLogView::InForce { number, records }) => {
            let done = if number > 0 {
                format!(" ({number} done)")
            } else {
                String::new()
            };
            all.push(in_flight(
                format!("list work in force: {}{done}", operations(view, &records)),
                "the next start rolls it forward",
            ));
        }
        Ok(OpLogView::Empty | OpLogView::Corrupt { .. }) | Err(_) => {}
    }
}

fn owner(view: &View<'_>, tag: u16) -> String {
    match tag_parts(tag).1 {
        TagOwner::Kernel => "the kernel's own transaction".to_owned(),
        TagOwner::Task(task) => format!("task {}", view.task_name(task)),
    }
}

fn operations(view: &View<'_>, records: &[Option<RecordView>]) -> String {
    let named: Vec<String> = records
        .iter()
        .flatten()
        .map(|record| operation(view, record))
        .collect();
    named.join("; ")
}

/// An operation, in words.
pub(super) fn operation(view: &View<'_>, record: &RecordView) -> String {
    let node = if let Some(slot) = view.task_of_state(record.node) {
        format!("state node of {}", slot.name())
    } else if let Some(slot) = view.task_of_event(record.node) {
        format!("event node of {}", slot.name())
    } else if let Some(timer) = view.timers.get(&record.node) {
        title(timer)
    } else {
        format!("node {}", hex(record.node.saturating_sub(4)))
    };
    let list = record.list.map_or_else(String::new, |head| {
        let name = view
            .list_at(head)
            .map_or_else(|| format!("list {}", hex(head)), |known| known.name.clone());
        format!(" to {name}")
    });
    let key = record
        .key
        .map_or_else(String::new, |key| format!(", key {key}"));
    format!("{} {node}{list}{key}", record.name)
}

fn of_follow_up(all: &mut Vec<InFlight>, view: &View<'_>) {
    let Ok(Some(follow_up)) = view.scheduler.follow_up_view() else {
        return;
    };
    let Some(work) = follow_up.work else {
        return;
    };
    let recovery = match follow_up.tag {
        None => "the next start does it",
        Some(tag) if view.scheduler.has_committed(tag).unwrap_or(false) => {
            "the next start does it: its commit has come"
        }
        Some(_) => "the next start drops it: its commit has not come",
    };
    all.push(in_flight(
        format!("follow-up: {}", describe(view, work)),
        recovery,
    ));
}

/// A follow-up, in words.
pub(super) fn describe(view: &View<'_>, work: FollowUp) -> String {
    let list_name = |head: u32| {
        view.list_at(head)
            .map_or_else(|| format!("list {}", hex(head)), |known| known.name.clone())
    };
    match work {
        FollowUp::WakeAll { list, outcome, .. } => {
            format!("wake all of {} ({outcome})", list_name(list.head().get()))
        }
        FollowUp::Settle { task } => format!("settle the priority of {}", view.task_name(task)),
        FollowUp::Bury { task, .. } => format!("end task {}", view.task_name(task)),
        FollowUp::Object(work) => {
            let at = u32::from(work.object) * 4;
            let what = match work.kind {
                0 => "copies for those who peek",
                1 => "items of waiting senders",
                2 => "wake who waits for the bits",
                3 => "a writer's bytes into the ring",
                _ => "unknown work",
            };
            format!("{what}: {}", view.place_of(at))
        }
    }
}

fn of_sleepers(all: &mut Vec<InFlight>, view: &View<'_>) {
    let Ok(now) = view.scheduler.now() else {
        return;
    };
    for known in &view.lists {
        if !matches!(known.kind, super::view::ListKind::Delayed { .. }) {
            continue;
        }
        for node in &known.walk.nodes {
            if let Ok(tick) = node.key(&view.nvm)
                && has_come(tick, now)
                && let Some(slot) = view.task_of_state(node.links_at())
            {
                all.push(in_flight(
                    format!(
                        "task {} sleeps until tick {tick}, which has come",
                        slot.name()
                    ),
                    "the next start wakes it",
                ));
            }
        }
    }
}
