//! Small programs that note what happens, in order, and what became of them.

use intos::host::{CycleEnd, Host, HostError, Machine, Settings};
use intos::prelude::*;
use intos::{Kernel, Scheduler, ThreadLayout};

use super::{Depth, Ram, Scenario, explore};

/// Large enough for 64 tasks.
pub const SIZE: u32 = 96 * 1024;

/// Time passes only while all tasks sleep: so it is known in which order things happen, and at which tick.
pub const EXACT: Settings = Settings {
    seed: 1,
    accesses_per_tick: 0,
    preempt_one_in: 0,
    atom: 4,
    interrupt_one_in: 0,
    stack_bytes: 256 * 1024,
    stall_limit: 0,
};

/// Room for some dozens of calls outside of persistent loops.
pub const TABLES: ThreadLayout = ThreadLayout {
    undo_log: 128,
    transactions: 400,
    system_calls: 160,
    ..ThreadLayout::DEFAULT
};

persist! {
    /// Something that a task noted.
    pub struct Note {
        pub tick: u32,
        pub value: u32,
        pub task: u8,
        pub unused: [u8; 3],
    }
}

/// What the tasks of a program noted, in order: each note once, whatever is cut, since a queue carries it.
#[derive(Debug, Clone, Copy)]
pub struct Log(Queue<Note>);

impl Log {
    pub fn place<N: Nvm + Copy>(objects: &mut Placement<N>) -> Result<Self, Error> {
        Ok(Self(objects.queue("log", 250)?))
    }

    /// Notes a value in a transaction of its own.
    #[track_caller]
    pub fn note<B: Board>(self, task: &mut Task<B>, value: u32) -> Result<(), Error> {
        task.transaction(|tx| self.note_in(tx, value))
    }

    /// Notes a value as a part of a transaction; it stays noted if that is rolled back.
    #[track_caller]
    pub fn note_in<B: Board>(self, tx: &mut Tx<B>, value: u32) -> Result<(), Error> {
        let note = Note {
            tick: tx.now()?,
            value,
            task: tx.this_task()?.index().0,
            unused: [0; 3],
        };
        self.0.try_send(tx, note)
    }

    /// Notes how a call ended: 0, or the [`code`] of its outcome. Other errors are the task's end.
    #[track_caller]
    pub fn note_end<B: Board, T>(
        self,
        task: &mut Task<B>,
        end: Result<T, Error>,
    ) -> Result<(), Error> {
        let value = self::end(end)?;
        self.note(task, value)
    }

    pub fn read(self, nvm: &Ram) -> Vec<Note> {
        self.0.items(nvm).map(Result::unwrap).collect()
    }
}

/// What is noted of a call that ended so.
pub const fn code(outcome: Outcome) -> u32 {
    1_000 + outcome as u32
}

/// A task by its name.
pub fn id<B: Board>(tx: &Tx<B>, name: &str) -> Result<TaskId, Error> {
    Ok(tx.task_named(name).ok_or(Outcome::NoSuchTask)?)
}

/// Up to four bytes as one number.
pub const fn word(bytes: &[u8]) -> u32 {
    let mut number = 0;
    let mut at = 0;
    while at < bytes.len() {
        number = number << 8 | bytes[at] as u32;
        at += 1;
    }
    number
}

/// Notes up to four bytes as one number.
pub fn note_bytes<B: Board>(task: &mut Task<B>, log: Log, bytes: &[u8]) -> Result<(), Error> {
    log.note(task, word(bytes))
}

/// How a call ended: 0, or the code of its outcome.
#[allow(clippy::needless_pass_by_value)] // it reads better behind a call
pub fn end<T>(result: Result<T, Error>) -> Result<u32, Error> {
    match result {
        Ok(_) => Ok(0),
        Err(error) => error.outcome().map(code).ok_or(error),
    }
}

/// A program that keeps a log.
pub trait Logged: for<'m> Program<Host<'m, Ram>> {
    fn log(&self) -> Log;
}

