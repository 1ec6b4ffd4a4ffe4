//! What rows show, event by event.

use std::collections::BTreeMap;
use std::io::{self, Write};

use intos_sched::{Event, RecoveryStep, TaskIndex, TransactionEvent};
use serde_json::Value;

use super::timeline::Timeline;
use crate::host::Random;

const A: TaskIndex = TaskIndex(0);
const B: TaskIndex = TaskIndex(1);

/// The events of a trace's file but for those that name rows, each with its row's name.
fn read(json: &[u8]) -> Vec<(String, Value)> {
    let document: Value = serde_json::from_slice(json).unwrap();
    assert_eq!(document["displayTimeUnit"], "ms");
    let entries = document["traceEvents"].as_array().unwrap();
    let names: BTreeMap<u64, &str> = entries
        .iter()
        .filter(|entry| entry["name"] == "thread_name")
        .map(|entry| {
            (
                entry["tid"].as_u64().unwrap(),
                entry["args"]["name"].as_str().unwrap(),
            )
        })
        .collect();
    entries
        .iter()
        .filter(|entry| entry["ph"] != "M")
        .map(|entry| {
            let row = names[&entry["tid"].as_u64().unwrap()];
            (row.to_owned(), entry.clone())
        })
        .collect()
}

fn trace(events: &[(u64, Event)]) -> Vec<(String, Value)> {
    let mut timeline = Timeline::new(Vec::new(), "program", ["a", "b"].into_iter(), 0);
    for (at, event) in events {
        timeline.observe(*at, *event);
    }
    read(&timeline.finish().unwrap())
}

/// What a row shows, in short: `10 + running`, `20 - power loss`, `30 ! bypassed`.
fn row(entries: &[(String, Value)], row: &str) -> Vec<String> {
    entries
        .iter()
        .filter(|(name, _)| name == row)
        .map(|(_, entry)| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let (sign, what) = match entry["ph"].as_str().unwrap() {
                "B" if entry["args"]["continued"] == true => ("..", text(&entry["name"])),
                "B" => ("+", text(&entry["name"])),
                "E" => ("-", text(&entry["args"]["end"])),
                "i" => ("!", text(&entry["name"])),
                phase => panic!("phase {phase}"),
            };
            format!("{} {sign} {what}", entry["ts"])
        })
        .collect()
}

fn transaction(task: TaskIndex, what: TransactionEvent) -> Event {
    Event::Transaction { task, what }
}

fn called(task: TaskIndex) -> Event {
    Event::Called {
        task: Some(task),
        call: "queue.receive",
    }
}

fn committed(task: TaskIndex, blocks: bool) -> Event {
    Event::Committed {
        task: Some(task),
        call: "queue.receive",
        blocks,
    }
}

fn completed(task: TaskIndex) -> Event {
    Event::Completed {
        task,
        call: "queue.receive",
    }
}

fn started(task: TaskIndex) -> Event {
    Event::Started {
        task,
        starts_without_commit: 0,
        rolled_back: false,
    }
}

fn switched(task: TaskIndex) -> Event {
    Event::Switched { task: Some(task) }
}

#[test]
fn a_call_that_blocks_is_shown_until_its_task_runs_again() {
    let entries = trace(&[
        (0, Event::PowerOn),
        (1, switched(A)),
        (2, started(A)),
        (3, transaction(A, TransactionEvent::Begins)),
        (4, called(A)),
        (5, committed(A, true)),
        (6, switched(B)),
        (7, switched(A)),
        (8, completed(A)),
        (9, transaction(A, TransactionEvent::Commits)),
        (10, Event::Ended { task: A }),
        (11, Event::Switched { task: None }),
        (12, Event::Idle { ticks: None }),
    ]);
    assert_eq!(
        row(&entries, "a"),
        [
            "1 + running",
            "2 ! started",
            "3 + transaction",
            "4 + queue.receive",
            "6 - blocked",
            "6 - blocked",
            "6 - blocked",
            "6 + blocked",
            "6 .. queue.receive",
            "7 - runs again",
            "7 - runs again",
            "7 + running",
            "7 .. transaction",
            "7 .. queue.receive",
            "8 - completed",
            "9 - committed",
            "10 ! ended",
            "11 - switched",
        ]
    );
    assert_eq!(row(&entries, "b"), ["6 + running", "7 - switched"]);
    assert_eq!(row(&entries, "power"), ["0 + power on", "12 - trace ends"]);
}

