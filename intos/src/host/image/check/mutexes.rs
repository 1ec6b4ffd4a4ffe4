//! Mutexes: who holds them, and the chains of those that are contended.

use std::collections::BTreeSet;

use intos_sched::TaskIndex;
use intos_sched::inspect::MutexView;

use super::finding::Checker;
use super::invariant::Invariant::{MutexChain, MutexHolder};
use crate::host::image::text::{hex, names};
use crate::host::image::view::{ListKind, TaskSlot, View};

/// The deepest that a recursive mutex can be held.
const DEEPEST: u8 = 250;

pub(super) fn check(checker: &mut Checker, view: &View<'_>) {
    let mut chained = BTreeSet::new();
    for slot in &view.tasks {
        chain(checker, view, slot, &mut chained);
    }
    for known in &view.lists {
        let at = known.list.head().get();
        if known.kind == ListKind::Waiting
            && let Some(name) = view.mutex_name(at)
            && let Ok(mutex) = MutexView::load(&view.nvm, at)
        {
            holder(checker, view, &mutex, &name, chained.contains(&at));
        }
    }
}

/// The chain of a task's contended mutexes: each of them is its own.
fn chain(checker: &mut Checker, view: &View<'_>, slot: &TaskSlot<'_>, chained: &mut BTreeSet<u32>) {
    let subject = format!("mutexes held by task {}", slot.name());
    let (mutexes, broken_at) = view.held_mutexes(slot);
    checker.that(
        broken_at.is_none(),
        MutexChain,
        &subject,
        broken_at.unwrap_or_default(),
        || "the place of a contended mutex that was not there before, or 0 at the end".to_owned(),
        || {
            let link = nvm_core::Nvm::read_u16(&view.nvm, broken_at.unwrap_or_default());
            format!(
                "{}, where no such mutex lies",
                hex(u32::from(link.unwrap_or_default()) * 4)
            )
        },
    );
    for mutex in mutexes {
        chained.insert(mutex.at);
        let is_own = mutex.owner == slot.task.0 && mutex.generation == slot.block.generation;
        let name = view.mutex_name(mutex.at).unwrap_or_default();
        checker.that(
            is_own && mutex.contended == 1,
            MutexChain,
            &subject,
            mutex.at + MutexView::OWNER_AT,
            || format!("{name} to be contended, and held by task {}", slot.name()),
            || {
                format!(
                    "owner {}, generation {}, contended {}",
                    mutex.owner, mutex.generation, mutex.contended
                )
            },
        );
    }
}

fn holder(checker: &mut Checker, view: &View<'_>, mutex: &MutexView, name: &str, chained: bool) {
    let at = mutex.at + MutexView::OWNER_AT;
    let is_free = matches!(mutex.owner, MutexView::NOBODY | MutexView::DELETED);
    checker.that(
        is_free || view.slot(TaskIndex(mutex.owner)).is_some(),
        MutexHolder,
        name,
        at,
        || {
            let tasks = view.tasks.len();
            format!(
                "a task below {tasks}, {} for none, {} where it was deleted",
                MutexView::NOBODY,
                MutexView::DELETED
            )
        },
        || format!("owner {}", mutex.owner),
    );
    let holder = view.holder_of(mutex);
    checker.that(
        mutex.unused == 0,
        MutexHolder,
        name,
        mutex.at + MutexView::UNUSED_AT,
        || "an unused byte that is 0".to_owned(),
        || mutex.unused.to_string(),
    );
    let waiting = view.names_at(mutex.at);
    let contended_at = mutex.at + MutexView::CONTENDED_AT;
    checker.that(
        waiting.is_empty() || holder.is_some(),
        MutexHolder,
        name,
        at,
        || {
            format!(
                "a task that holds it, since others wait for it: {}",
                names(&waiting)
            )
        },
        || match mutex.owner {
            MutexView::NOBODY => "nobody".to_owned(),
            MutexView::DELETED => "that it was deleted".to_owned(),
            other => format!(
                "{}, generation {}, which has ended",
                view.task_name(TaskIndex(other)),
                mutex.generation
            ),
        },
    );
    if let Some(holder) = holder {
        let deepest = if view.is_recursive_mutex(mutex.at) {
            DEEPEST
        } else {
            1
        };
        checker.that(
            (1..=deepest).contains(&mutex.depth),
            MutexHolder,
            name,
            mutex.at + MutexView::DEPTH_AT,
            || format!("held from 1 to {deepest} times by task {}", holder.name()),
            || format!("{} times", mutex.depth),
        );
        let must = chained || !waiting.is_empty();
        checker.that(
            chained == must && mutex.contended == u8::from(must),
            MutexChain,
            name,
            contended_at,
            || {
                let (holder, waiting) = (holder.name(), names(&waiting));
                if chained {
                    format!("contended, since it is in the chain of task {holder}")
                } else if must {
                    format!("contended, and in the chain of task {holder}, since others wait for it: {waiting}")
                } else {
                    format!("not contended, since it is not in the chain of task {holder}")
                }
            },
            || {
                let is = if mutex.contended == 0 { "not contended" } else { "contended" };
                let chain = if chained { "in the chain" } else { "not in the chain" };
                format!("{is} ({}), {chain}", mutex.contended)
            },
        );
    }
}