/// Validates what a program has placed, where there is something to validate.
pub trait Validate {
    fn validate<N: Nvm + Copy>(&self, scheduler: &Scheduler<N>) -> Result<(), Error>;
}

macro_rules! validate {
    ($($({$($generic:tt)+})? $type:ty),+ $(,)?) => {$(
        impl $(<$($generic)+>)? Validate for $type {
            fn validate<N: Nvm + Copy>(&self, scheduler: &Scheduler<N>) -> Result<(), Error> {
                self.check(scheduler).map(|_| ())
            }
        }
    )+};
}

validate!(
    {T: intos::crates::intos_ipc::QueueItem} Queue<T>,
    Semaphore,
    Mutex,
    RecursiveMutex,
    EventGroup,
    Timers,
    StreamBuffer,
    MessageBuffer,
);

macro_rules! nothing_to_validate {
    ($($({$($generic:tt)+})? $type:ty),+ $(,)?) => {$(
        impl $(<$($generic)+>)? Validate for $type {
            fn validate<N: Nvm + Copy>(&self, _: &Scheduler<N>) -> Result<(), Error> {
                Ok(())
            }
        }
    )+};
}

nothing_to_validate!({T} Offset<T>, Timer, Heap);

/// Notes the priority that a task has now.
pub fn note_priority<B: Board>(
    task: &mut Task<B>,
    app: &impl Logged,
    name: &'static str,
) -> Result<(), Error> {
    let priority = task.transaction(|tx| Ok(id(tx, name)?.priority(tx)?.0))?;
    app.log().note(task, priority.into())
}

/// Defines a program: its objects, and its tasks with their priorities. It has a log besides. A kind of tasks
/// that are created says so in front: `(KIND, at most so many)`.
macro_rules! program {
    (
        $name:ident |$objects:ident| { $($object:ident: $type:ty = $make:expr),* $(,)? }
        $($(($kind:expr, $most:expr))? $task:literal, $priority:expr => |$t:pat_param, $app:pat_param| $body:block)+
    ) => { program! {
        $name |$objects| { $($object: $type = $make),* }
        also {}
        $($(($kind, $most))? $task, $priority => |$t, $app| $body)+
    } };
    (
        $name:ident |$objects:ident| { $($object:ident: $type:ty = $make:expr),* $(,)? }
        also { $($also:item)* }
        $($(($kind:expr, $most:expr))? $task:literal, $priority:expr => |$t:pat_param, $app:pat_param| $body:block)+
    ) => {
        #[derive(Debug)]
        #[allow(dead_code, clippy::struct_field_names)] // not each program reads each object
        struct $name {
            log: $crate::common::program::Log,
            $($object: $type,)*
        }

        impl<B: Board> Program<B> for $name {
            const NAME: &'static str = stringify!($name);
            const VERSION: u32 = 1;

            fn place($objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
                let log = $crate::common::program::Log::place($objects)?;
                $(let $object: $type = $make;)*
                Ok(Self { log, $($object),* })
            }

            fn task(index: usize) -> Option<TaskEntry<B, Self>> {
                let tasks = [$(program!(@entry $(($kind, $most))? $task, $priority, |$t, $app| $body)),+];
                Some(tasks.into_iter().nth(index)?.with_tables($crate::common::program::TABLES))
            }

            $($also)*
        }

        impl $crate::common::program::Logged for $name {
            fn log(&self) -> $crate::common::program::Log {
                self.log
            }
        }

        impl $crate::common::Scenario for $name {
            fn observe(&self, nvm: &$crate::common::Ram) -> Vec<u32> {
                $crate::common::program::in_any_order(self.log, nvm)
            }

            fn check(
                &self,
                scheduler: &intos::Scheduler<&intos::host::Machine<$crate::common::Ram>>,
            ) -> Result<(), Error> {
                $($crate::common::program::Validate::validate(&self.$object, scheduler)?;)*
                let _ = scheduler;
                Ok(())
            }
        }
    };
    (@entry $task:literal, $priority:expr, |$t:pat_param, $app:pat_param| $body:block) => {
        TaskEntry::<B, Self>::new($task, $priority, |$t, $app| $body)
    };
    (@entry ($kind:expr, $most:expr) $task:literal, $priority:expr, |$t:pat_param, $app:pat_param| $body:block) => {
        TaskEntry::<B, Self>::created($kind, $task, $priority, $most, |$t, $app| $body)
    };
}

