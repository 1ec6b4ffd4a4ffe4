//! Queues beyond send and receive: the front, mailboxes, onlookers, reset, deletion; and semaphores that go.

use crate::common::program::{EXACT, Log, code, cut_everywhere, id, run, run_timed};
use intos::host::Settings;
use intos::prelude::*;

/// Receives an item, and notes it.
fn receive<B: Board>(task: &mut Task<B>, log: Log, queue: Queue<u32>) -> Result<(), Error> {
    let item = task.transaction(|tx| queue.receive(tx, Timeout::Forever))?;
    log.note(task, item)
}

/// Takes all items that are there, and notes them.
fn drain<B: Board>(task: &mut Task<B>, log: Log, queue: Queue<u32>) -> Result<(), Error> {
    nv_loop!(task => {
        match task.transaction(|tx| queue.try_receive(tx)) {
            Ok(item) => log.note(task, item)?,
            Err(error) if error.is(Outcome::Empty) => break,
            Err(other) => return Err(other),
        }
    });
    Ok(())
}

#[test]
fn what_is_sent_to_the_front_comes_first() {
    program! {
        Front |objects| { queue: Queue<u32> = objects.queue("queue", 3)? }
        "task", 1 => |task, app| {
            task.transaction(|tx| {
                app.queue.send_to_front(tx, 1, Timeout::None)?;
                app.queue.send(tx, 2, Timeout::None)?;
                app.queue.send_to_front(tx, 3, Timeout::None)
            })?;
            let full = task.transaction(|tx| app.queue.send_to_front(tx, 4, Timeout::None));
            app.log.note_end(task, full)?;
            let full = task.transaction(|tx| app.queue.try_send(tx, 4));
            app.log.note_end(task, full)?;
            drain(task, app.log, app.queue)
        }
    }
    let full = code(Outcome::Full);
    assert_eq!(
        run::<Front>(),
        [full, full, 3, 1, 2].map(|value| ("task", value))
    );
}

program! {
    Waiting |objects| { queue: Queue<u32> = objects.queue("queue", 2)? }
    "to the back", 2 => |task, app| {
        nv_for_loop!(task, i in 10..14u32 => {
            task.transaction(|tx| app.queue.send(tx, i, Timeout::Forever))?;
        });
        Ok(())
    }
    "to the front", 3 => |task, app| {
        task.delay(1)?;
        task.transaction(|tx| app.queue.send_to_front(tx, 20, Timeout::Forever))
    }
    "receiver", 1 => |task, app| {
        task.delay(2)?;
        nv_for_loop!(task, _i in 0..5u8 => { receive(task, app.log, app.queue)?; });
        Ok(())
    }
}

#[test]
fn who_waits_to_send_to_the_front_gets_there() {
    let items: Vec<u32> = run::<Waiting>().iter().map(|(_, item)| *item).collect();
    assert_eq!(items, [10, 20, 11, 12, 13]);
}

#[test]
fn items_for_both_ends_come_once_whatever_is_cut() {
    for accesses_per_tick in [0, 60] {
        cut_everywhere::<Waiting>(Settings {
            accesses_per_tick,
            ..EXACT
        });
    }
}

program! {
    Mailbox |objects| { queue: Queue<u32> = objects.queue("mailbox", 1)? }
    "sender", 2 => |task, app| {
        task.transaction(|tx| app.queue.overwrite(tx, 1))?;
        task.transaction(|tx| app.queue.overwrite(tx, 2))?;
        task.delay(1)?;
        task.transaction(|tx| app.queue.overwrite(tx, 3))?;
        task.delay(1)?;
        // The receiver waits: it gets it.
        task.transaction(|tx| app.queue.overwrite(tx, 4))
    }
    "receiver", 1 => |task, app| {
        let seen = task.transaction(|tx| app.queue.peek(tx, Timeout::None))?;
        app.log.note(task, seen)?;
        receive(task, app.log, app.queue)?;
        task.delay(1)?;
        receive(task, app.log, app.queue)?;
        receive(task, app.log, app.queue)
    }
}

#[test]
fn a_mailbox_holds_the_latest() {
    let items: Vec<u32> = run::<Mailbox>().iter().map(|(_, item)| *item).collect();
    assert_eq!(items, [2, 2, 3, 4]);
}

