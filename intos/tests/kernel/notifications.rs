//! Notifications: a value and a flag of each task's own, which others change.

use crate::common::program::{EXACT, code, cut_everywhere, id, run, run_timed};
use intos::host::Settings;
use intos::prelude::*;

/// Notifies the task `waiter`.
fn notify<B: Board>(task: &mut Task<B>, what: Notify) -> Result<(), Error> {
    task.transaction(|tx| id(tx, "waiter")?.notify(tx, what))
}

program! {
    Counting |objects| {}
    "waiter", 2 => |task, app| {
        let one = task.transaction(|tx| Notification::take(tx, Timeout::Forever))?;
        app.log.note(task, one)?;
        task.delay(5)?;
        for _ in 0..2 {
            let some = task.transaction(|tx| Notification::take(tx, Timeout::Forever))?;
            app.log.note(task, some)?;
        }
        let all = task.transaction(|tx| Notification::take_all(tx, Timeout::Forever))?;
        app.log.note(task, all)?;
        let none = task.transaction(|tx| Notification::take(tx, Timeout::None));
        app.log.note_end(task, none)?;
        let none = task.transaction(|tx| Notification::take_all(tx, 3.millis()));
        app.log.note_end(task, none)?;
        let all = task.transaction(|tx| Notification::take_all(tx, Timeout::Forever))?;
        app.log.note(task, all)
    }
    "giver", 1 => |task, app| {
        app.log.note(task, 99)?;
        nv_for_loop!(task, _i in 0..5u8 => {
            task.transaction(|tx| id(tx, "waiter")?.give(tx))?;
        });
        task.delay(10)?;
        notify(task, Notify::SetBits(6))
    }
}

#[test]
fn a_task_takes_what_others_give_as_from_a_semaphore() {
    assert_eq!(
        run_timed::<Counting>(),
        [
            (0, "giver", 99),
            (0, "waiter", 1),
            (5, "waiter", 4),
            (5, "waiter", 3),
            (5, "waiter", 2),
            (5, "waiter", code(Outcome::Empty)),
            (8, "waiter", code(Outcome::Timeout)),
            (10, "waiter", 6),
        ]
    );
}

program! {
    Given |objects| {}
    "waiter", 2 => |task, app| {
        nv_for_loop!(task, _i in 0..6u8 => {
            let before = task.transaction(|tx| Notification::take(tx, Timeout::Forever))?;
            app.log.note(task, u32::from(before > 0))?;
        });
        let none = task.transaction(|tx| Notification::take(tx, Timeout::None));
        app.log.note_end(task, none)
    }
    "giver", 1 => |task, _| { give_three(task) }
    "another", 2 => |task, _| { give_three(task) }
}

fn give_three<B: Board>(task: &mut Task<B>) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..3u8 => {
        task.transaction(|tx| id(tx, "waiter")?.give(tx))?;
    });
    Ok(())
}

#[test]
fn each_notification_is_taken_once_whatever_is_cut() {
    for accesses_per_tick in [0, 60] {
        cut_everywhere::<Given>(Settings {
            accesses_per_tick,
            ..EXACT
        });
    }
}

#[test]
fn each_action_changes_the_value_in_its_way() {
    program! {
        Actions |objects| {}
        "waiter", 2 => |task, app| {
            for _ in 0..9 {
                let value = task.transaction(|tx| Notification::wait(tx, 0, 0, Timeout::Forever))?;
                app.log.note(task, value)?;
            }
            Ok(())
        }
        "notifier", 1 => |task, _| {
            for what in [
                Notify::Nothing,
                Notify::Increment,
                Notify::Increment,
                Notify::SetBits(0b1100),
                Notify::Overwrite(7),
                Notify::SetIfNonePending(9),
                Notify::Overwrite(u32::MAX - 1),
                Notify::Increment,
                // It stays at the largest value.
                Notify::Increment,
            ] {
                notify(task, what)?;
            }
            Ok(())
        }
    }
    let values: Vec<u32> = run::<Actions>().iter().map(|(_, value)| *value).collect();
    assert_eq!(
        values,
        [0, 1, 2, 0b1110, 7, 9, u32::MAX - 1, u32::MAX, u32::MAX]
    );
}

