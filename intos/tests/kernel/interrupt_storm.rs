//! Interrupts at any access to the NVM, that give to every kind of object, and power cuts at any store.

use crate::common::program::{EXACT, end, run_with};
use crate::common::{Depth, explore};
use intos::TaskIndex;
use intos::host::Settings;
use intos::prelude::*;

program! {
    Stormy |objects| {
        queue: Queue<u32> = objects.queue("queue", 1)?,
        units: Semaphore = objects.semaphore("units", 0, 1)?,
        group: EventGroup = objects.event_group("group")?,
        stream: StreamBuffer = objects.stream_buffer("stream", 3)?,
        messages: MessageBuffer = objects.message_buffer("messages", 4)?,
        timers: Timers = objects.timers("timers")?,
        timer: Timer = objects.timer("timer", timers, Repeat::OneShot, 1, 2)?,
    }
    also {
        /// Offers something at each object; whoever had enough of it leaves it.
        fn interrupt(&self, isr: &mut Interrupt<'_, B>, _: u8) -> Result<(), Error> {
            end(self.queue.send_from_isr(isr, 1))?;
            end(self.units.release_from_isr(isr))?;
            self.group.set_from_isr(isr, 0b11)?;
            end(self.stream.write_from_isr(isr, b"abab"))?;
            end(self.messages.send_from_isr(isr, b"ab"))?;
            end(TaskId::new(TaskIndex(5), 0).notify_from_isr(isr, Notify::SetBits(1)))?;
            end(TaskId::new(TaskIndex(6), 0).resume_from_isr(isr))?;
            end(self.timer.start_from_isr(isr)).map(drop)
        }
    }
    "receives", 1 => |task, app| {
        nv_for_loop!(task, _i in 0..2u8 => {
            let item = task.transaction(|tx| app.queue.receive(tx, Timeout::Forever))?;
            app.log.note(task, item)?;
        });
        Ok(())
    }
    "acquires", 2 => |task, app| {
        nv_for_loop!(task, i in 0..2u32 => {
            task.transaction(|tx| app.units.acquire(tx, Timeout::Forever))?;
            app.log.note(task, i)?;
        });
        Ok(())
    }
    "waits for bits", 3 => |task, app| {
        nv_for_loop!(task, _i in 0..2u8 => {
            let bits = task.transaction(|tx| app.group.wait_all(tx, 0b11, OnExit::Clear, Timeout::Forever))?;
            app.log.note(task, bits)?;
        });
        Ok(())
    }
    "reads", 2 => |task, app| {
        nv_for_loop!(task, _i in 0..2u8 => {
            let bytes = task.transaction(|tx| app.stream.read::<2>(tx, 2, Timeout::Forever))?;
            app.log.note(task, bytes.len() as u32)?;
        });
        Ok(())
    }
    "receives messages", 1 => |task, app| {
        nv_for_loop!(task, _i in 0..2u8 => {
            let message = task.transaction(|tx| app.messages.receive::<2>(tx, Timeout::Forever))?;
            app.log.note(task, u32::from(&*message == b"ab"))?;
        });
        Ok(())
    }
    "is notified", 3 => |task, app| {
        nv_for_loop!(task, _i in 0..2u8 => {
            let value = task.transaction(|tx| Notification::take_all(tx, Timeout::Forever))?;
            app.log.note(task, value)?;
        });
        Ok(())
    }
    "is resumed", 4 => |task, app| {
        nv_for_loop!(task, i in 0..2u32 => {
            task.transaction(|tx| tx.this_task()?.suspend(tx))?;
            app.log.note(task, i)?;
        });
        Ok(())
    }
    "serves a timer", 3 => |task, app| {
        task.serve_timers(app.timers, |task, number| {
            app.log.note(task, number.into())?;
            Ok(false)
        })
    }
}

#[test]
fn interrupts_at_any_access_and_cuts_at_any_store_lose_nothing() {
    let expected = 7 * 2 + 1;
    for seed in 1..4 {
        let settings = Settings {
            interrupt_one_in: 15,
            preempt_one_in: 30,
            seed,
            ..EXACT
        };
        let noted = run_with::<Stormy>(settings);
        assert_eq!(noted.len(), expected, "{noted:?}");
        let depth = Depth {
            second_cuts: 0,
            later_cuts: 0,
        };
        explore::<Stormy>("a storm of interrupts", settings, depth).unwrap();
    }
}
