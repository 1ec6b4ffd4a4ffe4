//! Software timers: each expiry is served once, at its tick, or as soon as the serving task can.

use crate::common::program::{EXACT, Log, code, cut_everywhere, run, run_timed};
use intos::host::Settings;
use intos::prelude::*;

/// Serves timers until one with the number `last` expires; notes each.
fn serve<B: Board>(task: &mut Task<B>, log: Log, timers: Timers, last: u16) -> Result<(), Error> {
    task.serve_timers(timers, |task, number| {
        log.note(task, number.into())?;
        Ok(number != last)
    })
}

program! {
    Both |objects| {
        timers: Timers = objects.timers("timers")?,
        once: Timer = objects.timer("once", timers, Repeat::OneShot, 1, 7)?,
        again: Timer = objects.timer("again", timers, Repeat::AutoReload, 2, 5)?,
        last: Timer = objects.timer("last", timers, Repeat::OneShot, 9, 22)?,
    }
    "server", 2 => |task, app| { serve(task, app.log, app.timers, 9) }
    "starter", 1 => |task, app| {
        task.transaction(|tx| {
            app.once.start(tx)?;
            app.again.start(tx)?;
            app.last.start(tx)
        })?;
        let active = task.transaction(|tx| app.once.is_active(tx))?;
        app.log.note(task, u32::from(active))?;
        task.delay(8)?;
        let (once, again) = task.transaction(|tx| Ok((app.once.is_active(tx)?, app.again.is_active(tx)?)))?;
        app.log.note(task, u32::from(once) + 10 * u32::from(again))
    }
}

#[test]
fn a_timer_expires_once_or_again_and_again_at_its_ticks() {
    assert_eq!(
        run_timed::<Both>(),
        [
            (0, "starter", 1),
            (5, "server", 2),
            (7, "server", 1),
            (8, "starter", 10),
            (10, "server", 2),
            (15, "server", 2),
            (20, "server", 2),
            (22, "server", 9),
        ]
    );
}

#[test]
fn each_expiry_is_served_once_whatever_is_cut() {
    cut_everywhere::<Both>(EXACT);
}

program! {
    Late |objects| {
        timers: Timers = objects.timers("timers")?,
        often: Timer = objects.timer("often", timers, Repeat::AutoReload, 1, 3)?,
        once: Timer = objects.timer("once", timers, Repeat::OneShot, 9, 10)?,
    }
    "server", 2 => |task, app| {
        task.transaction(|tx| {
            app.often.start(tx)?;
            app.once.start(tx)
        })?;
        // It is busy, and finds the expiries in the order in which they were due.
        task.delay(11)?;
        serve(task, app.log, app.timers, 9)?;
        nv_for_loop!(task, _i in 0..2u8 => {
            let next = task.transaction(|tx| app.timers.next(tx, Timeout::Forever))?;
            app.log.note(task, next.map_or(0, u32::from))?;
        });
        Ok(())
    }
}

#[test]
fn a_late_server_catches_up() {
    assert_eq!(
        run_timed::<Late>(),
        [
            (11, "server", 1),
            (11, "server", 1),
            (11, "server", 1),
            (11, "server", 9),
            // It looks again when the time has come, which is not an expiry yet.
            (12, "server", 0),
            (12, "server", 1),
        ]
    );
}

#[test]
fn a_late_server_catches_up_whatever_is_cut() {
    cut_everywhere::<Late>(EXACT);
}

#[test]
fn a_timer_is_stopped_reset_and_given_another_period() {
    program! {
        Changed |objects| {
            timers: Timers = objects.timers("timers")?,
            stopped: Timer = objects.timer("stopped", timers, Repeat::AutoReload, 1, 4)?,
            reset: Timer = objects.timer("reset", timers, Repeat::OneShot, 2, 6)?,
            changed: Timer = objects.timer("changed", timers, Repeat::AutoReload, 3, 100)?,
            last: Timer = objects.timer("last", timers, Repeat::OneShot, 9, 1)?,
        }
        "server", 2 => |task, app| { serve(task, app.log, app.timers, 9) }
        "controller", 1 => |task, app| {
            task.transaction(|tx| {
                app.stopped.start(tx)?;
                app.reset.start(tx)?;
                app.changed.start(tx)
            })?;
            task.delay(5)?;
            task.transaction(|tx| {
                app.stopped.stop(tx)?;
                app.stopped.stop(tx)?;
                app.reset.reset(tx)?;
                app.changed.change_period(tx, 8.millis())
            })?;
            task.delay(17)?;
            let ends = [
                task.transaction(|tx| app.last.change_period(tx, 0)),
                task.transaction(|tx| app.last.change_period(tx, intos::MAX_PERIOD + 1)),
                task.transaction(|tx| app.last.change_period(tx, 2)),
            ];
            for end in ends {
                app.log.note_end(task, end)?;
            }
            Ok(())
        }
    }
    let invalid = code(Outcome::Invalid);
    assert_eq!(
        run_timed::<Changed>(),
        [
            (4, "server", 1),
            (11, "server", 2),
            (13, "server", 3),
            (21, "server", 3),
            (22, "controller", invalid),
            (22, "controller", invalid),
            (22, "controller", 0),
            (24, "server", 9),
        ]
    );
}

