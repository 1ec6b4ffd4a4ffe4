//! Event groups: some or all of several bits, meeting points, and many who are woken at once.

use crate::common::program::{EXACT, code, cut_everywhere, id, run, run_timed};
use intos::host::Settings;
use intos::prelude::*;

program! {
    SomeOrAll |objects| { group: EventGroup = objects.event_group("group")? }
    "any", 2 => |task, app| {
        let bits = task.transaction(|tx| app.group.wait_any(tx, 0b110, OnExit::Keep, Timeout::Forever))?;
        app.log.note(task, bits)
    }
    "all", 2 => |task, app| {
        let bits = task.transaction(|tx| app.group.wait_all(tx, 0b110, OnExit::Clear, Timeout::Forever))?;
        app.log.note(task, bits)
    }
    "setter", 1 => |task, app| {
        for bits in [0b0001, 0b0010, 0b1000, 0b0100] {
            let left = task.transaction(|tx| app.group.set(tx, bits))?;
            app.log.note(task, left)?;
        }
        let bits = task.transaction(|tx| app.group.get(tx))?;
        app.log.note(task, bits)?;
        let before = task.transaction(|tx| app.group.clear(tx, 0b1000))?;
        app.log.note(task, before)?;
        let bits = task.transaction(|tx| app.group.get(tx))?;
        app.log.note(task, bits)
    }
}

#[test]
fn tasks_wait_for_some_bits_or_for_all_and_may_clear_them() {
    assert_eq!(
        run::<SomeOrAll>(),
        [
            ("setter", 0b0001),
            ("any", 0b0011),
            ("setter", 0b0011),
            ("setter", 0b1011),
            // The bits as they were when it was woken.
            ("all", 0b1111),
            ("setter", 0b1001),
            ("setter", 0b1001),
            ("setter", 0b1001),
            ("setter", 0b0001),
        ]
    );
}

#[test]
fn waits_for_bits_survive_every_cut() {
    cut_everywhere::<SomeOrAll>(EXACT);
}

#[test]
fn bits_that_are_set_already_are_not_waited_for() {
    program! {
        Ready |objects| { group: EventGroup = objects.event_group("group")? }
        "task", 1 => |task, app| {
            task.transaction(|tx| app.group.set(tx, 0b101))?;
            let bits = task.transaction(|tx| app.group.wait_all(tx, 0b101, OnExit::Keep, Timeout::Forever))?;
            app.log.note(task, bits)?;
            let bits = task.transaction(|tx| app.group.wait_any(tx, 0b011, OnExit::Clear, Timeout::Forever))?;
            app.log.note(task, bits)?;
            // Only what was waited for is cleared.
            let bits = task.transaction(|tx| app.group.get(tx))?;
            app.log.note(task, bits)?;
            let end = task.transaction(|tx| app.group.wait_all(tx, 0b101, OnExit::Clear, Timeout::None));
            app.log.note_end(task, end)?;
            let end = task.transaction(|tx| app.group.wait_any(tx, 0b001, OnExit::Clear, 3.millis()));
            app.log.note_end(task, end)?;
            let bits = task.transaction(|tx| app.group.get(tx))?;
            app.log.note(task, bits)
        }
    }
    assert_eq!(
        run_timed::<Ready>(),
        [
            (0, "task", 0b101),
            (0, "task", 0b101),
            (0, "task", 0b100),
            (0, "task", code(Outcome::Empty)),
            (3, "task", code(Outcome::Timeout)),
            (3, "task", 0b100),
        ]
    );
}

program! {
    Rendezvous |objects| { group: EventGroup = objects.event_group("group")? }
    "a", 1 => |task, app| { meet(task, app, 0b001, 2) }
    "b", 2 => |task, app| { meet(task, app, 0b010, 5) }
    "c", 3 => |task, app| { meet(task, app, 0b100, 1) }
}

/// Meets the others twice, each time after some work.
fn meet<B: Board>(task: &mut Task<B>, app: &Rendezvous, mine: u32, work: u32) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..2u8 => {
        task.delay(work)?;
        let bits = task.transaction(|tx| app.group.sync(tx, mine, 0b111, Timeout::Forever))?;
        app.log.note(task, bits)?;
    });
    let bits = task.transaction(|tx| app.group.get(tx))?;
    app.log.note(task, bits)
}

