//! The kernel's own state, and undo logs.

use nvm_core::Nvm as _;
use nvm_list::inspect::OpLogView;
use nvm_tx::inspect::{EntryKind, EntryView, LogView};
use serde::Serialize;

use crate::host::image::in_flight::{describe, operation};
use crate::host::image::view::{KnownList, ListKind, View};

/// The kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KernelReport {
    /// The tick.
    pub tick: u32,
    /// The task that ran last, or runs.
    pub running: Option<String>,
    /// Its own undo log.
    pub undo_log: LogReport,
    /// List operations that are staged or in force.
    pub list_work: Vec<String>,
    /// What is left to do after a commit.
    pub follow_up: Option<String>,
    /// The tasks that are ready, by priority, the most urgent first.
    pub ready: Vec<(u8, Vec<String>)>,
    /// The tasks that sleep, and until which tick.
    pub delayed: Vec<(String, u32)>,
    /// The tasks that wait to be notified.
    pub awaiting_notification: Vec<String>,
}

/// An undo log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogReport {
    /// Where it lies.
    pub offset: u32,
    /// Bytes.
    pub bytes: u32,
    /// Sequence number of the last commit; nothing where the two commit words contradict each other.
    pub sequence: Option<u8>,
    /// What the running transaction has saved.
    pub entries: Vec<LogEntry>,
    /// How many deferred stores of the last commit are not known to be done.
    pub deferred: u32,
}

/// An entry of an undo log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// What is saved: `range`, `bits` or `deferred bits`.
    pub kind: &'static str,
    /// Where it lies.
    pub offset: u32,
    /// Bytes.
    pub bytes: u32,
    /// What lies there.
    pub of: String,
}

impl LogReport {
    pub(super) fn of(view: &View<'_>, log: &LogView) -> Self {
        let entry = |entry: EntryView| LogEntry {
            kind: match entry.kind {
                EntryKind::Range => "range",
                EntryKind::Bits => "bits",
                EntryKind::DeferredBits => "deferred bits",
            },
            offset: entry.offset,
            bytes: entry.len,
            of: view.place_of(entry.offset),
        };
        Self {
            offset: log.area.offset(),
            bytes: log.area.len(),
            sequence: log.committed.map(|committed| committed.sequence),
            entries: log
                .running(&view.nvm)
                .map_while(Result::ok)
                .map(entry)
                .collect(),
            deferred: log.to_complete(&view.nvm).map_while(Result::ok).count() as u32,
        }
    }

    /// Of a log that cannot be read.
    const fn unreadable() -> Self {
        Self {
            offset: 0,
            bytes: 0,
            sequence: None,
            entries: Vec::new(),
            deferred: 0,
        }
    }
}

pub(super) fn report(view: &View<'_>) -> KernelReport {
    let areas = &view.program.scheduler;
    let undo_log = LogView::load(&view.nvm, areas.kernel_log());
    let running = view.nvm.read_u8(areas.current_at()).ok();
    let lists = |is: fn(ListKind) -> bool| view.lists.iter().filter(move |known| is(known.kind));
    let mut ready: Vec<_> = lists(|kind| matches!(kind, ListKind::Ready(_)))
        .filter_map(|known| match known.kind {
            ListKind::Ready(priority) => Some((priority, view.names_in(known))),
            _ => None,
        })
        .filter(|(_, tasks)| !tasks.is_empty())
        .collect();
    ready.reverse();
    let notified = areas.notification_list().head().get();
    KernelReport {
        tick: view.scheduler.now().unwrap_or_default(),
        running: running
            .filter(|running| *running != intos_sched::inspect::NOBODY_RUNS)
            .map(|running| view.task_name(intos_sched::TaskIndex(running))),
        undo_log: undo_log
            .map_or_else(|_| LogReport::unreadable(), |log| LogReport::of(view, &log)),
        list_work: list_work(view),
        follow_up: follow_up(view),
        ready,
        delayed: lists(|kind| matches!(kind, ListKind::Delayed { .. }))
            .flat_map(|known| sleepers(view, known))
            .collect(),
        awaiting_notification: view.names_at(notified),
    }
}

fn sleepers(view: &View<'_>, known: &KnownList) -> Vec<(String, u32)> {
    let nodes = known.walk.nodes.iter();
    nodes
        .filter_map(|node| {
            let slot = view.task_of_state(node.links_at())?;
            Some((slot.name().to_owned(), node.key(&view.nvm).ok()?))
        })
        .collect()
}

fn list_work(view: &View<'_>) -> Vec<String> {
    let (state, records) = match view.scheduler.list_work() {
        Ok(OpLogView::Staged { records, .. }) => ("staged", records),
        Ok(OpLogView::InForce { records, .. }) => ("in force", records),
        Ok(OpLogView::Empty) | Err(_) => return Vec::new(),
        Ok(OpLogView::Corrupt { .. }) => return vec!["nothing that there is: damaged".to_owned()],
    };
    let records = records.iter().flatten();
    records
        .map(|record| format!("{state}: {}", operation(view, record)))
        .collect()
}

fn follow_up(view: &View<'_>) -> Option<String> {
    let record = view.scheduler.follow_up_view().ok()??;
    let Some(work) = record.work else {
        return Some(format!("kind {:#04x}: there is none such", record.kind));
    };
    let state = if record.tag.is_some() {
        "with its commit"
    } else {
        "in force"
    };
    Some(format!("{}, {state}", describe(view, work)))
}
