//! Mutexes: exclusion, the order of those who wait, and what becomes of mutexes when tasks go.

use crate::common::program::{
    EXACT, Log, code, cut_everywhere, failure_of, id, note_priority, run, run_timed,
};
use intos::host::{HostError, Settings};
use intos::prelude::*;

/// Adds one twice, each time in two transactions, which only a mutex keeps together.
fn add_two<B: Board>(task: &mut Task<B>, mutex: Mutex, shared: Offset<u32>) -> Result<(), Error> {
    nv_for_loop!(task, i in 0..2u8 => {
        let mut guard = mutex.lock(task, Timeout::Forever)?;
        let before = guard.transaction(|tx| Ok(tx.get(shared)?))?;
        guard.yield_now();
        guard.delay(1)?;
        guard.transaction(|tx| Ok(tx.set(shared, before + 1)?))?;
        // Else it is given back when the guard is dropped.
        if i == 1 {
            guard.unlock()?;
        }
    });
    Ok(())
}

program! {
    Exclusion |objects| { mutex: Mutex = objects.mutex("mutex")?, shared: Offset<u32> = objects.object("shared", 0)? }
    "a", 1 => |task, app| { add_two(task, app.mutex, app.shared) }
    "b", 1 => |task, app| { add_two(task, app.mutex, app.shared) }
    "c", 2 => |task, app| { add_two(task, app.mutex, app.shared) }
    "judge", 0 => |task, app| {
        task.delay(100)?;
        let sum = task.transaction(|tx| Ok(tx.get(app.shared)?))?;
        app.log.note(task, sum)
    }
}

#[test]
fn a_mutex_excludes_from_lock_to_unlock_or_to_the_end_of_its_guard() {
    assert_eq!(run::<Exclusion>(), [("judge", 6)]);
}

#[test]
fn a_mutex_excludes_whatever_is_cut() {
    cut_everywhere::<Exclusion>(EXACT);
    cut_everywhere::<Exclusion>(Settings {
        preempt_one_in: 7,
        ..EXACT
    });
}

#[test]
fn a_lock_that_cannot_be_had_says_why() {
    program! {
        Refused |objects| { mutex: Mutex = objects.mutex("mutex")? }
        "owner", 1 => |task, app| {
            let mut guard = app.mutex.lock(task, Timeout::Forever)?;
            let again = app.mutex.lock(&mut *guard, Timeout::Forever).map(drop);
            app.log.note_end(&mut guard, again)?;
            let again = app.mutex.try_lock(&mut *guard).map(drop);
            app.log.note_end(&mut guard, again)?;
            guard.delay(10)?;
            guard.unlock()?;
            let free = app.mutex.try_lock(task).map(drop);
            app.log.note_end(task, free)
        }
        "other", 1 => |task, app| {
            let end = app.mutex.try_lock(task).map(drop);
            app.log.note_end(task, end)?;
            let end = app.mutex.lock(task, Timeout::None).map(drop);
            app.log.note_end(task, end)?;
            let end = app.mutex.lock(task, 4.millis()).map(drop);
            app.log.note_end(task, end)?;
            let end = app.mutex.lock(task, Timeout::Ticks(20)).map(drop);
            app.log.note_end(task, end)
        }
    }
    assert_eq!(
        run_timed::<Refused>(),
        [
            (0, "owner", code(Outcome::HeldAlready)),
            (0, "owner", code(Outcome::HeldAlready)),
            (0, "other", code(Outcome::Empty)),
            (0, "other", code(Outcome::Empty)),
            (4, "other", code(Outcome::Timeout)),
            (10, "owner", code(Outcome::Empty)),
            (10, "other", 0),
        ]
    );
}

#[test]
fn waiters_come_by_priority_and_equals_in_turn() {
    program! {
        Order |objects| { mutex: Mutex = objects.mutex("mutex")? }
        "owner", 1 => |task, app| {
            let mut guard = app.mutex.lock(task, Timeout::Forever)?;
            guard.delay(10)?;
            // One that waits becomes the most urgent of them.
            guard.transaction(|tx| id(tx, "last")?.set_priority(tx, 5))?;
            note_priority(&mut guard, app, "owner")?;
            guard.unlock()
        }
        "early", 2 => |task, app| { task.delay(1)?; take(task, app.log, app.mutex) }
        "late", 2 => |task, app| { task.delay(3)?; take(task, app.log, app.mutex) }
        "urgent", 4 => |task, app| { task.delay(4)?; take(task, app.log, app.mutex) }
        "last", 1 => |task, app| { task.delay(5)?; take(task, app.log, app.mutex) }
    }

    fn take<B: Board>(task: &mut Task<B>, log: Log, mutex: Mutex) -> Result<(), Error> {
        let mut guard = mutex.lock(task, Timeout::Forever)?;
        log.note(&mut guard, 0)?;
        guard.delay(1)
    }

    assert_eq!(
        run_timed::<Order>(),
        [
            (10, "owner", 5),
            (10, "last", 0),
            (11, "urgent", 0),
            (12, "early", 0),
            (13, "late", 0)
        ]
    );
}

