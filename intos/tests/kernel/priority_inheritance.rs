//! Who holds a mutex inherits the priority of those who wait for it, along chains of holders.

use crate::common::program::{EXACT, code, cut_everywhere, id, note_priority, run, run_timed};
use intos::prelude::*;

program! {
    Inheritance |objects| { mutex: Mutex = objects.mutex("mutex")? }
    "low", 1 => |task, app| {
        let mut guard = app.mutex.lock(task, Timeout::Forever)?;
        note_priority(&mut guard, app, "low")?;
        guard.delay(5)?;
        note_priority(&mut guard, app, "low")?;
        guard.unlock()?;
        note_priority(task, app, "low")
    }
    "middle", 3 => |task, app| {
        task.delay(2)?;
        // Would keep the processor from `low`, if that had not inherited.
        app.log.note(task, 100)?;
        task.delay(3)?;
        app.log.note(task, 101)
    }
    "high", 5 => |task, app| {
        task.delay(1)?;
        let mut guard = app.mutex.lock(task, Timeout::Forever)?;
        app.log.note(&mut guard, 200)
    }
}

#[test]
fn a_low_priority_owner_inherits_from_who_waits_until_it_unlocks() {
    assert_eq!(
        run_timed::<Inheritance>(),
        [
            (0, "low", 1),
            (2, "middle", 100),
            (5, "low", 5),
            (5, "high", 200),
            (5, "middle", 101),
            (5, "low", 1),
        ]
    );
}

#[test]
fn inheritance_survives_every_cut() {
    cut_everywhere::<Inheritance>(EXACT);
}

program! {
    Chain |objects| { first: Mutex = objects.mutex("first")?, second: Mutex = objects.mutex("second")? }
    "low", 1 => |task, app| {
        let mut guard = app.second.lock(task, Timeout::Forever)?;
        guard.delay(5)?;
        note_priority(&mut guard, app, "low")?;
        note_priority(&mut guard, app, "middle")?;
        guard.unlock()?;
        note_priority(task, app, "low")
    }
    "middle", 3 => |task, app| {
        task.delay(1)?;
        let mut guard = app.first.lock(task, Timeout::Forever)?;
        let both = app.second.lock(&mut *guard, Timeout::Forever)?;
        both.unlock()?;
        note_priority(&mut guard, app, "middle")?;
        guard.unlock()?;
        note_priority(task, app, "middle")
    }
    "high", 6 => |task, app| {
        task.delay(2)?;
        let mut guard = app.first.lock(task, Timeout::Forever)?;
        app.log.note(&mut guard, 200)
    }
}

#[test]
fn a_low_priority_owner_inherits_through_a_chain() {
    assert_eq!(
        run_timed::<Chain>(),
        [
            (5, "low", 6),
            (5, "low", 6),
            (5, "middle", 6),
            (5, "high", 200),
            (5, "middle", 3),
            (5, "low", 1),
        ]
    );
}

#[test]
fn chains_of_owners_survive_every_cut() {
    cut_everywhere::<Chain>(EXACT);
}

#[test]
fn what_was_inherited_goes_when_the_waiter_gives_up() {
    program! {
        GivesUp |objects| { first: Mutex = objects.mutex("first")?, second: Mutex = objects.mutex("second")? }
        "low", 1 => |task, app| {
            let mut guard = app.second.lock(task, Timeout::Forever)?;
            guard.delay(5)?;
            note_priority(&mut guard, app, "low")?;
            guard.delay(5)?;
            note_priority(&mut guard, app, "low")?;
            guard.delay(5)?;
            note_priority(&mut guard, app, "low")
        }
        "middle", 3 => |task, app| {
            task.delay(1)?;
            let mut guard = app.first.lock(task, Timeout::Forever)?;
            let both = app.second.lock(&mut *guard, Timeout::Ticks(13)).map(drop);
            app.log.note_end(&mut guard, both)
        }
        "high", 6 => |task, app| {
            task.delay(2)?;
            let end = app.first.lock(task, Timeout::Ticks(7)).map(drop);
            app.log.note_end(task, end)
        }
    }
    assert_eq!(
        run_timed::<GivesUp>(),
        [
            (5, "low", 6),
            (9, "high", code(Outcome::Timeout)),
            (10, "low", 3),
            (14, "middle", code(Outcome::Timeout)),
            (15, "low", 1),
        ]
    );
}

#[test]
fn what_was_inherited_goes_when_the_waiter_is_deleted() {
    program! {
        Deleted |objects| { first: Mutex = objects.mutex("first")?, second: Mutex = objects.mutex("second")? }
        "low", 1 => |task, app| {
            let mut guard = app.second.lock(task, Timeout::Forever)?;
            guard.delay(5)?;
            note_priority(&mut guard, app, "low")?;
            guard.transaction(|tx| id(tx, "high")?.delete(tx))?;
            note_priority(&mut guard, app, "low")?;
            guard.transaction(|tx| id(tx, "middle")?.delete(tx))?;
            note_priority(&mut guard, app, "low")?;
            guard.unlock()?;
            // The one that was deleted held it.
            let mut guard = app.first.try_lock(task)?;
            app.log.note(&mut guard, 0)
        }
        "middle", 3 => |task, app| {
            task.delay(1)?;
            let mut guard = app.first.lock(task, Timeout::Forever)?;
            app.second.lock(&mut *guard, Timeout::Forever)?.unlock()
        }
        "high", 6 => |task, app| {
            task.delay(2)?;
            app.first.lock(task, Timeout::Forever)?.unlock()
        }
    }
    assert_eq!(
        run::<Deleted>(),
        [("low", 6), ("low", 3), ("low", 1), ("low", 0)]
    );
}

