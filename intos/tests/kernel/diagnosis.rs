//! What goes wrong in a program is told with the task's name.

use std::cell::Cell;

use intos::host::{CycleEnd, HostError, Machine, Settings};
use intos::prelude::*;
use intos::{ErrorKind, ReplayError, ThreadLayout};
use nvm_core::sim::SimNvm;

const SIZE: u32 = 4096;

fn machine() -> Machine<SimNvm<4>> {
    Machine::new(SimNvm::new(SIZE), Settings::default())
}

macro_rules! program {
    ($name:ident { $($task:literal => $function:ident),+ $(,)? }) => {
        #[allow(dead_code)] // not each program uses each object
        struct $name {
            queue: Queue<u32>,
            units: Semaphore,
            sum: Offset<u32>,
        }

        impl<B: Board> Program<B> for $name {
            const NAME: &'static str = stringify!($name);
            const VERSION: u32 = 1;

            fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
                Ok(Self {
                    queue: objects.queue("queue", 1)?,
                    units: objects.semaphore("units", 0, 1)?,
                    sum: objects.object("sum", 0)?,
                })
            }

            fn task(index: usize) -> Option<TaskEntry<B, Self>> {
                let tasks = [$(TaskEntry::new($task, 1, $function::<B>)),+];
                tasks.into_iter().nth(index)
            }
        }
    };
}

program!(Deadlocked { "philosopher" => wait_for_a_unit, "diner" => wait_for_an_item, "guest" => goes });

fn wait_for_a_unit<B: Board>(task: &mut Task<B>, app: &Deadlocked) -> Result<(), Error> {
    task.transaction(|tx| app.units.acquire(tx, Timeout::Forever))
}

fn wait_for_an_item<B: Board>(task: &mut Task<B>, app: &Deadlocked) -> Result<(), Error> {
    task.transaction(|tx| {
        let item = app.queue.receive(tx, Timeout::Forever)?;
        Ok(tx.set(app.sum, item)?)
    })
}

#[allow(clippy::unnecessary_wraps)] // as tasks are
fn goes<B: Board>(_: &mut Task<B>, _: &Deadlocked) -> Result<(), Error> {
    Ok(())
}

#[test]
fn a_deadlock_names_who_waits() {
    let machine = machine();
    for _ in 0..2 {
        // After a power loss it is still one.
        let error = machine.power_cycle::<Deadlocked>().unwrap_err();
        assert_eq!(
            error,
            HostError::Deadlock {
                tasks: vec!["philosopher", "diner"]
            }
        );
        assert!(error.to_string().contains("philosopher, diner"), "{error}");
    }
}

program!(Diverging { "steady" => is_steady, "fickle" => is_fickle });

thread_local! {
    static STARTS: Cell<u32> = const { Cell::new(0) };
}

fn is_steady<B: Board>(task: &mut Task<B>, app: &Diverging) -> Result<(), Error> {
    task.transaction(|tx| app.units.acquire(tx, Timeout::Ticks(9)).or(Ok(())))
}

/// Depends on something that is neither persistent nor recorded.
fn is_fickle<B: Board>(task: &mut Task<B>, app: &Diverging) -> Result<(), Error> {
    let starts = STARTS.replace(STARTS.get() + 1);
    if starts.is_multiple_of(2) {
        task.transaction(|tx| Ok(tx.update(app.sum, |sum| sum + 1)?))?;
    } else {
        task.transaction(|tx| app.queue.receive(tx, Timeout::Ticks(3)))?;
    }
    task.delay(5)
}

#[test]
fn a_diverged_replay_names_the_task_and_the_line() {
    let machine = machine();
    // The power goes while the fickle task sleeps.
    let end =
        machine.power_cycle_with::<Diverging>(false, |app| machine.nvm().load(app.sum) == Ok(0));
    assert_eq!(end, Ok(CycleEnd::Stopped));
    let error = machine.power_cycle::<Diverging>().unwrap_err();
    let HostError::TaskFailed { task, error: kind } = &error else {
        panic!("{error}");
    };
    assert_eq!(*task, "fickle");
    assert!(matches!(kind.kind(), ErrorKind::Replay(_)), "{kind}");
    let text = error.to_string();
    assert!(
        text.contains("`fickle`") && text.contains("diagnosis.rs"),
        "{text}"
    );
    println!("{text}");
}

program!(Overfull { "modest" => is_modest, "greedy" => is_greedy });

#[allow(clippy::unnecessary_wraps)] // as tasks are
fn is_modest<B: Board>(_: &mut Task<B>, _: &Overfull) -> Result<(), Error> {
    Ok(())
}

/// Fills its table of transactions, outside of a persistent loop.
fn is_greedy<B: Board>(task: &mut Task<B>, app: &Overfull) -> Result<(), Error> {
    for _ in 0..100 {
        task.transaction(|tx| Ok(tx.get(app.sum)?))?;
    }
    Ok(())
}

#[test]
fn a_full_table_names_the_task_and_the_table() {
    let machine = machine();
    for _ in 0..2 {
        let text = machine.power_cycle::<Overfull>().unwrap_err().to_string();
        assert!(
            text.contains("`greedy`") && text.contains("table of transactions"),
            "{text}"
        );
    }
}

struct NoRoomToBlock;