#[test]
fn three_tasks_meet_and_all_bits_are_cleared_once() {
    let noted = run_timed::<Rendezvous>();
    let at = |tick, value| ["c", "b", "a"].map(|name| (tick, name, value));
    // The last that comes is `b`, which goes on when `c` has.
    assert_eq!(noted[..3], at(5, 0b111), "{noted:?}");
    assert_eq!(noted.iter().filter(|(tick, ..)| *tick == 10).count(), 6);
    assert_eq!(noted.iter().filter(|(.., value)| *value == 0).count(), 3);
}

#[test]
fn a_meeting_takes_place_whatever_is_cut() {
    cut_everywhere::<Rendezvous>(EXACT);
    cut_everywhere::<Rendezvous>(Settings {
        accesses_per_tick: 60,
        ..EXACT
    });
}

#[test]
fn who_gives_up_a_meeting_leaves_its_bits_set() {
    program! {
        TooLate |objects| { group: EventGroup = objects.event_group("group")? }
        "early", 1 => |task, app| {
            let end = task.transaction(|tx| app.group.sync(tx, 0b01, 0b11, Timeout::Ticks(4)));
            app.log.note_end(task, end)?;
            let end = task.transaction(|tx| app.group.sync(tx, 0b01, 0b11, Timeout::None));
            app.log.note_end(task, end)
        }
        "late", 1 => |task, app| {
            task.delay(9)?;
            let bits = task.transaction(|tx| app.group.sync(tx, 0b10, 0b11, Timeout::Forever))?;
            app.log.note(task, bits)?;
            let bits = task.transaction(|tx| app.group.get(tx))?;
            app.log.note(task, bits)
        }
    }
    assert_eq!(
        run_timed::<TooLate>(),
        [
            (4, "early", code(Outcome::Timeout)),
            (4, "early", code(Outcome::Empty)),
            (9, "late", 0b11),
            (9, "late", 0)
        ]
    );
}

program! {
    Many |objects| { group: EventGroup = objects.event_group("group")? }
    "a", 1 => |task, app| { wait(task, app, 0b0001, OnExit::Keep) }
    "b", 2 => |task, app| { wait(task, app, 0b0011, OnExit::Clear) }
    "c", 3 => |task, app| { wait(task, app, 0b0110, OnExit::Keep) }
    "d", 4 => |task, app| { wait(task, app, 0b0001, OnExit::Clear) }
    "unmet", 5 => |task, app| { wait(task, app, 0b1000, OnExit::Clear) }
    "setter", 1 => |task, app| {
        task.delay(1)?;
        let left = task.transaction(|tx| app.group.set(tx, 0b0111))?;
        app.log.note(task, left)?;
        let left = task.transaction(|tx| app.group.set(tx, 0b1000))?;
        app.log.note(task, left)
    }
}

fn wait<B: Board>(task: &mut Task<B>, app: &Many, bits: u32, on_exit: OnExit) -> Result<(), Error> {
    let bits = task.transaction(|tx| app.group.wait_all(tx, bits, on_exit, Timeout::Forever))?;
    app.log.note(task, bits)
}

#[test]
fn all_whose_bits_are_set_are_woken_and_none_misses_what_another_clears() {
    assert_eq!(
        run::<Many>(),
        [
            ("d", 0b0111),
            ("c", 0b0111),
            ("b", 0b0111),
            ("setter", 0b0100),
            ("unmet", 0b1100),
            ("setter", 0b0100),
            ("a", 0b0111),
        ]
    );
}

#[test]
fn many_are_woken_at_once_whatever_is_cut() {
    cut_everywhere::<Many>(EXACT);
}

#[test]
fn a_meeting_wakes_others_who_wait_for_its_bits() {
    program! {
        Onlookers |objects| { group: EventGroup = objects.event_group("group")? }
        "a", 3 => |task, app| { look(task, app) }
        "b", 3 => |task, app| { look(task, app) }
        "c", 3 => |task, app| { look(task, app) }
        "meets", 2 => |task, app| {
            let bits = task.transaction(|tx| app.group.sync(tx, 0b01, 0b11, Timeout::Forever))?;
            app.log.note(task, bits)
        }
        "last", 1 => |task, app| {
            let bits = task.transaction(|tx| app.group.sync(tx, 0b10, 0b11, Timeout::Forever))?;
            app.log.note(task, bits)
        }
    }

    fn look<B: Board>(task: &mut Task<B>, app: &Onlookers) -> Result<(), Error> {
        let bits =
            task.transaction(|tx| app.group.wait_any(tx, 0b01, OnExit::Keep, Timeout::Forever))?;
        app.log.note(task, bits)
    }

    assert_eq!(
        run::<Onlookers>(),
        [("a", 1), ("b", 1), ("c", 1), ("meets", 3), ("last", 3)]
    );
}

