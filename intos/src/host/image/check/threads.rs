//! Replay tables, as far as they can be told without the program's types.

use replay::inspect::CallsView;

use super::finding::Checker;
use super::invariant::Invariant::{Progress, ReplayTables};
use crate::host::image::view::TaskSlot;

/// The tables of a task that has not ended.
pub(super) fn check(checker: &mut Checker, slot: &TaskSlot<'_>) {
    let thread = &slot.thread;
    let subject = format!("replay tables of task {}", slot.name());
    let at = thread.log.area.offset();
    let records = thread.records;
    let is_begun = records.count > 0;
    checker.that(
        is_begun || !records.parity,
        ReplayTables,
        &subject,
        at,
        || "parity 0 where there is no record".to_owned(),
        || "parity 1, of a loop that has no frame".to_owned(),
    );
    checker.that(
        is_begun || records.digest == 0,
        ReplayTables,
        &subject,
        at,
        || "digest 0 where there is no record".to_owned(),
        || format!("digest {:#04x}", records.digest),
    );
    let calls = thread.calls;
    let at = thread.kernel_log.area.offset();
    checker.that(
        calls.generation < 254 || calls.generation == CallsView::NO_GENERATION,
        ReplayTables,
        &subject,
        at,
        || "the number of a transaction, below 254, or 255 for none".to_owned(),
        || format!("generation {}", calls.generation),
    );
    checker.that(
        calls.steps <= 1,
        ReplayTables,
        &subject,
        at,
        || "at most 1 step of a system call".to_owned(),
        || format!("{} steps", calls.steps),
    );
    checker.that(
        thread.wrong_parity.is_none(),
        Progress,
        &format!("starts without a commit of task {}", slot.name()),
        thread.wrong_parity.unwrap_or_default(),
        || "even counts in the first word, odd ones in the second".to_owned(),
        || "a count of the other parity".to_owned(),
    );
}
