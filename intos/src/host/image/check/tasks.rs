//! Tasks: what their control blocks hold, and the lists that fit what they do.

use intos_sched::PRIORITIES;
use intos_sched::inspect::TaskView;

use super::finding::Checker;
use super::invariant::Invariant::{
    BlockedCall, ControlBlock, InheritedPriority, MutexChain, TaskState,
};
use crate::host::image::text::hex;
use crate::host::image::view::{ListKind, TaskSlot, View};

/// What a control block holds: verified before the recovery, which relies on it.
pub(super) fn check_blocks(checker: &mut Checker, view: &View<'_>) {
    for slot in &view.tasks {
        let block = &slot.block;
        let subject = format!("control block of task {}", slot.name());
        for (node, what) in [(block.state, "state"), (block.event, "event")] {
            let Ok(links) = node.links(&view.nvm) else {
                continue;
            };
            checker.that(
                links.label == u16::from(slot.task.0),
                ControlBlock,
                &subject,
                links.label_at(),
                || {
                    format!(
                        "label {} of the {what} node: the task's number",
                        slot.task.0
                    )
                },
                || format!("label {}", links.label),
            );
        }
        let settings_at = block.at + TaskView::SETTINGS_AT;
        for (priority, at, what) in [
            (block.base, settings_at, "own priority"),
            (block.priority, block.at + TaskView::PRIORITY_AT, "priority"),
        ] {
            checker.that(
                usize::from(priority) < PRIORITIES,
                ControlBlock,
                &subject,
                at,
                || format!("{what} below {PRIORITIES}"),
                || format!("{what} {priority}"),
            );
        }
        checker.that(
            block.settings & TaskView::UNUSED_SETTINGS == 0,
            ControlBlock,
            &subject,
            settings_at,
            || "settings whose unused bits are 0".to_owned(),
            || format!("settings {:#04x}", block.settings),
        );
        checker.that(
            slot.layout.created || block.generation == 0,
            ControlBlock,
            &subject,
            block.at + TaskView::GENERATION_AT,
            || "generation 0, since no task is created in this slot".to_owned(),
            || format!("generation {}", block.generation),
        );
        checker.that(
            block.unused == 0,
            ControlBlock,
            &subject,
            block.at + TaskView::UNUSED_AT,
            || "unused bytes that are 0".to_owned(),
            || format!("{:#06x}", block.unused),
        );
    }
}

/// The rest: of an image with nothing under way.
pub(super) fn check(checker: &mut Checker, view: &View<'_>) {
    for slot in &view.tasks {
        state(checker, view, slot);
        call(checker, view, slot);
        priority(checker, view, slot);
    }
}

/// Which list the state node is in, by what it says itself.
fn state_list(view: &View<'_>, slot: &TaskSlot<'_>) -> Option<ListKind> {
    let owner = view.owner_of(slot.block.state)?;
    view.list_at(owner).map(|known| known.kind)
}

fn state(checker: &mut Checker, view: &View<'_>, slot: &TaskSlot<'_>) {
    let block = &slot.block;
    let subject = format!("task {}", slot.name());
    let owner_at = block.state.links_at() + 4;
    let Some(ListKind::Ready(list)) = state_list(view, slot) else {
        checker.verified += 1;
        return;
    };
    checker.that(
        list == block.priority,
        TaskState,
        &subject,
        owner_at,
        || format!("ready list {}, by its priority", block.priority),
        || format!("ready list {list}"),
    );
    checker.that(
        !block.is_suspended,
        TaskState,
        &subject,
        block.at + TaskView::SETTINGS_AT,
        || "not suspended, since it is in a ready list".to_owned(),
        || "suspended".to_owned(),
    );
    let waits_for = view.owner_of(block.event);
    checker.that(
        waits_for.is_none(),
        TaskState,
        &subject,
        block.event.links_at() + 4,
        || "in no wait list, since it is in a ready list".to_owned(),
        || format!("in the list at {}", hex(waits_for.unwrap_or_default())),
    );
}

/// Who waits is in a system call, and its result has a place in its own table.
fn call(checker: &mut Checker, view: &View<'_>, slot: &TaskSlot<'_>) {
    let waits = view.owner_of(slot.block.event).is_some();
    let sleeps = matches!(state_list(view, slot), Some(ListKind::Delayed { .. }));
    if !waits && !sleeps {
        checker.verified += 1;
        return;
    }
    let subject = format!("task {}", slot.name());
    let calls = slot.thread.calls;
    checker.that(
        calls.is_current && calls.steps > 0,
        BlockedCall,
        &subject,
        slot.thread.kernel_log.area.offset(),
        || "a system call under way in the running transaction, since the task waits".to_owned(),
        || {
            if calls.is_current {
                format!("{} steps", calls.steps)
            } else {
                format!(
                    "system calls of transaction {}, which is over",
                    calls.generation
                )
            }
        },
    );
    if waits {
        let table = slot.layout.areas.system_calls();
        let at = slot.block.result_at;
        checker.that(
            at >= table.offset() && at < table.offset() + table.len(),
            BlockedCall,
            &subject,
            slot.block.at + TaskView::RESULT_AT,
            || {
                let (begin, end) = (table.offset(), table.offset() + table.len());
                format!(
                    "a place for its result in its own table, {} to {}",
                    hex(begin),
                    hex(end)
                )
            },
            || hex(at),
        );
    }
}

fn priority(checker: &mut Checker, view: &View<'_>, slot: &TaskSlot<'_>) {
    let block = &slot.block;
    let subject = format!("task {}", slot.name());
    let priority_at = block.at + TaskView::PRIORITY_AT;
    let (mutexes, _) = view.held_mutexes(slot);
    if view.has_ended(slot) {
        checker.that(
            block.held == 0,
            MutexChain,
            &subject,
            block.at + TaskView::HELD_AT,
            || "no contended mutex, since the task has ended".to_owned(),
            || format!("a mutex at {}", hex(block.held)),
        );
        return;
    }
    let waiting = mutexes.iter().filter_map(|mutex| {
        let first = *view
            .list_at(mutex.waiting.head().get())?
            .walk
            .nodes
            .first()?;
        Some(view.task_of_event(first.links_at())?.block.priority)
    });
    let due = waiting.fold(block.base, u8::max);
    checker.that(
        block.priority == due,
        InheritedPriority,
        &subject,
        priority_at,
        || {
            if due == block.base {
                format!("priority {due}, its own, since nobody more urgent waits for a mutex that it holds")
            } else {
                format!("priority {due}, inherited from who waits for a mutex that it holds")
            }
        },
        || format!("priority {}", block.priority),
    );
}
