//! Tasks that are created and deleted.

use crate::common::program::{EXACT, Logged, code, cut_everywhere, failure_of, id, run, run_with};
use intos::host::Settings;
use intos::prelude::*;
use intos::{ErrorKind, Variant, with_broken};

persist! {
    /// What a worker is told.
    struct Order { first: u32, count: u32 }
}

const WORKER: TaskKind<Order> = TaskKind::at(1);
const OTHER: TaskKind<u32> = TaskKind::at(2);

/// Creates a worker.
fn create<B: Board>(task: &mut Task<B>, first: u32, count: u32) -> Result<TaskId, Error> {
    task.transaction(|tx| tx.create(WORKER, Order { first, count }))
}

/// Notes so many numbers, one a tick.
fn count<B: Board>(task: &mut Task<B>, app: &impl Logged) -> Result<(), Error> {
    let order = task.argument(WORKER)?;
    nv_for_loop!(task, i in 0..order.count => {
        app.log().note(task, order.first + i)?;
        task.delay(1)?;
    });
    Ok(())
}

program! {
    Created |objects| {}
    "creator", 3 => |task, app| {
        let first = create(task, 10, 2)?;
        let second = create(task, 20, 1)?;
        let third = create(task, 30, 1).map(drop);
        app.log.note_end(task, third)?;
        task.delay(5)?;
        // Both have ended: their slots are free, their names are nobody's.
        let stale = task.transaction(|tx| first.suspend(tx));
        app.log.note_end(task, stale)?;
        let again = create(task, 40, 1)?;
        app.log.note(task, u32::from(again.index() == first.index() && again != first))?;
        let stale = task.transaction(|tx| first.delete(tx));
        app.log.note_end(task, stale)?;
        let wrong = task.transaction(|tx| second.priority(tx).map(|_| ()));
        app.log.note_end(task, wrong)?;
        task.delay(5)
    }
    (WORKER, 2) "worker", 1 => |task, app| { count(task, app) }
}

#[test]
fn tasks_are_created_with_an_argument_in_slots_that_are_used_again() {
    assert_eq!(
        run::<Created>(),
        [
            ("creator", code(Outcome::NoFreeSlot)),
            ("worker", 10),
            ("worker", 20),
            ("worker", 11),
            ("creator", code(Outcome::NoSuchTask)),
            ("creator", 1),
            ("creator", code(Outcome::NoSuchTask)),
            ("creator", code(Outcome::NoSuchTask)),
            ("worker", 40),
        ]
    );
}

#[test]
fn tasks_are_created_once_whatever_is_cut() {
    cut_everywhere::<Created>(EXACT);
}

#[test]
fn a_more_urgent_task_runs_as_soon_as_it_is_created() {
    program! {
        Urgent |objects| {}
        "creator", 1 => |task, app| {
            app.log.note(task, 1)?;
            create(task, 10, 1)?;
            app.log.note(task, 2)
        }
        (WORKER, 1) "worker", 2 => |task, app| { count(task, app) }
    }
    assert_eq!(
        run::<Urgent>(),
        [("creator", 1), ("worker", 10), ("creator", 2)]
    );
}

#[test]
fn an_argument_of_another_kind_is_an_error() {
    program! {
        WrongKind |objects| {}
        "creator", 1 => |task, app| {
            let wrong = task.argument(WORKER).map(|_| ());
            app.log.note(task, u32::from(wrong.is_err_and(|error| error.kind() == ErrorKind::WrongKind { index: 0 })))?;
            // The table has no task of that kind.
            task.transaction(|tx| tx.create(OTHER, 7)).map(|_| ())
        }
        (WORKER, 1) "worker", 2 => |task, app| { count(task, app) }
    }
    let text = failure_of::<WrongKind>().to_string();
    assert!(
        text.contains("`creator`") && text.contains("kind"),
        "{text}"
    );
}

program! {
    MidTransaction |objects| {
        words: Offset<[u32; 2]> = objects.object("words", [1, 1])?,
        gate: Semaphore = objects.semaphore("gate", 0, 1)?,
    }
    "victim", 1 => |task, app| {
        task.transaction(|tx| Ok(tx.set(app.words, [2, 2])?))?;
        task.transaction(|tx| {
            tx.set(app.words, [3, 3])?;
            // It blocks with what it wrote not committed.
            app.gate.acquire(tx, Timeout::Forever)?;
            Ok(tx.set(app.words, [4, 4])?)
        })
    }
    "deleter", 2 => |task, app| {
        task.delay(1)?;
        let seen = task.transaction(|tx| {
            id(tx, "victim")?.delete(tx)?;
            app.gate.release(tx)?;
            Ok(tx.get(app.words)?[1])
        })?;
        app.log.note(task, seen)?;
        let (state, free) = task.transaction(|tx| {
            Ok((id(tx, "victim")?.state(tx)? == TaskState::Ended, app.gate.available(tx)?))
        })?;
        app.log.note(task, u32::from(state))?;
        app.log.note(task, free)
    }
}

