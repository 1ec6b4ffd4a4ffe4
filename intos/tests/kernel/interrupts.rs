//! Interrupt handlers: their calls, whom they wake, and when they run.

use std::cell::{Cell, RefCell};

use crate::common::Ram;
use crate::common::program::{EXACT, code, end, finish, machine, notes, run_with};
use intos::TaskIndex;
use intos::host::{CycleEnd, Host, HostError, Machine, Settings};
use intos::prelude::*;

program! {
    Every |objects| {
        queue: Queue<u32> = objects.queue("queue", 2)?,
        units: Semaphore = objects.semaphore("units", 0, 1)?,
        group: EventGroup = objects.event_group("group")?,
        stream: StreamBuffer = objects.stream_buffer("stream", 4)?,
        messages: MessageBuffer = objects.message_buffer("messages", 8)?,
        timers: Timers = objects.timers("timers")?,
        timer: Timer = objects.timer("timer", timers, Repeat::OneShot, 3, 10)?,
    }
    also {
        fn interrupt(&self, isr: &mut Interrupt<'_, B>, _: u8) -> Result<(), Error> {
            let (stranger, sleeper) = (TaskId::new(TaskIndex(1), 9), TaskId::new(TaskIndex(1), 0));
            let waiter = TaskId::new(TaskIndex(0), 0);
            let ends = [
                ("send", end(self.queue.send_from_isr(isr, 1))?),
                ("send to the front", end(self.queue.send_to_front_from_isr(isr, 2))?),
                ("send to a full queue", end(self.queue.send_from_isr(isr, 3))?),
                ("overwrite", end(self.queue.overwrite_from_isr(isr, 4))?),
                ("receive the first", self.queue.receive_from_isr(isr)?),
                ("receive the last", self.queue.receive_from_isr(isr)?),
                ("receive from an empty queue", end(self.queue.receive_from_isr(isr))?),
                ("release", end(self.units.release_from_isr(isr))?),
                ("release too much", end(self.units.release_from_isr(isr))?),
                ("acquire", end(self.units.acquire_from_isr(isr))?),
                ("acquire too much", end(self.units.acquire_from_isr(isr))?),
                ("set bits", self.group.set_from_isr(isr, 0b111)?),
                ("clear bits", self.group.clear_from_isr(isr, 0b010)?),
                ("write", self.stream.write_from_isr(isr, b"stream")?.into()),
                ("read", self.stream.read_from_isr::<3>(isr)?.len() as u32),
                ("send a message", end(self.messages.send_from_isr(isr, b"hello"))?),
                ("send one too many", end(self.messages.send_from_isr(isr, b"hello"))?),
                ("receive a message", self.messages.receive_from_isr::<6>(isr)?.len() as u32),
                ("stop a timer", end(self.timer.stop_from_isr(isr))?),
                ("start a timer", end(self.timer.start_from_isr(isr))?),
                ("notify", end(waiter.notify_from_isr(isr, Notify::SetBits(5)))?),
                ("notify nobody", end(stranger.notify_from_isr(isr, Notify::Nothing))?),
                ("resume", end(sleeper.resume_from_isr(isr))?),
                ("resume nobody", end(stranger.resume_from_isr(isr))?),
            ];
            ENDS.with_borrow_mut(|seen| seen.extend(ends));
            Ok(())
        }
    }
    "waits", 2 => |task, app| {
        let value = task.transaction(|tx| Notification::wait(tx, 0, 0, Timeout::Forever))?;
        app.log.note(task, value)?;
        let number = task.transaction(|tx| app.timers.next(tx, Timeout::Forever))?;
        app.log.note(task, number.map_or(0, u32::from))?;
        let number = task.transaction(|tx| app.timers.next(tx, Timeout::Forever))?;
        app.log.note(task, number.map_or(0, u32::from))
    }
    "suspended", 1 => |task, app| {
        task.transaction(|tx| tx.this_task()?.suspend(tx))?;
        app.log.note(task, 1)
    }
}

