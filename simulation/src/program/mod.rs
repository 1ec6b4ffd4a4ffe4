//! The program that the machine runs: it does what its plan says, and holds each answer against the model's.

mod calls;
mod compare;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use intos::ThreadLayout;
use intos::host::Host;
use intos::prelude::*;

use self::calls::failure;
use crate::op::{
    MESSAGE_CAPACITY, MOST_SHARED, MUTEXES, Op, QUEUE_CAPACITY, QUEUES, RECURSIVE, SEMAPHORE_FIRST,
    SEMAPHORE_MAXIMUM, STREAM_CAPACITY, TIMERS, Value,
};
use crate::plan::{MOST_TASKS, MOST_WORKERS, Script, Shape, Step};
use crate::world::{CallName, World};

thread_local! {
    /// The shape of the program that runs in this thread: the kernel asks for the table of tasks without a
    /// program at hand.
    static SHAPE: RefCell<Shape> = const {
        RefCell::new(Shape {
            priorities: Vec::new(),
            workers: 0,
            worker_priority: 0,
            periods: [1; TIMERS],
        })
    };
}

/// Chooses the shape of the programs that this thread runs from now on.
pub fn set_shape(shape: &Shape) {
    SHAPE.set(shape.clone());
}

/// A board around which there is a world.
pub trait Simulated: Board {
    /// The world.
    fn world(port: &Self::Port) -> &Rc<World>;
}

impl<N: Nvm + fmt::Debug> Simulated for Host<'_, N, Rc<World>> {
    fn world(port: &Self::Port) -> &Rc<World> {
        port.world()
    }
}

/// Counters of the tasks.
const COUNTERS: usize = MOST_TASKS + MOST_WORKERS;
/// The kind of tasks that are created: it stands behind the others.
fn worker_kind(tasks: usize) -> TaskKind<u32> {
    TaskKind::at(tasks)
}

/// The program.
#[derive(Debug, Clone, Copy)]
pub struct Simulation {
    queues: [Queue<u32>; QUEUES],
    semaphore: Semaphore,
    group: EventGroup,
    mutexes: [Mutex; MUTEXES],
    recursive: RecursiveMutex,
    timers: Timers,
    timer: [Timer; TIMERS],
    stream: StreamBuffer,
    messages: MessageBuffer,
    /// How many steps each task has committed.
    steps: Offset<[u32; COUNTERS]>,
    /// The last task that each has created.
    children: Offset<[TaskId; COUNTERS]>,
    shared_heap: Heap,
    /// Each task's shared object; 0: it has none.
    shared: Offset<[u32; COUNTERS]>,
    block_heap: Heap,
    /// Each task's block; 0: it has none.
    blocks: Offset<[u32; COUNTERS]>,
}

const NAMES: [&str; MOST_TASKS] = [
    "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9", "t10", "t11", "t12", "t13", "t14",
    "t15",
];

