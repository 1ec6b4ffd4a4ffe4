//! Tasks that are suspended and resumed, whatever they do meanwhile.

use crate::common::program::{EXACT, code, cut_everywhere, id, run_timed};
use intos::prelude::*;

program! {
    Suspended |objects| { queue: Queue<u32> = objects.queue("queue", 1)? }
    "ready", 1 => |task, app| {
        app.log.note(task, 1)?;
        task.delay(20)
    }
    "delayed", 3 => |task, app| {
        task.delay(4)?;
        app.log.note(task, 2)
    }
    "blocked", 3 => |task, app| {
        let item = task.transaction(|tx| app.queue.receive(tx, Timeout::Forever))?;
        app.log.note(task, item)
    }
    "waits in time", 3 => |task, app| {
        let end = task.transaction(|tx| app.queue.receive(tx, Timeout::Ticks(5)));
        app.log.note_end(task, end)
    }
    "itself", 4 => |task, app| {
        task.transaction(|tx| tx.this_task()?.suspend(tx))?;
        app.log.note(task, 4)
    }
    "controller", 2 => |task, app| {
        for name in ["ready", "delayed", "blocked", "waits in time"] {
            task.transaction(|tx| id(tx, name)?.suspend(tx))?;
        }
        task.transaction(|tx| id(tx, "itself")?.resume(tx))?;
        for name in ["ready", "delayed", "blocked", "waits in time"] {
            let is = task.transaction(|tx| Ok(id(tx, name)?.state(tx)? == TaskState::Suspended))?;
            app.log.note(task, u32::from(is))?;
        }
        task.delay(2)?;
        // The first one that waits gets it, suspended though it is.
        task.transaction(|tx| app.queue.send(tx, 3, Timeout::None))?;
        task.delay(8)?;
        for name in ["ready", "delayed", "blocked", "waits in time"] {
            task.transaction(|tx| id(tx, name)?.resume(tx))?;
        }
        // Which is not suspended any more.
        task.transaction(|tx| id(tx, "ready")?.resume(tx))?;
        app.log.note(task, 10)
    }
}

#[test]
fn suspended_tasks_do_not_run_until_they_are_resumed() {
    assert_eq!(
        run_timed::<Suspended>(),
        [
            (0, "itself", 4),
            (0, "controller", 1),
            (0, "controller", 1),
            (0, "controller", 1),
            (0, "controller", 1),
            (10, "delayed", 2),
            (10, "blocked", 3),
            (10, "waits in time", code(Outcome::Timeout)),
            (10, "controller", 10),
            (10, "ready", 1),
        ]
    );
}

#[test]
fn suspension_survives_every_cut() {
    cut_everywhere::<Suspended>(EXACT);
}

#[test]
fn a_task_that_is_resumed_before_its_time_sleeps_on() {
    program! {
        SleepsOn |objects| {}
        "sleeper", 1 => |task, app| {
            task.delay(10)?;
            app.log.note(task, 1)
        }
        "controller", 2 => |task, app| {
            task.delay(1)?;
            task.transaction(|tx| id(tx, "sleeper")?.suspend(tx))?;
            task.delay(1)?;
            let delayed = task.transaction(|tx| {
                id(tx, "sleeper")?.resume(tx)?;
                Ok(id(tx, "sleeper")?.state(tx)? == TaskState::Delayed)
            })?;
            app.log.note(task, u32::from(delayed))
        }
    }
    assert_eq!(
        run_timed::<SleepsOn>(),
        [(2, "controller", 1), (10, "sleeper", 1)]
    );
}