#[test]
fn what_a_deleted_task_had_not_committed_is_rolled_back() {
    assert_eq!(
        run::<MidTransaction>(),
        [("deleter", 2), ("deleter", 1), ("deleter", 1)]
    );
}

#[test]
fn a_kernel_that_does_not_roll_it_back_is_caught() {
    let noted = with_broken(Variant::BuriesWithoutRollBack, run::<MidTransaction>);
    assert_ne!(noted.first(), Some(&("deleter", 2)));
}

#[test]
fn a_deletion_in_mid_transaction_survives_every_cut() {
    cut_everywhere::<MidTransaction>(EXACT);
}

#[test]
fn a_preempted_task_that_is_deleted_leaves_nothing_of_its_transaction() {
    program! {
        Preempted |objects| { word: Offset<u32> = objects.object("word", 1)? }
        "victim", 1 => |task, app| {
            task.transaction(|tx| {
                tx.set(app.word, 2)?;
                for _ in 0..10_000 {
                    tx.get(app.word)?;
                }
                Ok(())
            })
        }
        "deleter", 2 => |task, app| {
            task.delay(3)?;
            task.transaction(|tx| id(tx, "victim")?.delete(tx))?;
            let seen = task.transaction(|tx| Ok(tx.get(app.word)?))?;
            app.log.note(task, seen)
        }
    }
    let settings = Settings {
        accesses_per_tick: 100,
        ..EXACT
    };
    assert_eq!(run_with::<Preempted>(settings), [("deleter", 1)]);
}

program! {
    Again |objects| { gate: Semaphore = objects.semaphore("gate", 0, 1)? }
    "creator", 2 => |task, app| {
        nv_for_loop!(task, i in 0..4u32 => {
            let worker = create(task, 10 * i, 1)?;
            let state = task.transaction(|tx| {
                // Each is ready, delayed, blocked or suspended when it goes.
                match i {
                    0 => {}
                    1 => tx.delay(1)?,
                    2 => {
                        app.gate.release(tx)?;
                        tx.delay(1)?;
                    }
                    _ => worker.suspend(tx)?,
                }
                let state = worker.state(tx)?;
                worker.delete(tx)?;
                Ok(match state {
                    TaskState::Ready => 0,
                    TaskState::Delayed => 1,
                    TaskState::Blocked { .. } => 2,
                    TaskState::Suspended => 3,
                    TaskState::Ended => 4,
                })
            })?;
            app.log.note(task, state)?;
        });
        create(task, 90, 0).map(drop)
    }
    (WORKER, 1) "worker", 1 => |task, app| {
        let order = task.argument(WORKER)?;
        app.log.note(task, order.first)?;
        if order.count > 0 {
            match task.transaction(|tx| app.gate.try_acquire(tx)) {
                Ok(()) => task.transaction(|tx| app.gate.acquire(tx, Timeout::Forever))?,
                Err(_) => task.delay(100)?,
            }
        }
        Ok(())
    }
}

#[test]
fn whatever_a_task_does_when_it_is_deleted_its_slot_is_used_again() {
    assert_eq!(
        run::<Again>(),
        [
            ("creator", 0),
            ("worker", 10),
            ("creator", 1),
            ("worker", 20),
            ("creator", 2),
            ("creator", 3),
            ("worker", 90)
        ]
    );
}

#[test]
fn slots_are_used_again_whatever_is_cut() {
    cut_everywhere::<Again>(EXACT);
}

#[test]
fn the_item_of_a_deleted_sender_does_not_come() {
    program! {
        Sender |objects| { queue: Queue<u32> = objects.queue("queue", 1)? }
        "victim", 2 => |task, app| {
            task.transaction(|tx| {
                app.queue.send(tx, 1, Timeout::Forever)?;
                app.queue.send(tx, 2, Timeout::Forever)
            })
        }
        "second", 2 => |task, app| {
            task.transaction(|tx| app.queue.send(tx, 3, Timeout::Forever))
        }
        "deleter", 1 => |task, app| {
            task.transaction(|tx| id(tx, "victim")?.delete(tx))?;
            for _ in 0..2 {
                let item = task.transaction(|tx| app.queue.receive(tx, Timeout::Forever))?;
                app.log.note(task, item)?;
            }
            let end = task.transaction(|tx| app.queue.try_receive(tx));
            app.log.note_end(task, end)
        }
    }
    assert_eq!(
        run::<Sender>(),
        [
            ("deleter", 1),
            ("deleter", 3),
            ("deleter", code(Outcome::Empty))
        ]
    );
}

#[test]
fn a_task_cannot_delete_itself_but_ends_by_returning() {
    program! {
        Itself |objects| {}
        "task", 1 => |task, app| {
            let end = task.transaction(|tx| tx.this_task()?.delete(tx));
            app.log.note_end(task, end)
        }
    }
    assert_eq!(run::<Itself>(), [("task", code(Outcome::Invalid))]);
}