#[test]
fn timers_that_are_due_together_all_expire() {
    program! {
        Together |objects| {
            timers: Timers = objects.timers("timers")?,
            a: Timer = objects.timer("a", timers, Repeat::OneShot, 1, 6)?,
            b: Timer = objects.timer("b", timers, Repeat::AutoReload, 2, 3)?,
            c: Timer = objects.timer("c", timers, Repeat::OneShot, 9, 6)?,
        }
        "server", 2 => |task, app| { serve(task, app.log, app.timers, 9) }
        "starter", 1 => |task, app| {
            task.transaction(|tx| { app.a.start(tx)?; app.b.start(tx)?; app.c.start(tx) })
        }
    }
    // Equals in the order in which their expiries were set.
    assert_eq!(
        run_timed::<Together>(),
        [(3, "server", 2), (6, "server", 1), (6, "server", 9)]
    );
}

#[test]
fn a_timer_that_is_due_earlier_wakes_the_server_in_time() {
    program! {
        Earlier |objects| {
            timers: Timers = objects.timers("timers")?,
            far: Timer = objects.timer("far", timers, Repeat::OneShot, 9, 1_000)?,
            near: Timer = objects.timer("near", timers, Repeat::OneShot, 1, 5)?,
        }
        "server", 2 => |task, app| { serve(task, app.log, app.timers, 9) }
        "starter", 1 => |task, app| {
            // Nothing runs yet: the server waits without a limit.
            task.delay(3)?;
            task.transaction(|tx| app.far.start(tx))?;
            task.delay(1)?;
            task.transaction(|tx| app.near.start(tx))
        }
    }
    assert_eq!(
        run_timed::<Earlier>(),
        [(9, "server", 1), (1_003, "server", 9)]
    );
}

#[test]
fn a_second_server_is_told_that_there_is_one() {
    program! {
        Two |objects| {
            timers: Timers = objects.timers("timers")?,
            timer: Timer = objects.timer("timer", timers, Repeat::OneShot, 9, 5)?,
        }
        "first", 1 => |task, app| {
            task.transaction(|tx| app.timer.start(tx))?;
            serve(task, app.log, app.timers, 9)
        }
        "second", 1 => |task, app| {
            let end = serve(task, app.log, app.timers, 9);
            app.log.note_end(task, end)
        }
    }
    assert_eq!(
        run::<Two>(),
        [("second", code(Outcome::Busy)), ("first", 9)]
    );
}

#[test]
fn timers_go_on_across_the_end_of_the_ticks_range() {
    program! {
        Wraps |objects| {
            timers: Timers = objects.timers("timers")?,
            often: Timer = objects.timer("often", timers, Repeat::AutoReload, 1, 4)?,
            last: Timer = objects.timer("last", timers, Repeat::OneShot, 9, 13)?,
        }
        "server", 2 => |task, app| { serve(task, app.log, app.timers, 9) }
        "starter", 1 => |task, app| {
            task.delay_until(1 << 30)?;
            task.delay_until((1 << 31) + (1 << 29))?;
            task.delay_until(u32::MAX - 5)?;
            task.transaction(|tx| { app.often.start(tx)?; app.last.start(tx) })
        }
    }
    assert_eq!(
        run_timed::<Wraps>(),
        [
            (u32::MAX - 1, "server", 1),
            (2, "server", 1),
            (6, "server", 1),
            (7, "server", 9)
        ]
    );
}

program! {
    Endless |objects| {
        timers: Timers = objects.timers("timers")?,
        timer: Timer = objects.timer("timer", timers, Repeat::AutoReload, 1, 2)?,
        served: Offset<u32> = objects.object("served", 0)?,
    }
    "server", 2 => |task, app| {
        task.transaction(|tx| app.timer.start(tx))?;
        task.serve_timers(app.timers, |task, _| {
            // More calls than would have room in the tables, had they to be kept.
            let served = task.transaction(|tx| {
                tx.update(app.served, |served| served + 1)?;
                Ok(tx.get(app.served)?)
            })?;
            Ok(served < 200)
        })?;
        let now = task.transaction(|tx| tx.now())?;
        app.log.note(task, now)
    }
}

#[test]
fn serving_takes_no_room_however_long() {
    assert_eq!(run::<Endless>(), [("server", 400)]);
    // Time goes on while it serves.
    let busy = Settings {
        accesses_per_tick: 40,
        ..EXACT
    };
    let noted = crate::common::program::run_with::<Endless>(busy);
    assert!((400..460).contains(&noted[0].1), "{noted:?}");
}