#[test]
fn a_power_loss_ends_all_slices_and_blocked_tasks_stay_blocked() {
    let entries = trace(&[
        (0, Event::PowerOn),
        (1, switched(A)),
        (2, transaction(A, TransactionEvent::Begins)),
        (3, called(A)),
        (4, committed(A, true)),
        (5, switched(B)),
        (6, transaction(B, TransactionEvent::Begins)),
        (7, Event::PowerLost),
        (7, Event::PowerOn),
        (
            8,
            Event::Recovered(RecoveryStep::KernelLog { rolled_back: true }),
        ),
        (9, Event::Recovered(RecoveryStep::Clock { woken: false })),
        (10, Event::Resumed { task: B }),
        (11, started(B)),
        (12, switched(A)),
        (13, started(A)),
        (14, transaction(A, TransactionEvent::Bypassed)),
        (15, transaction(A, TransactionEvent::Begins)),
        (16, completed(A)),
        (17, transaction(A, TransactionEvent::Commits)),
    ]);
    let of_a = row(&entries, "a");
    assert_eq!(
        of_a[7..],
        [
            "5 .. queue.receive",
            "7 - power loss",
            "7 - power loss",
            "7 .. blocked",
            "7 .. queue.receive",
            "12 - runs again",
            "12 - runs again",
            "12 + running",
            "13 ! started",
            "14 ! bypassed",
            "15 + transaction",
            "16 .. queue.receive",
            "16 - completed",
            "17 - committed",
            "17 - trace ends",
        ]
    );
    assert_eq!(
        row(&entries, "b"),
        [
            "5 + running",
            "6 + transaction",
            "7 - power loss",
            "7 - power loss",
            "10 + running",
            "11 ! started",
            "12 - switched",
        ]
    );
    assert_eq!(
        row(&entries, "power"),
        [
            "0 + power on",
            "7 - power loss",
            "7 ! power loss",
            "7 + power on",
            "17 - trace ends",
        ]
    );
    assert_eq!(
        row(&entries, "kernel")[2..],
        [
            "7 + recovery",
            "8 ! kernel log",
            "9 ! clock",
            "9 - recovered"
        ]
    );
    let (_, loss) = entries
        .iter()
        .find(|(_, entry)| entry["name"] == "power loss")
        .unwrap();
    assert_eq!(loss["s"], "g", "it is drawn across all rows");
    let (_, step) = entries
        .iter()
        .find(|(_, entry)| entry["name"] == "kernel log")
        .unwrap();
    assert_eq!(step["args"]["rolled_back"], true);
}

#[test]
fn what_has_no_end_is_ended_by_what_follows() {
    let entries = trace(&[
        (0, Event::PowerOn),
        (1, transaction(A, TransactionEvent::Begins)),
        (2, transaction(A, TransactionEvent::Begins)),
        (3, called(A)),
        (4, called(A)),
        (5, transaction(A, TransactionEvent::Aborts)),
    ]);
    assert_eq!(
        row(&entries, "a"),
        [
            "1 + running",
            "1 + transaction",
            "2 - failed",
            "2 + transaction",
            "3 + queue.receive",
            "4 - failed",
            "4 + queue.receive",
            "5 ! aborted",
            "5 - aborted",
            "5 - aborted",
            "5 - trace ends",
        ]
    );
}

#[test]
fn a_stop_without_a_power_loss_is_none() {
    let entries = trace(&[
        (0, switched(A)),
        (5, Event::PowerOn),
        (
            6,
            Event::Called {
                task: None,
                call: "x_from_isr",
            },
        ),
        (
            7,
            Event::Committed {
                task: None,
                call: "x_from_isr",
                blocks: false,
            },
        ),
    ]);
    assert_eq!(
        row(&entries, "power"),
        [
            "0 + power on",
            "5 - stopped",
            "5 + power on",
            "7 - trace ends"
        ]
    );
    assert_eq!(row(&entries, "a"), ["0 + running", "5 - stopped"]);
    assert_eq!(
        row(&entries, "kernel"),
        [
            "5 + recovery",
            "6 + x_from_isr",
            "7 - committed",
            "7 - trace ends"
        ]
    );
}

/// Also events of tasks that are not there, and such that contradict each other.
#[test]
fn slices_nest_whatever_is_told() {
    for seed in 1..=200 {
        let mut random = Random::new(seed);
        let events: Vec<(u64, Event)> = (0..300).map(|at| (at, any_event(&mut random))).collect();
        let mut open: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (row, entry) in trace(&events) {
            let open = open.entry(row).or_default();
            match entry["ph"].as_str().unwrap() {
                "B" => open.push(entry["name"].to_string()),
                "E" => assert!(open.pop().is_some(), "seed {seed}: {entry}"),
                _ => {}
            }
            assert!(open.len() <= 3, "seed {seed}: {open:?}");
            if entry["name"] == "transaction" {
                assert_eq!(open[..], ["\"running\"", "\"transaction\""], "seed {seed}");
            }
        }
        assert!(open.values().all(Vec::is_empty), "seed {seed}: {open:?}");
    }
}

fn any_event(random: &mut Random) -> Event {
    let task = TaskIndex(random.below(3) as u8);
    let what = match random.below(5) {
        0 | 1 => TransactionEvent::Begins,
        2 => TransactionEvent::Commits,
        3 => TransactionEvent::RollsBack,
        _ => TransactionEvent::Bypassed,
    };
    match random.below(12) {
        0 => Event::PowerOn,
        1 => Event::PowerLost,
        2 => Event::Recovered(RecoveryStep::Clock { woken: true }),
        3 => switched(task),
        4 => Event::Switched { task: None },
        5 => Event::Resumed { task },
        6 => started(task),
        7 => Event::Ended { task },
        8 => transaction(task, what),
        9 => called(task),
        10 => committed(task, random.below(2) == 0),
        _ => completed(task),
    }
}

#[derive(Debug)]
struct FullDisk;

impl Write for FullDisk {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_in_writing_is_told_at_the_end() {
    let mut timeline = Timeline::new(FullDisk, "program", ["a"].into_iter(), 0);
    for at in 0..10_000 {
        timeline.observe(at, transaction(A, TransactionEvent::Bypassed));
    }
    let error = timeline.finish().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