#[test]
fn a_deleted_group_wakes_all_and_answers_nothing_more() {
    program! {
        Gone |objects| { group: EventGroup = objects.event_group("group")? }
        "a", 2 => |task, app| {
            let end = task.transaction(|tx| app.group.wait_any(tx, 1, OnExit::Keep, Timeout::Forever));
            app.log.note_end(task, end)
        }
        "b", 2 => |task, app| {
            let end = task.transaction(|tx| app.group.sync(tx, 4, 7, Timeout::Ticks(100)));
            app.log.note_end(task, end)
        }
        "deleter", 1 => |task, app| {
            task.transaction(|tx| app.group.delete(tx))?;
            let ends = [
                task.transaction(|tx| app.group.delete(tx)),
                task.transaction(|tx| app.group.set(tx, 1).map(drop)),
                task.transaction(|tx| app.group.clear(tx, 1).map(drop)),
                task.transaction(|tx| app.group.get(tx).map(drop)),
                task.transaction(|tx| app.group.wait_any(tx, 1, OnExit::Keep, Timeout::None).map(drop)),
                task.transaction(|tx| app.group.sync(tx, 1, 1, Timeout::None).map(drop)),
            ];
            for end in ends {
                app.log.note_end(task, end)?;
            }
            Ok(())
        }
    }
    let gone = code(Outcome::Deleted);
    let noted = run::<Gone>();
    assert_eq!(noted[..2], [("a", gone), ("b", gone)]);
    assert_eq!(noted[2..], [("deleter", gone); 6]);
}

#[test]
fn there_are_24_bits() {
    program! {
        Bits |objects| { group: EventGroup = objects.event_group("group")? }
        "task", 1 => |task, app| {
            let all = task.transaction(|tx| app.group.set(tx, 0x00FF_FFFF))?;
            app.log.note(task, all)?;
            let ends = [
                task.transaction(|tx| app.group.set(tx, 1 << 24).map(drop)),
                task.transaction(|tx| app.group.clear(tx, 1 << 25).map(drop)),
                task.transaction(|tx| app.group.wait_any(tx, 0, OnExit::Keep, Timeout::Forever).map(drop)),
                task.transaction(|tx| app.group.wait_all(tx, 1 << 31, OnExit::Keep, Timeout::Forever).map(drop)),
                task.transaction(|tx| app.group.sync(tx, 1 << 24, 1, Timeout::Forever).map(drop)),
                task.transaction(|tx| app.group.sync(tx, 1, 0, Timeout::Forever).map(drop)),
            ];
            for end in ends {
                app.log.note_end(task, end)?;
            }
            let all = task.transaction(|tx| app.group.get(tx))?;
            app.log.note(task, all)
        }
    }
    let noted = run::<Bits>();
    assert_eq!(noted[0], ("task", 0x00FF_FFFF));
    assert_eq!(noted[1..7], [("task", code(Outcome::Invalid)); 6]);
    assert_eq!(noted[7], ("task", 0x00FF_FFFF));
}

#[test]
fn who_waits_and_is_suspended_or_deleted_does_not_clear_for_others() {
    program! {
        Dropped |objects| { group: EventGroup = objects.event_group("group")? }
        "deleted", 2 => |task, app| {
            task.transaction(|tx| app.group.wait_any(tx, 1, OnExit::Clear, Timeout::Forever))?;
            app.log.note(task, 999)
        }
        "suspended", 2 => |task, app| {
            let bits = task.transaction(|tx| app.group.wait_any(tx, 2, OnExit::Clear, Timeout::Forever))?;
            app.log.note(task, bits)
        }
        "setter", 1 => |task, app| {
            task.transaction(|tx| id(tx, "deleted")?.delete(tx))?;
            task.transaction(|tx| id(tx, "suspended")?.suspend(tx))?;
            // One that is suspended waits still.
            let left = task.transaction(|tx| app.group.set(tx, 3))?;
            app.log.note(task, left)?;
            task.transaction(|tx| id(tx, "suspended")?.resume(tx))
        }
    }
    assert_eq!(run::<Dropped>(), [("setter", 1), ("suspended", 3)]);
}
