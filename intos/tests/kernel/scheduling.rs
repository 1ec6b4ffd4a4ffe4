//! Priorities, states, turns, durations, and the sleep of an idle processor.

use std::cell::RefCell;
use std::rc::Rc;

use crate::common::program::{
    EXACT, Log, code, cut_everywhere, finish, id, machine, notes, run, run_timed,
};
use intos::host::CycleEnd;
use intos::prelude::*;
use intos::{Event, MAX_TICKS, ThreadLayout};

program! {
    Priorities |objects| {}
    "one", 1 => |task, app| {
        app.log.note(task, 1)?;
        task.transaction(|tx| id(tx, "three")?.set_priority(tx, 0))?;
        app.log.note(task, 2)
    }
    "three", 3 => |task, app| {
        // It gives the processor away at once, and has it again at once.
        task.transaction(|tx| tx.this_task()?.set_priority(tx, 1))?;
        app.log.note(task, 3)?;
        task.transaction(|tx| id(tx, "one")?.set_priority(tx, 6))?;
        app.log.note(task, 4)
    }
    "two", 2 => |task, app| {
        let three = task.transaction(|tx| Ok(id(tx, "three")?.priority(tx)?.0))?;
        app.log.note(task, three.into())?;
        let end = task.transaction(|tx| id(tx, "three")?.set_priority(tx, 8));
        app.log.note_end(task, end)
    }
}

#[test]
fn a_change_of_priority_takes_effect_at_once() {
    assert_eq!(
        run::<Priorities>(),
        [
            ("two", 1),
            ("two", code(Outcome::Invalid)),
            ("three", 3),
            ("one", 1),
            ("one", 2),
            ("three", 4),
        ]
    );
}

#[test]
fn changes_of_priority_survive_every_cut() {
    cut_everywhere::<Priorities>(EXACT);
}

#[test]
fn states_and_names_are_told() {
    program! {
        Told |objects| { units: Semaphore = objects.semaphore("units", 0, 1)? }
        "asks", 1 => |task, app| {
            let states = [
                ("asks", TaskState::Ready),
                ("delayed", TaskState::Delayed),
                ("blocked", TaskState::Blocked { until: None }),
                ("in time", TaskState::Blocked { until: Some(7) }),
                ("ended", TaskState::Ended),
            ];
            for (name, expected) in states {
                let state = task.transaction(|tx| {
                    let other = id(tx, name)?;
                    Ok((other.state(tx)? == expected, tx.name_of(other) == Some(name)))
                })?;
                app.log.note(task, u32::from(state == (true, true)))?;
            }
            app.log.note(task, u32::from(task.name() == Ok("asks")))?;
            let unknown = task.transaction(|tx| Ok(tx.task_named("nobody").is_none()))?;
            app.log.note(task, u32::from(unknown))?;
            task.transaction(|tx| app.units.release(tx))
        }
        "delayed", 2 => |task, _| { task.delay(5) }
        "blocked", 2 => |task, app| { task.transaction(|tx| app.units.acquire(tx, Timeout::Forever)) }
        "in time", 2 => |task, app| {
            task.transaction(|tx| app.units.acquire(tx, Timeout::Ticks(7)).or(Ok(())))
        }
        "ended", 2 => |_, _| { Ok(()) }
    }
    assert_eq!(run::<Told>(), [("asks", 1); 7]);
}

#[test]
fn who_yields_lets_its_equals_run_in_turn() {
    program! {
        Turns |objects| {}
        "a", 2 => |task, app| { take_turns(task, app) }
        "b", 2 => |task, app| { take_turns(task, app) }
        "c", 2 => |task, app| { take_turns(task, app) }
        "less urgent", 1 => |task, app| { take_turns(task, app) }
    }

    fn take_turns<B: Board>(task: &mut Task<B>, app: &Turns) -> Result<(), Error> {
        nv_for_loop!(task, i in 0..2u32 => {
            app.log.note(task, i)?;
            task.yield_now();
        });
        Ok(())
    }

    assert_eq!(
        run::<Turns>(),
        [
            ("a", 0),
            ("b", 0),
            ("c", 0),
            ("a", 1),
            ("b", 1),
            ("c", 1),
            ("less urgent", 0),
            ("less urgent", 1)
        ]
    );
}