#[test]
fn a_recursive_mutex_is_free_when_each_guard_is_dropped() {
    program! {
        Recursive |objects| { mutex: RecursiveMutex = objects.recursive_mutex("mutex")? }
        "owner", 1 => |task, app| {
            let mut first = app.mutex.lock(task, Timeout::Forever)?;
            let mut second = app.mutex.lock(&mut *first, Timeout::Forever)?;
            let third = app.mutex.lock(&mut *second, Timeout::Forever)?;
            third.unlock()?;
            second.delay(3)?;
            app.log.note(&mut second, 1)?;
            drop(second);
            first.delay(3)?;
            app.log.note(&mut first, 2)
        }
        "other", 2 => |task, app| {
            task.delay(1)?;
            let mut guard = app.mutex.lock(task, Timeout::Forever)?;
            app.log.note(&mut guard, 3)
        }
    }
    assert_eq!(
        run_timed::<Recursive>(),
        [(3, "owner", 1), (6, "owner", 2), (6, "other", 3)]
    );
}

#[test]
fn a_recursive_mutex_is_held_250_times_at_most() {
    program! {
        Deep |objects| { mutex: RecursiveMutex = objects.recursive_mutex("mutex")? }
        "owner", 1 => |task, app| {
            nv_for_loop!(task, _i in 0..250u32 => {
                core::mem::forget(app.mutex.lock(task, Timeout::Forever)?);
            });
            let end = app.mutex.lock(task, Timeout::Forever).map(drop);
            app.log.note_end(task, end)
        }
    }
    assert_eq!(run::<Deep>(), [("owner", code(Outcome::Overflow))]);
}

#[test]
fn a_deleted_mutex_wakes_all_who_wait_and_lowers_its_holder() {
    program! {
        Gone |objects| { mutex: Mutex = objects.mutex("mutex")? }
        "holder", 1 => |task, app| {
            let mut guard = app.mutex.lock(task, Timeout::Forever)?;
            guard.delay(2)?;
            note_priority(&mut guard, app, "holder")?;
            guard.transaction(|tx| app.mutex.delete(tx))?;
            note_priority(&mut guard, app, "holder")?;
            let end = guard.unlock();
            app.log.note_end(task, end)?;
            let end = task.transaction(|tx| app.mutex.delete(tx));
            app.log.note_end(task, end)
        }
        "a", 2 => |task, app| { expect_the_end(task, app.log, app.mutex) }
        "b", 3 => |task, app| { expect_the_end(task, app.log, app.mutex) }
        "c", 4 => |task, app| { expect_the_end(task, app.log, app.mutex) }
    }

    fn expect_the_end<B: Board>(task: &mut Task<B>, log: Log, mutex: Mutex) -> Result<(), Error> {
        task.delay(1)?;
        let end = mutex.lock(task, Timeout::Forever).map(drop);
        log.note_end(task, end)?;
        let end = mutex.try_lock(task).map(drop);
        log.note_end(task, end)
    }

    let gone = code(Outcome::Deleted);
    assert_eq!(
        run::<Gone>(),
        [
            ("holder", 4),
            ("c", gone),
            ("c", gone),
            ("b", gone),
            ("b", gone),
            ("a", gone),
            ("a", gone),
            ("holder", 1),
            ("holder", gone),
            ("holder", gone)
        ]
    );
}

program! {
    Heirs |objects| {
        wanted: Mutex = objects.mutex("wanted")?,
        spare: Mutex = objects.mutex("spare")?,
    }
    "ends", 1 => |task, app| {
        core::mem::forget(app.wanted.lock(task, Timeout::Forever)?);
        core::mem::forget(app.spare.lock(task, Timeout::Forever)?);
        task.delay(5)
    }
    "heir", 2 => |task, app| {
        task.delay(1)?;
        core::mem::forget(app.wanted.lock(task, Timeout::Forever)?);
        app.log.note(task, 1)?;
        // Nobody had waited for it.
        core::mem::forget(app.spare.try_lock(task)?);
        task.delay(100)?;
        app.log.note(task, 999)
    }
    "deleter", 3 => |task, app| {
        task.delay(10)?;
        task.transaction(|tx| id(tx, "heir")?.delete(tx))?;
        app.log.note(task, 2)
    }
    "last", 1 => |task, app| {
        task.delay(2)?;
        let mut guard = app.wanted.lock(task, Timeout::Forever)?;
        app.log.note(&mut guard, 3)?;
        app.spare.try_lock(&mut *guard)?.unlock()
    }
}

#[test]
fn the_mutexes_of_a_task_that_goes_are_the_next_ones() {
    assert_eq!(
        run_timed::<Heirs>(),
        [(5, "heir", 1), (10, "deleter", 2), (10, "last", 3)]
    );
}

#[test]
fn mutexes_are_handed_over_whatever_is_cut() {
    cut_everywhere::<Heirs>(EXACT);
}

#[test]
fn who_waits_in_a_ring_is_named() {
    program! {
        Ring |objects| { first: Mutex = objects.mutex("first")?, second: Mutex = objects.mutex("second")? }
        "left", 1 => |task, app| {
            let mut guard = app.first.lock(task, Timeout::Forever)?;
            guard.delay(1)?;
            app.second.lock(&mut *guard, Timeout::Forever)?.unlock()
        }
        "right", 2 => |task, app| {
            let mut guard = app.second.lock(task, Timeout::Forever)?;
            guard.delay(1)?;
            app.first.lock(&mut *guard, Timeout::Forever)?.unlock()
        }
    }
    let failure = failure_of::<Ring>();
    assert_eq!(
        failure,
        HostError::Deadlock {
            tasks: vec!["left", "right"]
        }
    );
    let text = failure.to_string();
    assert!(text.contains("left, right"), "{text}");
}