impl<B: Board> Program<B> for NoRoomToBlock {
    const NAME: &'static str = "no room to block";
    const VERSION: u32 = 1;

    fn place(_: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self)
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        let tables = ThreadLayout {
            system_calls: 4,
            ..ThreadLayout::DEFAULT
        };
        let entry = TaskEntry::new("reader", 1, read::<B>).with_tables(tables);
        (index == 0).then_some(entry)
    }
}

fn read<B: Board>(task: &mut Task<B>, _: &NoRoomToBlock) -> Result<(), Error> {
    let now = task.transaction(|tx| tx.now());
    let Err(ErrorKind::Replay(error)) = now.map_err(Error::kind) else {
        panic!("{now:?}");
    };
    let _: ReplayError = error;
    now.map(|_| ())
}

#[test]
fn a_full_table_of_system_calls_is_told() {
    let text = machine()
        .power_cycle::<NoRoomToBlock>()
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("`reader`") && text.contains("table of system calls"),
        "{text}"
    );
}

struct TooLong {
    words: Offset<[u32; 8]>,
}

impl<B: Board> Program<B> for TooLong {
    const NAME: &'static str = "too long";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            words: objects.object("words", [0; 8])?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("quick", 2, |task, _| task.transaction(|_| Ok(()))),
            1 => TaskEntry::new("slow", 1, write_all),
            _ => return None,
        })
    }
}

fn write_all<B: Board>(task: &mut Task<B>, app: &TooLong) -> Result<(), Error> {
    task.transaction(|tx| Ok(tx.set(app.words, [1; 8])?))
}

#[test]
fn a_transaction_that_never_ends_within_its_energy_is_named() {
    let machine = machine();
    assert_eq!(
        machine.power_cycle_with::<TooLong>(false, |_| false),
        Ok(CycleEnd::Stopped)
    );
    for _ in 0..50 {
        machine.cut_after(12);
        let _ = machine.power_cycle::<TooLong>();
    }
    let (starts, task) = machine.longest_stall_of::<TooLong>();
    assert_eq!(task, "slow");
    assert!(starts >= 40, "{starts}");
    machine.cut_never();
    assert_eq!(machine.power_cycle::<TooLong>(), Ok(CycleEnd::Ended));
}

#[test]
fn a_task_that_makes_no_progress_ends_the_cycle_where_there_is_a_limit() {
    let settings = Settings {
        stall_limit: 20,
        ..Settings::default()
    };
    let machine = Machine::new(SimNvm::<4>::new(SIZE), settings);
    let formatted = machine.power_cycle_with::<TooLong>(false, |_| false);
    assert_eq!(formatted, Ok(CycleEnd::Stopped));
    let failure = (0..50).find_map(|_| {
        machine.cut_after(12);
        machine.power_cycle::<TooLong>().err()
    });
    let task = "slow";
    assert_eq!(failure, Some(HostError::NoProgress { task, starts: 20 }));
    let text = failure.unwrap().to_string();
    assert!(
        text.contains("`slow`") && text.contains("20 times") && text.contains("divide"),
        "{text}"
    );
}

program!(Deep { "shallow" => goes_down, "deep" => goes_down_for_ever });

fn goes_down<B: Board>(task: &mut Task<B>, app: &Deep) -> Result<(), Error> {
    task.transaction(|tx| descend(tx, app.sum, 20)).map(drop)
}

fn goes_down_for_ever<B: Board>(task: &mut Task<B>, app: &Deep) -> Result<(), Error> {
    task.transaction(|tx| descend(tx, app.sum, u32::MAX))
        .map(drop)
}

/// Reads the NVM so many calls deep, with some local variables in each.
fn descend<B: Board>(tx: &mut Tx<B>, sum: Offset<u32>, depth: u32) -> Result<u32, Error> {
    if depth == 0 {
        return Ok(0);
    }
    let locals = std::hint::black_box([tx.get(sum)?; 64]);
    let below = descend(tx, sum, depth - 1)?;
    Ok(below + locals[depth as usize % 64])
}

#[test]
fn a_stack_that_overflows_names_the_task() {
    let settings = Settings {
        stack_bytes: 128 * 1024,
        ..Settings::default()
    };
    let machine = Machine::new(SimNvm::<4>::new(SIZE), settings);
    for _ in 0..2 {
        let failure = machine.power_cycle::<Deep>().unwrap_err();
        let (task, stack_bytes) = ("deep", 128 * 1024);
        assert_eq!(failure, HostError::StackOverflow { task, stack_bytes });
        let text = failure.to_string();
        assert!(text.contains("`deep`") && text.contains("131072"), "{text}");
    }
}

#[test]
fn a_table_of_tasks_without_end_is_an_error() {
    struct Endless;

    impl<B: Board> Program<B> for Endless {
        const NAME: &'static str = "endless";
        const VERSION: u32 = 1;

        fn place(_: &mut Placement<B::Nvm>) -> Result<Self, Error> {
            Ok(Self)
        }

        fn task(_: usize) -> Option<TaskEntry<B, Self>> {
            Some(TaskEntry::new("one more", 1, |_, _| Ok(())))
        }
    }

    let text = machine().power_cycle::<Endless>().unwrap_err().to_string();
    assert!(text.contains("more than 64 tasks"), "{text}");
}