impl<B: Simulated> Program<B> for Simulation {
    const NAME: &'static str = "simulation";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        let periods = SHAPE.with_borrow(|shape| shape.periods);
        let timers = objects.timers("timers")?;
        let mut timer = |number: usize, repeat| {
            objects.timer("timer", timers, repeat, number as u16, periods[number])
        };
        Ok(Self {
            timer: [
                timer(0, Repeat::OneShot)?,
                timer(1, Repeat::AutoReload)?,
                timer(2, Repeat::AutoReload)?,
            ],
            timers,
            queues: [
                objects.queue("queue 0", QUEUE_CAPACITY[0])?,
                objects.queue("queue 1", QUEUE_CAPACITY[1])?,
            ],
            semaphore: objects.semaphore("units", SEMAPHORE_FIRST, SEMAPHORE_MAXIMUM)?,
            group: objects.event_group("events")?,
            mutexes: [
                objects.mutex("mutex 0")?,
                objects.mutex("mutex 1")?,
                objects.mutex("mutex 2")?,
                // Never locked: the recursive one stands in its place.
                objects.mutex("mutex 3")?,
            ],
            recursive: objects.recursive_mutex("recursive mutex")?,
            stream: objects.stream_buffer("stream", STREAM_CAPACITY)?,
            messages: objects.message_buffer("messages", MESSAGE_CAPACITY)?,
            steps: objects.object("steps", [0; COUNTERS])?,
            children: objects.object(
                "children",
                [TaskId::new(intos::TaskIndex(0xFF), 0); COUNTERS],
            )?,
            // In the first 256 KiB, for their mutexes' lists; each block is a multiple of 8 bytes.
            shared_heap: objects.heap(
                "shared objects",
                MOST_SHARED * Shared::<u32>::BYTES.next_multiple_of(8),
            )?,
            shared: objects.object("shared", [0; COUNTERS])?,
            block_heap: objects.heap("blocks", 48)?,
            blocks: objects.object("blocks in use", [0; COUNTERS])?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        let tables = ThreadLayout {
            transactions: 220,
            system_calls: 120,
            ..ThreadLayout::DEFAULT
        };
        SHAPE.with_borrow(|shape| {
            let tasks = shape.priorities.len();
            let entry = match shape.priorities.get(index) {
                Some(priority) => TaskEntry::new(NAMES[index], *priority, first_task::<B>),
                None if index == tasks && shape.workers > 0 => TaskEntry::created(
                    worker_kind(tasks),
                    "worker",
                    shape.worker_priority,
                    shape.workers,
                    worker::<B>,
                ),
                None => return None,
            };
            Some(entry.with_tables(tables))
        })
    }

    fn interrupt(&self, isr: &mut Interrupt<'_, B>, _number: u8) -> Result<(), Error> {
        let world = Rc::clone(B::world(isr.port()));
        if let Some(op) = world.next_interrupt() {
            let answer = self.call_from_isr(isr, op)?;
            world.check_interrupt(&answer);
        }
        Ok(())
    }
}

fn first_task<B: Simulated>(task: &mut Task<B>, app: &Simulation) -> Result<(), Error> {
    let number = usize::from(task.index().0);
    run(task, app, move |world| {
        world.plan.scripts.get(number).cloned()
    })
}

fn worker<B: Simulated>(task: &mut Task<B>, app: &Simulation) -> Result<(), Error> {
    let tasks = SHAPE.with_borrow(|shape| shape.priorities.len());
    let script = task.argument(worker_kind(tasks))? as usize;
    run(task, app, move |world| {
        world.plan.workers.get(script).cloned()
    })
}

/// What a task knows while it runs; nothing of it must survive a power loss.
struct Walk {
    me: usize,
    generation: u16,
    round: u32,
    /// Calls of this round so far.
    calls: u32,
    world: Rc<World>,
}

impl Walk {
    fn next_call(&mut self) -> CallName {
        self.calls += 1;
        (self.generation, self.round, self.calls)
    }
}

fn run<B: Simulated>(
    task: &mut Task<B>,
    app: &Simulation,
    script: impl Fn(&World) -> Option<Script>,
) -> Result<(), Error> {
    let world = Rc::clone(B::world(task.port()));
    let Some(script) = script(&world) else {
        return Ok(());
    };
    let (me, generation) = (usize::from(task.index().0), task.id()?.generation());
    nv_for_loop!(task, round in 0..script.rounds => {
        let mut walk = Walk { me, generation, round, calls: 0, world: Rc::clone(&world) };
        for step in &script.steps {
            take_step(task, app, &mut walk, step)?;
        }
    });
    Ok(())
}

fn take_step<B: Simulated>(
    task: &mut Task<B>,
    app: &Simulation,
    walk: &mut Walk,
    step: &Step,
) -> Result<(), Error> {
    match step {
        Step::Yield => task.yield_now(),
        Step::Calls { ops, aborts } => {
            let names: Vec<CallName> = ops.iter().map(|_| walk.next_call()).collect();
            let (me, aborts) = (walk.me, *aborts);
            let done = task.transaction(|tx| {
                let world = Rc::clone(B::world(tx.port()));
                for (op, name) in ops.iter().zip(&names) {
                    if *op == Op::ToggleBlock {
                        app.toggle_block(tx, me, name.2)?;
                        continue;
                    }
                    let op = app.resolve(tx, me, *op)?;
                    world.intend(me, *name, op);
                    let answer = app.call(tx, op)?;
                    world.check(me, *name, &answer);
                    if let Value::Task(id) = answer
                        && let Some(child) = app.children.element(me)
                    {
                        tx.set(child, id)?;
                    }
                }
                if let Some(steps) = app.steps.element(me) {
                    tx.update(steps, |steps| steps + 1)?;
                }
                if aborts {
                    return Err(Outcome::Invalid.into());
                }
                Ok(())
            });
            match done {
                Err(error) if error.is(Outcome::Invalid) && aborts => {}
                other => other?,
            }
        }
        Step::Locked {
            mutex,
            timeout,
            steps,
        } => {
            let (mutex, timeout) = (*mutex, *timeout);
            let (lock, unlock) = (walk.next_call(), walk.next_call());
            walk.world
                .intend(walk.me, lock, Op::Lock { mutex, timeout });
            let locked = if mutex == RECURSIVE {
                app.recursive.lock(task, timeout)
            } else {
                app.mutexes[mutex].lock(task, timeout)
            };
            let mut guard = match locked {
                Ok(guard) => guard,
                Err(error) => {
                    let answer = failure(Err(error))?;
                    walk.world.check(walk.me, lock, &answer);
                    return Ok(());
                }
            };
            walk.world.check(walk.me, lock, &Value::Unit);
            for step in steps {
                take_step(&mut *guard, app, walk, step)?;
            }
            walk.world.intend(walk.me, unlock, Op::Unlock { mutex });
            let answer = failure(guard.unlock().map(|()| Value::Unit))?;
            walk.world.check(walk.me, unlock, &answer);
        }
    }
    Ok(())
}
