//! Tasks: what they do, and how far they have come.

use nvm_core::Area;
use replay::inspect::{FrameEnd, FrameView, ThreadView};
use serde::Serialize;

use super::kernel::LogReport;
use crate::host::image::view::{ListKind, TaskSlot, View};

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskReport {
    /// Its number.
    pub slot: u8,
    /// Its name.
    pub name: String,
    /// What it does: `running`, `ready`, `delayed`, `blocked`, `suspended` or `ended`.
    pub state: &'static str,
    /// Until which tick it sleeps or waits at most.
    pub until: Option<u32>,
    /// What it waits for.
    pub waits_for: Option<String>,
    /// Its priority.
    pub priority: u8,
    /// Its own priority: less, where it has inherited the other.
    pub own_priority: u8,
    /// How often a task was created in its slot.
    pub generation: u16,
    /// Whether a notification is pending.
    pub notified: bool,
    /// Its notification value.
    pub notification: u32,
    /// The contended mutexes that it holds.
    pub holds: Vec<String>,
    /// How many starts there were in a row without a commit.
    pub starts_without_commit: u16,
    /// Outcomes of transactions, and frames of loops, that are recorded.
    pub records: u16,
    /// Bytes of the table that holds them.
    pub records_bytes: u32,
    /// What of the table has the form of a loop's frame, outermost first.
    pub loops: Vec<LoopReport>,
    /// Results of system calls that the running transaction has made.
    pub system_calls: u16,
    /// Whether it is in the midst of a system call that has blocked it.
    pub in_system_call: bool,
    /// The undo log of its transactions.
    pub undo_log: LogReport,
    /// The undo log of its system calls.
    pub kernel_undo_log: LogReport,
}

/// A persistent loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LoopReport {
    /// Where its frame lies.
    pub offset: u32,
    /// The iteration under way, from 0 on.
    pub iteration: u32,
    /// Whether the loop has ended.
    pub ended: bool,
}

pub(super) fn report(view: &View<'_>) -> Vec<TaskReport> {
    let current = view.scheduler.current().ok().flatten();
    view.tasks
        .iter()
        .map(|slot| task(view, slot, current == Some(slot.task)))
        .collect()
}

fn task(view: &View<'_>, slot: &TaskSlot<'_>, is_current: bool) -> TaskReport {
    let (block, thread) = (&slot.block, &slot.thread);
    let waits_for = view.owner_of(block.event);
    let state_list = view
        .owner_of(block.state)
        .and_then(|owner| view.list_at(owner));
    let sleeps = state_list.is_some_and(|known| matches!(known.kind, ListKind::Delayed { .. }));
    let until = block.state.key(&view.nvm).ok().filter(|_| sleeps);
    let is_ready = state_list.is_some() && !sleeps;
    let (held, _) = view.held_mutexes(slot);
    TaskReport {
        slot: slot.task.0,
        name: slot.name().to_owned(),
        state: if block.is_suspended {
            "suspended"
        } else if is_ready && is_current {
            "running"
        } else if is_ready {
            "ready"
        } else if waits_for.is_some() {
            "blocked"
        } else if sleeps {
            "delayed"
        } else {
            "ended"
        },
        until,
        waits_for: waits_for.map(|head| {
            view.list_at(head).map_or_else(
                || format!("an unknown list at {head:#06x}"),
                |known| known.name.clone(),
            )
        }),
        priority: block.priority,
        own_priority: block.base,
        generation: block.generation,
        notified: block.is_notified,
        notification: block.notification,
        holds: held
            .iter()
            .filter_map(|mutex| view.mutex_name(mutex.at))
            .collect(),
        starts_without_commit: thread.starts_without_commit,
        records: thread.records.count,
        records_bytes: slot.layout.areas.transactions().len(),
        loops: loops(view, thread, slot.layout.areas.transactions()),
        system_calls: if thread.calls.is_current {
            thread.calls.count
        } else {
            0
        },
        in_system_call: thread.calls.is_current && thread.calls.steps > 0,
        undo_log: LogReport::of(view, &thread.log),
        kernel_undo_log: LogReport::of(view, &thread.kernel_log),
    }
}

/// The frames in a table, as far as they can be told: records do not tell their length, so a frame is known by its form,
/// and there are no more of them than records.
fn loops(view: &View<'_>, thread: &ThreadView, table: Area) -> Vec<LoopReport> {
    let mut frames: Vec<FrameView> = Vec::new();
    let mut at = table.offset();
    while at < table.offset() + table.len() && frames.len() < thread.records.count.into() {
        if let Ok(Some(frame)) = FrameView::load(&view.nvm, table, at) {
            frames.push(frame);
            at += FrameView::BYTES;
        } else {
            at += 1;
        }
    }
    // Where all records are frames, the last one is the last record of all.
    let all = frames.len() == usize::from(thread.records.count);
    let last = frames.len().saturating_sub(1);
    let parity = |index| (all && index == last).then_some(thread.records.parity);
    frames
        .iter()
        .enumerate()
        .map(|(index, frame)| LoopReport {
            offset: frame.at,
            iteration: frame.iteration(parity(index)),
            ended: frame.end != FrameEnd::GoesOn,
        })
        .collect()
}