#[test]
fn a_mailbox_survives_every_cut() {
    cut_everywhere::<Mailbox>(EXACT);
}

#[test]
fn an_overwritten_item_is_the_last() {
    program! {
        Last |objects| { queue: Queue<u32> = objects.queue("queue", 3)? }
        "task", 1 => |task, app| {
            // Around the end of the slots.
            task.transaction(|tx| app.queue.send(tx, 0, Timeout::None))?;
            task.transaction(|tx| app.queue.try_receive(tx))?;
            task.transaction(|tx| {
                for item in 1..=5 {
                    app.queue.overwrite(tx, item)?;
                }
                Ok(())
            })?;
            drain(task, app.log, app.queue)
        }
    }
    assert_eq!(run::<Last>(), [1, 2, 5].map(|item| ("task", item)));
}

program! {
    Onlookers |objects| { queue: Queue<u32> = objects.queue("queue", 2)? }
    "looks", 2 => |task, app| { peek(task, app) }
    "looks too", 5 => |task, app| { peek(task, app) }
    "third", 1 => |task, app| { peek(task, app) }
    "receives", 6 => |task, app| { receive(task, app.log, app.queue) }
    "gives up", 3 => |task, app| {
        let end = task.transaction(|tx| app.queue.peek(tx, Timeout::Ticks(1)));
        app.log.note_end(task, end)
    }
    "sender", 1 => |task, app| {
        task.delay(2)?;
        let free = task.transaction(|tx| {
            app.queue.send(tx, 7, Timeout::None)?;
            app.queue.send(tx, 8, Timeout::None)?;
            Ok(app.queue.free_slots(tx)? + 10 * app.queue.count(tx)?)
        })?;
        app.log.note(task, free.into())
    }
}

fn peek<B: Board>(task: &mut Task<B>, app: &Onlookers) -> Result<(), Error> {
    let item = task.transaction(|tx| app.queue.peek(tx, Timeout::Forever))?;
    app.log.note(task, item)
}

#[test]
fn all_who_look_get_a_copy_and_the_receiver_gets_the_item() {
    assert_eq!(
        run_timed::<Onlookers>(),
        [
            (1, "gives up", code(Outcome::Timeout)),
            (2, "receives", 7),
            (2, "looks too", 7),
            (2, "looks", 7),
            (2, "sender", 11),
            (2, "third", 7),
        ]
    );
}

#[test]
fn onlookers_see_what_was_sent_whatever_is_cut() {
    cut_everywhere::<Onlookers>(EXACT);
}

#[test]
fn who_looks_alone_leaves_the_item() {
    program! {
        Alone |objects| { queue: Queue<u32> = objects.queue("queue", 1)? }
        "looks", 2 => |task, app| {
            for _ in 0..2 {
                let item = task.transaction(|tx| app.queue.peek(tx, Timeout::Forever))?;
                app.log.note(task, item)?;
            }
            receive(task, app.log, app.queue)?;
            let end = task.transaction(|tx| app.queue.peek(tx, Timeout::None));
            app.log.note_end(task, end)
        }
        "sender", 1 => |task, app| {
            task.transaction(|tx| app.queue.send(tx, 7, Timeout::None))
        }
    }
    let empty = code(Outcome::Empty);
    assert_eq!(
        run::<Alone>(),
        [7, 7, 7, empty].map(|value| ("looks", value))
    );
}

program! {
    Reset |objects| { queue: Queue<u32> = objects.queue("queue", 2)? }
    "a", 2 => |task, app| { send_three(task, app, 10) }
    "b", 3 => |task, app| { task.delay(1)?; send_three(task, app, 20) }
    "c", 4 => |task, app| { task.delay(2)?; send_three(task, app, 30) }
    "resets", 1 => |task, app| {
        task.delay(3)?;
        task.transaction(|tx| app.queue.reset(tx))?;
        task.delay(1)?;
        nv_for_loop!(task, _i in 0..7u8 => { receive(task, app.log, app.queue)?; });
        let count = task.transaction(|tx| app.queue.count(tx))?;
        app.log.note(task, count.into())
    }
}

fn send_three<B: Board>(task: &mut Task<B>, app: &Reset, first: u32) -> Result<(), Error> {
    nv_for_loop!(task, i in 0..3u32 => {
        task.transaction(|tx| app.queue.send(tx, first + i, Timeout::Forever))?;
    });
    Ok(())
}