#[test]
fn durations_have_units_and_are_never_too_short() {
    program! {
        Durations |objects| {}
        "sleeper", 1 => |task, app| {
            task.delay(20.millis())?;
            app.log.note(task, 0)?;
            task.delay(1_500.micros())?;
            app.log.note(task, 0)?;
            task.delay(2.secs())?;
            app.log.note(task, 0)?;
            task.delay_until(2_030)?;
            app.log.note(task, 0)?;
            task.delay_until(2_000)?;
            task.delay(0)?;
            task.transaction(|tx| tx.delay(1.minutes()))?;
            app.log.note(task, 0)
        }
    }
    let ticks: Vec<u32> = run_timed::<Durations>().iter().map(|note| note.0).collect();
    assert_eq!(ticks, [20, 22, 2_022, 2_030, 62_030]);
}

#[test]
fn sixty_four_tasks_run() {
    struct Many {
        log: Log,
        sum: Offset<u32>,
    }

    impl<B: Board> Program<B> for Many {
        const NAME: &'static str = "many";
        const VERSION: u32 = 1;

        fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
            Ok(Self {
                log: Log::place(objects)?,
                sum: objects.object("sum", 0)?,
            })
        }

        fn task(index: usize) -> Option<TaskEntry<B, Self>> {
            (index < 64).then(|| {
                let tables = ThreadLayout {
                    system_calls: 60,
                    ..ThreadLayout::DEFAULT
                };
                TaskEntry::new("one of many", (index % 8) as u8, |task, app: &Self| {
                    let me = u32::from(task.index().0);
                    task.delay(1 + me % 3)?;
                    task.transaction(|tx| Ok(tx.update(app.sum, |sum| sum + 1)?))?;
                    app.log.note(task, me)
                })
                .with_tables(tables)
            })
        }
    }

    let machine = machine(EXACT);
    let mut noted = Vec::new();
    let end = machine.power_cycle_with::<Many>(false, |app| {
        noted = app.log.read(machine.nvm());
        true
    });
    assert_eq!(end, Ok(CycleEnd::Ended));
    let mut who: Vec<u32> = noted.iter().map(|note| note.value).collect();
    who.sort_unstable();
    assert_eq!(who, (0..64).collect::<Vec<u32>>());
}

thread_local! {
    static IDLED: RefCell<Vec<Option<u32>>> = const { RefCell::new(Vec::new()) };
}

program! {
    Idle |objects| { units: Semaphore = objects.semaphore("units", 0, 1)? }
    also {
        fn idle(&self, _: &B::Port, ticks: Option<u32>) {
            IDLED.with_borrow_mut(|idled| idled.push(ticks));
        }
    }
    "sleeper", 1 => |task, app| {
        task.delay(1_000_000)?;
        app.log.note(task, 0)?;
        task.transaction(|tx| app.units.acquire(tx, 5.millis()).or(Ok(())))?;
        app.log.note(task, 0)
    }
    "other", 1 => |task, app| {
        task.delay(30)?;
        app.log.note(task, 0)
    }
}

#[test]
fn the_idle_hook_is_told_how_long_the_processor_sleeps_without_ticks() {
    let events = Rc::new(RefCell::new(Vec::new()));
    let machine = machine(EXACT);
    let told = Rc::clone(&events);
    machine.set_observer(Some(Box::new(move |_, event| {
        if let Event::Ticked { now } = event {
            told.borrow_mut().push(now);
        }
    })));
    finish::<Idle>(&machine);
    let idled = IDLED.with_borrow(Clone::clone);
    assert_eq!(idled, [Some(30), Some(999_970), Some(5), None]);
    assert_eq!(*events.borrow(), [30, 1_000_000, 1_000_005]);
    assert_eq!(notes::<Idle>(&machine).len(), 3);
}

#[test]
fn delayed_tasks_wake_in_order_across_the_end_of_the_ticks_range() {
    program! {
        Wraps |objects| {}
        "far", 1 => |task, app| {
            // To the last tick of the range, and beyond.
            task.delay(MAX_TICKS)?;
            task.delay(MAX_TICKS)?;
            let now = task.transaction(|tx| tx.now())?;
            app.log.note(task, u32::MAX - now)?;
            task.delay(10)?;
            app.log.note(task, 1)
        }
        "near", 1 => |task, app| {
            task.delay_until(1 << 30)?;
            task.delay_until((1 << 31) + (1 << 29))?;
            task.delay_until(u32::MAX - 2)?;
            task.delay(6)?;
            app.log.note(task, 2)
        }
    }
    assert_eq!(
        run_timed::<Wraps>(),
        [(u32::MAX - 1, "far", 1), (3, "near", 2), (8, "far", 1)]
    );
}
