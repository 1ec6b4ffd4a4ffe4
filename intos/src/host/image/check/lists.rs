//! Lists: closed and consistent in both directions, sorted where they must be; and each node in the list that it names.

use intos_sched::inspect::{LABEL_OF_DELAYED, LABEL_OF_MUTEX, has_come, is_upper_half, wait_key};
use nvm_list::NodeRef;

use super::finding::Checker;
use super::invariant::Invariant::{ListLabel, ListLinks, ListMembership, ListOrder};
use crate::host::image::text::hex;
use crate::host::image::view::{KnownList, ListKind, TaskSlot, View, title};

pub(super) fn check(checker: &mut Checker, view: &View<'_>) {
    for known in &view.lists {
        checker.verified += 1;
        for defect in &known.walk.defects {
            let (expected, found) = (|| defect.expected.clone(), || defect.found.clone());
            checker.that(false, ListLinks, &known.name, defect.at, expected, found);
        }
        label(checker, view, known);
        order(checker, view, known);
    }
    for slot in &view.tasks {
        let name = slot.name();
        member(
            checker,
            view,
            slot.block.state,
            &format!("state node of task {name}"),
            is_state,
        );
        member(
            checker,
            view,
            slot.block.event,
            &format!("event node of task {name}"),
            is_waiting,
        );
    }
    for (timer, service) in view.timers.values().filter_map(|timer| match timer.kind {
        crate::placed::PlacedKind::Timer { service, .. } => Some((timer, service)),
        _ => None,
    }) {
        if let Ok(stored) = intos_ipc::inspect::TimerView::load(&view.nvm, timer.offset) {
            let is_timers =
                move |kind| matches!(kind, ListKind::Timers { service: of, .. } if of == service);
            member(checker, view, stored.node, &title(timer), is_timers);
        }
    }
}

/// The label of a list's head, by which mutexes are told from other lists.
fn label(checker: &mut Checker, view: &View<'_>, known: &KnownList) {
    let Ok(links) = known.list.links(&view.nvm) else {
        return;
    };
    let expected = match known.kind {
        ListKind::Ready(priority) => u16::from(priority),
        ListKind::Delayed { .. } => LABEL_OF_DELAYED,
        ListKind::Waiting if view.mutex_name(links.at).is_some() => LABEL_OF_MUTEX,
        ListKind::Waiting | ListKind::Timers { .. } => 0,
    };
    checker.that(
        links.label == expected,
        ListLabel,
        &known.name,
        links.label_at(),
        || format!("label {expected:#06x}"),
        || format!("label {:#06x}", links.label),
    );
}

const fn is_state(kind: ListKind) -> bool {
    matches!(kind, ListKind::Ready(_) | ListKind::Delayed { .. })
}

const fn is_waiting(kind: ListKind) -> bool {
    matches!(kind, ListKind::Waiting)
}

/// A node that names a list is in it.
fn member(
    checker: &mut Checker,
    view: &View<'_>,
    node: NodeRef,
    subject: &str,
    fits: impl Fn(ListKind) -> bool,
) {
    let Some(owner) = view.owner_of(node) else {
        checker.verified += 1;
        return;
    };
    let at = node.links_at() + 4;
    let Some(known) = view.list_at(owner).filter(|known| fits(known.kind)) else {
        let expected = || "0, or the head of a list for such nodes".to_owned();
        let found = || format!("owner {}", hex(owner));
        checker.that(false, ListMembership, subject, at, expected, found);
        return;
    };
    // What cannot be reached, since the list is broken before it, is told by the list.
    let is_reached = known.walk.nodes.contains(&node) || !known.walk.defects.is_empty();
    checker.that(
        is_reached,
        ListMembership,
        subject,
        at,
        || "0, or a list that leads to the node".to_owned(),
        || {
            format!(
                "owner {} ({}), which does not lead to it",
                hex(owner),
                known.name
            )
        },
    );
}

fn order(checker: &mut Checker, view: &View<'_>, known: &KnownList) {
    let mut before = None;
    for node in &known.walk.nodes {
        let Ok(key) = node.key(&view.nvm) else {
            continue;
        };
        let at = node.offset().get();
        let is_sorted = !matches!(known.kind, ListKind::Ready(_));
        if is_sorted && let Some(before) = before {
            checker.that(
                key >= before,
                ListOrder,
                &known.name,
                at,
                || format!("a key of {before} or more, as the node before"),
                || format!("key {key}"),
            );
        }
        before = Some(key);
        match known.kind {
            ListKind::Ready(_) => {}
            ListKind::Delayed { upper } => {
                half(checker, known, at, key, upper);
                let now = view.scheduler.now().unwrap_or_default();
                checker.that(
                    !has_come(key, now),
                    ListOrder,
                    &known.name,
                    at,
                    || format!("a tick that is still to come after {now}"),
                    || format!("tick {key}"),
                );
            }
            ListKind::Timers { upper, .. } => half(checker, known, at, key, upper),
            ListKind::Waiting => {
                if let Some(slot) = view.task_of_event(node.links_at()) {
                    waiting_key(checker, known, at, key, slot);
                }
            }
        }
    }
}

fn half(checker: &mut Checker, known: &KnownList, at: u32, tick: u32, upper: bool) {
    checker.that(
        is_upper_half(tick) == upper,
        ListOrder,
        &known.name,
        at,
        || {
            let half = if upper { "upper" } else { "lower" };
            format!("a tick in the {half} half of the range")
        },
        || format!("tick {tick}"),
    );
}

fn waiting_key(checker: &mut Checker, known: &KnownList, at: u32, key: u32, slot: &TaskSlot<'_>) {
    let priority = slot.block.priority;
    let keys = [wait_key(true, priority), wait_key(false, priority)];
    checker.that(
        keys.contains(&key),
        ListOrder,
        &known.name,
        at,
        || {
            let [looks, takes] = keys;
            format!(
                "key {takes}, or {looks} of one who only looks: task {} has priority {priority}",
                slot.name()
            )
        },
        || format!("key {key}"),
    );
}