/// What was noted, by whom, in any order.
pub fn in_any_order(log: Log, nvm: &Ram) -> Vec<u32> {
    let mut notes: Vec<u32> = log
        .read(nvm)
        .iter()
        .map(|note| note.value | u32::from(note.task) << 24)
        .collect();
    notes.sort_unstable();
    notes
}

/// Runs a program to its end, and answers what its tasks noted, in order.
pub fn run<P: Logged + Scenario>() -> Vec<(&'static str, u32)> {
    run_with::<P>(EXACT)
}

/// The same, on a machine with other settings.
pub fn run_with<P: Logged + Scenario>(settings: Settings) -> Vec<(&'static str, u32)> {
    notes::<P>(&finished::<P>(settings))
}

/// The same as [`run`], with the tick of each note.
pub fn run_timed<P: Logged + Scenario>() -> Vec<(u32, &'static str, u32)> {
    let machine = finished::<P>(EXACT);
    timed_notes::<P>(&machine)
}

/// A machine on which a program has come to its end.
pub fn finished<P: Logged + Scenario>(settings: Settings) -> Machine<Ram> {
    let machine = machine(settings);
    finish::<P>(&machine);
    machine
}

/// A new machine for small programs.
pub fn machine(settings: Settings) -> Machine<Ram> {
    let machine = Machine::new(Ram::new(SIZE), settings);
    machine.nvm().set_image(&vec![0xFF; SIZE as usize]);
    machine
}

/// Runs a program to its end, and validates what it leaves behind.
pub fn finish<P: Logged + Scenario>(machine: &Machine<Ram>) {
    match machine.power_cycle::<P>() {
        Ok(CycleEnd::Ended) => {}
        Ok(other) => panic!("{other:?}"),
        Err(error) => panic!("{error}; noted: {:?}", notes::<P>(machine)),
    }
    let (kernel, app) = Kernel::<Host<'_, Ram>>::boot::<P>(machine, machine).unwrap();
    kernel.scheduler().check().unwrap();
    app.check(kernel.scheduler()).unwrap();
}

/// How a program ends that does not come to its end.
pub fn failure_of<P: Logged + Scenario>() -> HostError {
    match machine(EXACT).power_cycle::<P>() {
        Ok(end) => panic!("{end:?}"),
        Err(error) => error,
    }
}

/// What was noted so far.
pub fn notes<P: Logged>(machine: &Machine<Ram>) -> Vec<(&'static str, u32)> {
    timed_notes::<P>(machine)
        .into_iter()
        .map(|(_, task, value)| (task, value))
        .collect()
}

fn timed_notes<P: Logged>(machine: &Machine<Ram>) -> Vec<(u32, &'static str, u32)> {
    let (_, app) = Kernel::<Host<'_, Ram>>::boot::<P>(machine, machine).unwrap();
    app.log()
        .read(machine.nvm())
        .iter()
        .map(|note| {
            let task = intos::TaskIndex(note.task);
            let name = Kernel::<Host<'_, Ram>>::task_name::<P>(task).unwrap();
            (note.tick, name, note.value)
        })
        .collect()
}

/// Cuts a program before every store, and its recovery before its first and at some random ones: what is
/// noted is the same, but for the order.
pub fn cut_everywhere<P: Logged + Scenario>(settings: Settings) {
    let name = std::any::type_name::<P>();
    let depth = Depth {
        second_cuts: 1,
        later_cuts: 1,
    };
    for atom in [1, 4] {
        let settings = Settings { atom, ..settings };
        match explore::<P>(name, settings, depth) {
            Ok(cuts) => println!("{name} (ATOM {atom}): {cuts} cut points explored"),
            Err(error) => panic!("{error}"),
        }
    }
}