thread_local! {
    static ENDS: RefCell<Vec<(&'static str, u32)>> = const { RefCell::new(Vec::new()) };
    static IDLED: Cell<u32> = const { Cell::new(0) };
}

#[test]
fn every_call_of_a_handler_does_what_a_tasks_does_without_waiting() {
    use Outcome::{Empty, Full, NoSuchTask, Overflow};

    let machine = machine(EXACT);
    // It comes when both tasks wait.
    let mut switches = 0;
    let end = machine.power_cycle_with::<Every>(false, |_| {
        switches += 1;
        if switches == 3 {
            machine.raise(1);
        }
        true
    });
    assert_eq!(end, Ok(CycleEnd::Ended));
    let expected = [
        ("send", 0),
        ("send to the front", 0),
        ("send to a full queue", code(Full)),
        ("overwrite", 0),
        ("receive the first", 2),
        ("receive the last", 4),
        ("receive from an empty queue", code(Empty)),
        ("release", 0),
        ("release too much", code(Overflow)),
        ("acquire", 0),
        ("acquire too much", code(Empty)),
        ("set bits", 0b111),
        ("clear bits", 0b111),
        ("write", 4),
        ("read", 3),
        ("send a message", 0),
        ("send one too many", code(Full)),
        ("receive a message", 5),
        ("stop a timer", 0),
        ("start a timer", 0),
        ("notify", 0),
        ("notify nobody", code(NoSuchTask)),
        ("resume", 0),
        ("resume nobody", code(NoSuchTask)),
    ];
    assert_eq!(ENDS.with_borrow(Clone::clone), expected);
    assert_eq!(
        notes::<Every>(&machine),
        [("waits", 5), ("suspended", 1), ("waits", 0), ("waits", 3)]
    );
}

program! {
    Woken |objects| {
        units: Semaphore = objects.semaphore("units", 0, 9)?,
        word: Offset<u32> = objects.object("word", 0)?,
    }
    also {
        fn interrupt(&self, isr: &mut Interrupt<'_, B>, _: u8) -> Result<(), Error> {
            self.units.release_from_isr(isr)
        }
    }
    "urgent", 3 => |task, app| {
        task.transaction(|tx| app.units.acquire(tx, Timeout::Forever))?;
        app.log.note(task, 1)
    }
    "busy", 1 => |task, app| {
        task.transaction(|tx| {
            for _ in 0..1_000 {
                tx.get(app.word)?;
            }
            Ok(())
        })?;
        app.log.note(task, 2)
    }
}

#[test]
fn a_handler_wakes_a_more_urgent_task_at_once() {
    let machine = machine(EXACT);
    // Raised before the power is on, it waits until a task runs.
    machine.raise(0);
    finish::<Woken>(&machine);
    assert_eq!(notes::<Woken>(&machine), [("urgent", 1), ("busy", 2)]);
}

program! {
    Asleep |objects| { units: Semaphore = objects.semaphore("units", 0, 9)? }
    also {
        fn interrupt(&self, isr: &mut Interrupt<'_, B>, _: u8) -> Result<(), Error> {
            // There may be more than the tasks want.
            self.units.release_from_isr(isr).or(Ok(()))
        }
    }
    "waits", 1 => |task, app| {
        nv_for_loop!(task, i in 0..3u32 => {
            task.transaction(|tx| app.units.acquire(tx, Timeout::Forever))?;
            app.log.note(task, i)?;
        });
        Ok(())
    }
    "waits in time", 2 => |task, app| {
        nv_for_loop!(task, i in 0..20u32 => {
            match task.transaction(|tx| app.units.acquire(tx, Timeout::Ticks(100))) {
                Ok(()) => {}
                Err(error) if error.is(Outcome::Timeout) => app.log.note(task, i)?,
                Err(other) => return Err(other),
            }
        });
        Ok(())
    }
}

#[test]
fn random_interrupts_come_while_the_processor_sleeps_too() {
    for seed in 1..20 {
        let settings = Settings {
            interrupt_one_in: 1_000_000,
            seed,
            ..EXACT
        };
        let noted = run_with::<Asleep>(settings);
        let waited = noted.iter().filter(|(task, _)| *task == "waits").count();
        assert_eq!(waited, 3);
        assert!(noted.len() < 3 + 20, "each wait was too long: {noted:?}");
    }
}

program! {
    InVain |objects| { units: Semaphore = objects.semaphore("units", 0, 9)? }
    "waits", 1 => |task, app| { task.transaction(|tx| app.units.acquire(tx, Timeout::Forever)) }
}

#[test]
fn a_deadlock_that_no_interrupt_ends_is_told_all_the_same() {
    let settings = Settings {
        interrupt_one_in: 10,
        ..EXACT
    };
    let end = machine(settings).power_cycle::<InVain>();
    let tasks = vec!["waits"];
    assert_eq!(end, Err(HostError::Deadlock { tasks }));
}

program! {
    Failing |objects| { queue: Queue<u32> = objects.queue("queue", 1)? }
    also {
        fn interrupt(&self, isr: &mut Interrupt<'_, B>, _: u8) -> Result<(), Error> {
            self.queue.receive_from_isr(isr).map(drop)
        }
    }
    "task", 1 => |task, _| { task.delay(1) }
}

#[test]
fn a_handler_that_fails_is_named_by_its_number() {
    let machine = machine(EXACT);
    machine.raise(3);
    let failure = machine.power_cycle::<Failing>().unwrap_err();
    let error = Outcome::Empty.into();
    assert_eq!(failure, HostError::InterruptFailed { number: 3, error });
    let text = failure.to_string();
    assert!(text.contains("interrupt 3"), "{text}");
}

/// Has a device that does its work while the processor sleeps.
struct Device {
    units: Semaphore,
    woke_at: Offset<[u32; 2]>,
}

impl<'m> Program<Host<'m, Ram>> for Device {
    const NAME: &'static str = "device";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<&'m Machine<Ram>>) -> Result<Self, Error> {
        Ok(Self {
            units: objects.semaphore("units", 0, 1)?,
            woke_at: objects.object("woke at", [99; 2])?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<Host<'m, Ram>, Self>> {
        let entry = TaskEntry::new("waits", 1, |task, app: &Self| {
            for (cell, timeout) in [(0, Timeout::Ticks(50)), (1, Timeout::Forever)] {
                task.transaction(|tx| app.units.acquire(tx, timeout))?;
                task.transaction(|tx| {
                    let now = tx.now()?;
                    let cell = app.woke_at.element(cell).ok_or(Outcome::Invalid)?;
                    Ok(tx.set(cell, now)?)
                })?;
            }
            Ok(())
        });
        (index == 0).then_some(entry)
    }

    fn interrupt(&self, isr: &mut Interrupt<'_, Host<'m, Ram>>, number: u8) -> Result<(), Error> {
        assert_eq!(number, 7);
        self.units.release_from_isr(isr)
    }

    fn idle(&self, port: &&'m Machine<Ram>, _: Option<u32>) {
        if IDLED.replace(IDLED.get() + 1) < 2 {
            port.raise(7);
        }
    }
}

#[test]
fn an_interrupt_that_is_raised_while_the_processor_sleeps_wakes_it() {
    let machine = machine(EXACT);
    let mut woke_at = [99; 2];
    let end = machine.power_cycle_with::<Device>(false, |app| {
        woke_at = machine.nvm().load(app.woke_at).unwrap();
        true
    });
    assert_eq!((end, woke_at), (Ok(CycleEnd::Ended), [0, 0]));
}