#[test]
fn what_is_pending_is_not_waited_for_and_may_not_be_replaced() {
    program! {
        Pending |objects| {}
        "notifier", 2 => |task, app| {
            notify(task, Notify::SetIfNonePending(5))?;
            let end = notify(task, Notify::SetIfNonePending(6));
            app.log.note_end(task, end)?;
            notify(task, Notify::SetBits(0b11000))?;
            task.delay(1)?;
            let end = notify(task, Notify::SetIfNonePending(6));
            app.log.note_end(task, end)
        }
        "waiter", 1 => |task, app| {
            // Two notifications are one; bits are cleared before only where none is pending.
            let value = task.transaction(|tx| Notification::wait(tx, u32::MAX, 0b1000, Timeout::Forever))?;
            app.log.note(task, value)?;
            let end = task.transaction(|tx| Notification::wait(tx, 0, 0, Timeout::None));
            app.log.note_end(task, end)?;
            let end = task.transaction(|tx| Notification::wait(tx, 0b1, u32::MAX, Timeout::None));
            app.log.note_end(task, end)?;
            task.delay(2)?;
            let value = task.transaction(|tx| Notification::wait(tx, 0, u32::MAX, Timeout::Forever))?;
            app.log.note(task, value)?;
            let end = task.transaction(|tx| Notification::take(tx, Timeout::None));
            app.log.note_end(task, end)?;
            let end = task.transaction(|tx| Notification::wait(tx, 0, 0, Timeout::Ticks(4)));
            app.log.note_end(task, end)
        }
    }
    assert_eq!(
        run_timed::<Pending>(),
        [
            (0, "notifier", code(Outcome::Overflow)),
            (0, "waiter", 0b11101),
            (0, "waiter", code(Outcome::Empty)),
            (0, "waiter", code(Outcome::Empty)),
            (1, "notifier", 0),
            (2, "waiter", 6),
            (2, "waiter", code(Outcome::Empty)),
            (6, "waiter", code(Outcome::Timeout)),
        ]
    );
}

#[test]
fn bits_that_are_cleared_before_the_wait_are_gone_when_it_ends() {
    program! {
        Cleared |objects| {}
        "waiter", 2 => |task, app| {
            notify(task, Notify::SetBits(0b0111))?;
            task.transaction(|tx| Notification::wait(tx, 0, 0, Timeout::None))?;
            let value = task.transaction(|tx| Notification::wait(tx, 0b0011, 0, Timeout::Forever))?;
            app.log.note(task, value)
        }
        "notifier", 1 => |task, _| { notify(task, Notify::SetBits(0b1000)) }
    }
    assert_eq!(run::<Cleared>(), [("waiter", 0b1100)]);
}

#[test]
fn a_task_that_blocks_elsewhere_is_notified_without_being_woken() {
    program! {
        Elsewhere |objects| { units: Semaphore = objects.semaphore("units", 0, 1)? }
        "waiter", 2 => |task, app| {
            let end = task.transaction(|tx| app.units.acquire(tx, Timeout::Ticks(5)));
            app.log.note_end(task, end)?;
            let value = task.transaction(|tx| Notification::take(tx, Timeout::Forever))?;
            app.log.note(task, value)
        }
        "notifier", 1 => |task, _| { notify(task, Notify::Increment) }
    }
    assert_eq!(
        run_timed::<Elsewhere>(),
        [(5, "waiter", code(Outcome::Timeout)), (5, "waiter", 1)]
    );
}

#[test]
fn a_notification_that_does_not_count_wakes_nobody_who_takes() {
    program! {
        Uncounted |objects| {}
        "waiter", 2 => |task, app| {
            let value = task.transaction(|tx| Notification::take(tx, Timeout::Forever))?;
            app.log.note(task, value)
        }
        "notifier", 1 => |task, app| {
            notify(task, Notify::Nothing)?;
            app.log.note(task, 0)?;
            notify(task, Notify::Increment)
        }
    }
    assert_eq!(run::<Uncounted>(), [("notifier", 0), ("waiter", 1)]);
}

#[test]
fn a_task_that_has_ended_cannot_be_notified() {
    program! {
        Ended |objects| {}
        "waiter", 2 => |_, _| { Ok(()) }
        "notifier", 1 => |task, app| {
            let end = notify(task, Notify::Increment);
            app.log.note_end(task, end)?;
            let end = task.transaction(|tx| {
                TaskId::new(intos::TaskIndex(40), 0).give(tx)
            });
            app.log.note_end(task, end)
        }
    }
    assert_eq!(run::<Ended>(), [("notifier", code(Outcome::NoSuchTask)); 2]);
}

#[test]
fn a_notification_of_its_own_wakes_a_task_at_once_that_is_more_urgent() {
    program! {
        AtOnce |objects| {}
        "waiter", 2 => |task, app| {
            task.transaction(|tx| Notification::wait(tx, 0, 0, Timeout::Forever))?;
            app.log.note(task, 1)
        }
        "notifier", 1 => |task, app| {
            task.transaction(|tx| {
                id(tx, "waiter")?.notify(tx, Notify::Nothing)?;
                app.log.note_in(tx, 2)
            })
        }
    }
    assert_eq!(run::<AtOnce>(), [("waiter", 1), ("notifier", 2)]);
}