#[test]
fn a_reset_drops_what_is_there_and_lets_in_who_waits() {
    // Dropped: 10 and 11. In come the first of `c` and of `b`, by priority.
    let items: Vec<u32> = run::<Reset>().iter().map(|(_, item)| *item).collect();
    assert_eq!(items[..2], [30, 20]);
    let mut all = items.clone();
    all.sort_unstable();
    assert_eq!(all, [0, 12, 20, 21, 22, 30, 31, 32]);
}

#[test]
fn a_reset_survives_every_cut() {
    cut_everywhere::<Reset>(EXACT);
}

#[test]
fn a_deleted_queue_wakes_all_and_takes_nothing_more() {
    program! {
        Gone |objects| {
            empty: Queue<u32> = objects.queue("empty", 1)?,
            full: Queue<u32> = objects.queue("full", 1)?,
            units: Semaphore = objects.semaphore("units", 0, 1)?,
        }
        "receives", 2 => |task, app| {
            let end = task.transaction(|tx| app.empty.receive(tx, Timeout::Forever));
            app.log.note_end(task, end)
        }
        "peeks", 2 => |task, app| {
            let end = task.transaction(|tx| app.empty.peek(tx, Timeout::Ticks(100)));
            app.log.note_end(task, end)
        }
        "sends", 2 => |task, app| {
            task.transaction(|tx| app.full.send(tx, 1, Timeout::Forever))?;
            let end = task.transaction(|tx| app.full.send(tx, 2, Timeout::Forever));
            app.log.note_end(task, end)
        }
        "acquires", 2 => |task, app| {
            let end = task.transaction(|tx| app.units.acquire(tx, Timeout::Forever));
            app.log.note_end(task, end)
        }
        "deletes", 1 => |task, app| {
            task.transaction(|tx| {
                app.empty.delete(tx)?;
                app.full.delete(tx)?;
                app.units.delete(tx)
            })?;
            let queue = app.full;
            let ends = [
                task.transaction(|tx| queue.send(tx, 1, Timeout::Forever)),
                task.transaction(|tx| queue.send_to_front(tx, 1, Timeout::Forever)),
                task.transaction(|tx| queue.overwrite(tx, 1)),
                task.transaction(|tx| queue.receive(tx, Timeout::Forever).map(drop)),
                task.transaction(|tx| queue.peek(tx, Timeout::Forever).map(drop)),
                task.transaction(|tx| queue.reset(tx)),
                task.transaction(|tx| queue.delete(tx)),
                task.transaction(|tx| app.units.acquire(tx, Timeout::Forever)),
                task.transaction(|tx| app.units.release(tx)),
                task.transaction(|tx| app.units.delete(tx)),
            ];
            for end in ends {
                app.log.note_end(task, end)?;
            }
            let count = task.transaction(|tx| Ok(queue.count(tx)? + app.units.available(tx)? as u16))?;
            app.log.note(task, count.into())
        }
    }
    let gone = code(Outcome::Deleted);
    let mut expected = vec![
        ("peeks", gone),
        ("receives", gone),
        ("sends", gone),
        ("acquires", gone),
    ];
    expected.extend([("deletes", gone); 10]);
    expected.push(("deletes", 0));
    assert_eq!(run::<Gone>(), expected);
}

#[test]
fn waiters_of_a_queue_go_by_the_priority_that_they_have_now() {
    program! {
        Raised |objects| { queue: Queue<u32> = objects.queue("queue", 1)? }
        "a", 2 => |task, app| { receive(task, app.log, app.queue) }
        "b", 3 => |task, app| { receive(task, app.log, app.queue) }
        "c", 2 => |task, app| { receive(task, app.log, app.queue) }
        "sender", 1 => |task, app| {
            task.transaction(|tx| id(tx, "c")?.set_priority(tx, 5))?;
            task.transaction(|tx| id(tx, "b")?.set_priority(tx, 1))?;
            nv_for_loop!(task, i in 0..3u32 => {
                task.transaction(|tx| app.queue.send(tx, i, Timeout::None))?;
            });
            Ok(())
        }
    }
    let mut noted = run::<Raised>();
    noted.sort_by_key(|(_, item)| *item);
    assert_eq!(noted, [("c", 0), ("a", 1), ("b", 2)]);
}