#[test]
fn of_two_mutexes_the_one_that_is_held_still_keeps_its_priority() {
    program! {
        Two |objects| { first: Mutex = objects.mutex("first")?, second: Mutex = objects.mutex("second")? }
        "low", 1 => |task, app| {
            let mut outer = app.first.lock(task, Timeout::Forever)?;
            let mut inner = app.second.lock(&mut *outer, Timeout::Forever)?;
            inner.delay(5)?;
            note_priority(&mut inner, app, "low")?;
            inner.unlock()?;
            note_priority(&mut outer, app, "low")?;
            outer.unlock()?;
            note_priority(task, app, "low")
        }
        "three", 3 => |task, app| {
            task.delay(1)?;
            let mut guard = app.first.lock(task, Timeout::Forever)?;
            app.log.note(&mut guard, 100)
        }
        "six", 6 => |task, app| {
            task.delay(2)?;
            let mut guard = app.second.lock(task, Timeout::Forever)?;
            app.log.note(&mut guard, 200)
        }
    }
    assert_eq!(
        run::<Two>(),
        [
            ("low", 6),
            ("six", 200),
            ("low", 3),
            ("three", 100),
            ("low", 1)
        ]
    );
}

#[test]
fn what_is_given_back_in_another_order_keeps_the_priority_of_the_rest() {
    program! {
        Crossed |objects| { first: Mutex = objects.mutex("first")?, second: Mutex = objects.mutex("second")? }
        "low", 1 => |task, app| {
            let mut outer = app.first.lock(task, Timeout::Forever)?;
            core::mem::forget(app.second.lock(&mut *outer, Timeout::Forever)?);
            outer.delay(5)?;
            note_priority(&mut outer, app, "low")?;
            outer.unlock()?;
            // The second is held still.
            note_priority(task, app, "low")
        }
        "three", 3 => |task, app| {
            task.delay(1)?;
            let mut guard = app.first.lock(task, Timeout::Forever)?;
            app.log.note(&mut guard, 100)
        }
        "six", 6 => |task, app| {
            task.delay(2)?;
            let mut guard = app.second.lock(task, Timeout::Forever)?;
            app.log.note(&mut guard, 200)
        }
    }
    assert_eq!(
        run::<Crossed>(),
        [("low", 6), ("low", 6), ("six", 200), ("three", 100)]
    );
}

#[test]
fn a_priority_that_is_set_meanwhile_counts_when_what_was_inherited_goes() {
    program! {
        SetMeanwhile |objects| { mutex: Mutex = objects.mutex("mutex")? }
        "low", 1 => |task, app| {
            let mut guard = app.mutex.lock(task, Timeout::Forever)?;
            guard.delay(2)?;
            guard.transaction(|tx| tx.this_task()?.set_priority(tx, 3))?;
            note_priority(&mut guard, app, "low")?;
            // Above what it has inherited.
            guard.transaction(|tx| tx.this_task()?.set_priority(tx, 7))?;
            note_priority(&mut guard, app, "low")?;
            guard.transaction(|tx| tx.this_task()?.set_priority(tx, 2))?;
            note_priority(&mut guard, app, "low")?;
            guard.unlock()?;
            note_priority(task, app, "low")
        }
        "high", 5 => |task, app| {
            task.delay(1)?;
            app.mutex.lock(task, Timeout::Forever)?.unlock()
        }
    }
    assert_eq!(
        run::<SetMeanwhile>(),
        [5, 7, 5, 2].map(|value| ("low", value))
    );
}

#[test]
fn who_gets_the_mutex_inherits_from_those_who_wait_still() {
    program! {
        Heir |objects| { mutex: Mutex = objects.mutex("mutex")? }
        "owner", 1 => |task, app| {
            let mut guard = app.mutex.lock(task, Timeout::Forever)?;
            guard.delay(2)?;
            guard.unlock()
        }
        "heir", 5 => |task, app| {
            task.delay(1)?;
            let mut guard = app.mutex.lock(task, Timeout::Forever)?;
            guard.transaction(|tx| tx.this_task()?.set_priority(tx, 1))?;
            note_priority(&mut guard, app, "heir")?;
            guard.unlock()?;
            note_priority(task, app, "heir")
        }
        "waits still", 4 => |task, app| {
            task.delay(1)?;
            let mut guard = app.mutex.lock(task, Timeout::Forever)?;
            app.log.note(&mut guard, 0)
        }
    }
    assert_eq!(
        run::<Heir>(),
        [("heir", 4), ("waits still", 0), ("heir", 1)]
    );
}

#[test]
fn a_holder_that_is_suspended_inherits_and_goes_on_with_it() {
    program! {
        Held |objects| { mutex: Mutex = objects.mutex("mutex")? }
        "low", 1 => |task, app| {
            let mut guard = app.mutex.lock(task, Timeout::Forever)?;
            guard.transaction(|tx| tx.this_task()?.suspend(tx))?;
            note_priority(&mut guard, app, "low")
        }
        "high", 5 => |task, app| {
            task.delay(1)?;
            let mut guard = app.mutex.lock(task, Timeout::Forever)?;
            app.log.note(&mut guard, 0)
        }
        "middle", 3 => |task, app| {
            task.delay(2)?;
            task.transaction(|tx| id(tx, "low")?.resume(tx))?;
            app.log.note(task, 0)
        }
    }
    assert_eq!(run::<Held>(), [("low", 5), ("high", 0), ("middle", 0)]);
}
