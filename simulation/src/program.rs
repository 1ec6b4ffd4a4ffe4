//! The program that the machine runs: it does what its plan says, and holds each answer against the model's.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use intos::host::Host;
use intos::prelude::*;
use intos::{Bytes, InterruptCalls, Scheduler, ThreadLayout};

use crate::op::{
    MESSAGE_CAPACITY, MOST_SHARED, MUTEXES, Op, Place, QUEUE_CAPACITY, QUEUES, READ_MOST,
    RECEIVE_MOST, RECURSIVE, SEMAPHORE_FIRST, SEMAPHORE_MAXIMUM, STREAM_CAPACITY, TIMERS, Target,
    Value,
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
                Err(Error::Call(Outcome::Invalid)) if aborts => {}
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

/// An outcome is an answer; any other error ends the task.
fn failure(result: Result<Value, Error>) -> Result<Value, Error> {
    match result {
        Err(Error::Call(outcome)) => Ok(Value::Failed(outcome)),
        other => other,
    }
}

fn unit(result: Result<(), Error>) -> Result<Value, Error> {
    result.map(|()| Value::Unit)
}

fn number<T: Into<u32>>(result: Result<T, Error>) -> Result<Value, Error> {
    result.map(|number| Value::Number(number.into()))
}

fn bytes<const LEN: usize>(result: Result<Bytes<LEN>, Error>) -> Result<Value, Error> {
    result.map(|bytes| Value::Bytes(bytes.to_vec()))
}

impl Simulation {
    /// Whom a call concerns.
    fn resolve<B: Board>(&self, tx: &mut Tx<B>, me: usize, mut op: Op) -> Result<Op, Error> {
        if let Some(target) = op.target_mut() {
            *target = match *target {
                Target::First(index) => Target::Known(TaskId::new(intos::TaskIndex(index), 0)),
                Target::Child => match self.children.element(me) {
                    Some(child) => Target::Known(tx.get(child)?),
                    None => *target,
                },
                known @ Target::Known(_) => known,
            };
        }
        if matches!(op, Op::NewShared | Op::Share | Op::ReleaseShared) {
            let has_one = match self.shared.element(me) {
                Some(slot) => tx.get(slot)? != 0,
                None => false,
            };
            op = match op {
                Op::NewShared if has_one => Op::Share,
                _ if has_one => op,
                _ => Op::NewShared,
            };
        }
        Ok(op)
    }

    /// Allocates a block, or frees the one that the task has.
    fn toggle_block<B: Board>(&self, tx: &mut Tx<B>, me: usize, bytes: u32) -> Result<(), Error> {
        let Some(slot) = self.blocks.element(me) else {
            return Ok(());
        };
        match tx.get(slot)? {
            0 => match self.block_heap.allocate(tx, 1 + bytes % 20) {
                Ok(block) => Ok(tx.set(slot, block)?),
                Err(Error::Call(Outcome::OutOfMemory)) => Ok(()),
                Err(error) => Err(error),
            },
            block => {
                self.block_heap.free(tx, block)?;
                Ok(tx.set(slot, 0)?)
            }
        }
    }

    /// Makes, shares or releases the task's shared object.
    fn share<B: Board>(&self, tx: &mut Tx<B>, op: Op) -> Result<Value, Error> {
        let me = usize::from(tx.this_task()?.index().0);
        let Some(slot) = self.shared.element(me) else {
            return Err(Outcome::Invalid.into());
        };
        if op == Op::NewShared {
            let made = Shared::new(tx, self.shared_heap, 7u32)?;
            tx.set(slot, made.into_offset().get())?;
            return Ok(Value::Unit);
        }
        let shared = Shared::<u32>::from_offset(Offset::new(tx.get(slot)?));
        if op == Op::Share {
            let _ = shared.share(tx)?.into_offset();
            return Ok(Value::Unit);
        }
        let is_last = shared.release_in(tx, self.shared_heap)?;
        if is_last {
            tx.set(slot, 0)?;
        }
        Ok(Value::Unit)
    }

    /// Makes a call in a transaction.
    fn call<B: Board>(&self, tx: &mut Tx<B>, op: Op) -> Result<Value, Error> {
        failure(match op {
            Op::Send {
                queue,
                item,
                place,
                timeout,
            } => unit(match place {
                Place::Back => self.queues[queue].send(tx, item, timeout),
                Place::Front => self.queues[queue].send_to_front(tx, item, timeout),
                Place::Overwrite => self.queues[queue].overwrite(tx, item),
            }),
            Op::Receive { queue, timeout } => number(self.queues[queue].receive(tx, timeout)),
            Op::Peek { queue, timeout } => number(self.queues[queue].peek(tx, timeout)),
            Op::ResetQueue { queue } => unit(self.queues[queue].reset(tx)),
            Op::DeleteQueue { queue } => unit(self.queues[queue].delete(tx)),
            Op::QueueCount { queue } => number(self.queues[queue].count(tx)),
            Op::Acquire { timeout } => unit(self.semaphore.acquire(tx, timeout)),
            Op::Release => unit(self.semaphore.release(tx)),
            Op::Available => number(self.semaphore.available(tx)),
            Op::DeleteSemaphore => unit(self.semaphore.delete(tx)),
            Op::SetBits { bits } => number(self.group.set(tx, bits)),
            Op::ClearBits { bits } => number(self.group.clear(tx, bits)),
            Op::GetBits => number(self.group.get(tx)),
            Op::WaitBits {
                bits,
                all,
                clear,
                timeout,
            } => {
                let on_exit = if clear { OnExit::Clear } else { OnExit::Keep };
                number(if all {
                    self.group.wait_all(tx, bits, on_exit, timeout)
                } else {
                    self.group.wait_any(tx, bits, on_exit, timeout)
                })
            }
            Op::Sync {
                set,
                wait_for,
                timeout,
            } => number(self.group.sync(tx, set, wait_for, timeout)),
            Op::DeleteGroup => unit(self.group.delete(tx)),
            Op::Take { all, timeout } => number(if all {
                Notification::take_all(tx, timeout)
            } else {
                Notification::take(tx, timeout)
            }),
            Op::WaitNotified {
                before,
                after,
                timeout,
            } => number(Notification::wait(tx, before, after, timeout)),
            Op::StartTimer { timer } => unit(self.timer[timer].start(tx)),
            Op::StopTimer { timer } => unit(self.timer[timer].stop(tx)),
            Op::ChangePeriod { timer, period } => unit(self.timer[timer].change_period(tx, period)),
            Op::TimerActive { timer } => number(self.timer[timer].is_active(tx)),
            Op::NextExpiry => self.timers.next(tx).map(Value::Expired),
            Op::Write {
                first,
                len,
                timeout,
            } => number(self.stream.write(tx, &Op::bytes(first, len), timeout)),
            Op::Read { least, timeout } => bytes(self.stream.read::<READ_MOST>(tx, least, timeout)),
            Op::DeleteStream => unit(self.stream.delete(tx)),
            Op::SendMessage {
                first,
                len,
                timeout,
            } => unit(self.messages.send(tx, &Op::bytes(first, len), timeout)),
            Op::ReceiveMessage { timeout } => {
                bytes(self.messages.receive::<RECEIVE_MOST>(tx, timeout))
            }
            Op::NewShared | Op::Share | Op::ReleaseShared => self.share(tx, op),
            Op::Lock { .. } | Op::Unlock { .. } | Op::ToggleBlock => Err(Outcome::Invalid.into()),
            Op::DeleteMutex { mutex } => unit(if mutex == RECURSIVE {
                self.recursive.delete(tx)
            } else {
                self.mutexes[mutex].delete(tx)
            }),
            Op::Delay { ticks } => unit(tx.delay(ticks)),
            Op::Now => number(tx.now()),
            _ => return self.call_about_task(tx, op),
        })
    }

    fn call_about_task<B: Board>(&self, tx: &mut Tx<B>, mut op: Op) -> Result<Value, Error> {
        if let Op::Create { script } = op {
            let tasks = SHAPE.with_borrow(|shape| shape.priorities.len());
            let created = tx.create(worker_kind(tasks), script.into());
            return failure(created.map(Value::Task));
        }
        let Some(Target::Known(task)) = op.target_mut().copied() else {
            return Err(Outcome::Invalid.into());
        };
        failure(match op {
            Op::Notify { what, .. } => unit(task.notify(tx, what)),
            Op::Suspend { .. } => unit(task.suspend(tx)),
            Op::Resume { .. } => unit(task.resume(tx)),
            Op::SetPriority { priority, .. } => unit(task.set_priority(tx, priority)),
            Op::Priority { .. } => number(task.priority(tx).map(|priority| priority.0)),
            Op::State { .. } => task.state(tx).map(Value::State),
            _ => unit(task.delete(tx)),
        })
    }

    /// Makes a call in an interrupt handler.
    fn call_from_isr(&self, isr: &mut impl InterruptCalls, op: Op) -> Result<Value, Error> {
        let id = |target| match target {
            Target::First(index) => TaskId::new(intos::TaskIndex(index), 0),
            Target::Child => TaskId::new(intos::TaskIndex(0xFF), 0),
            Target::Known(id) => id,
        };
        failure(match op {
            Op::Send {
                queue, item, place, ..
            } => unit(match place {
                Place::Back => self.queues[queue].send_from_isr(isr, item),
                Place::Front => self.queues[queue].send_to_front_from_isr(isr, item),
                Place::Overwrite => self.queues[queue].overwrite_from_isr(isr, item),
            }),
            Op::Receive { queue, .. } => number(self.queues[queue].receive_from_isr(isr)),
            Op::Acquire { .. } => unit(self.semaphore.acquire_from_isr(isr)),
            Op::Release => unit(self.semaphore.release_from_isr(isr)),
            Op::SetBits { bits } => number(self.group.set_from_isr(isr, bits)),
            Op::ClearBits { bits } => number(self.group.clear_from_isr(isr, bits)),
            Op::Notify { target, what } => unit(id(target).notify_from_isr(isr, what)),
            Op::Resume { target } => unit(id(target).resume_from_isr(isr)),
            Op::StartTimer { timer } => unit(self.timer[timer].start_from_isr(isr)),
            Op::StopTimer { timer } => unit(self.timer[timer].stop_from_isr(isr)),
            Op::Write { first, len, .. } => {
                number(self.stream.write_from_isr(isr, &Op::bytes(first, len)))
            }
            Op::Read { .. } => bytes(self.stream.read_from_isr::<READ_MOST>(isr)),
            Op::SendMessage { first, len, .. } => {
                unit(self.messages.send_from_isr(isr, &Op::bytes(first, len)))
            }
            Op::ReceiveMessage { .. } => bytes(self.messages.receive_from_isr::<RECEIVE_MOST>(isr)),
            other => {
                debug_assert!(false, "{other:?} is no call of an interrupt handler");
                Err(Outcome::Invalid.into())
            }
        })
    }

    /// Compares all objects and tasks with the model.
    pub fn compare<N: Nvm + Copy>(
        &self,
        scheduler: &Scheduler<N>,
        world: &World,
    ) -> Result<(), Error> {
        let nvm = scheduler.nvm();
        world.pass_time(scheduler.now()?);
        for index in 0..scheduler.task_count() {
            let task = intos::TaskIndex(index);
            let (state, id) = (scheduler.state(task)?, scheduler.id(task)?);
            world.compare_task(index.into(), state, id, scheduler.priority(task)?);
        }
        for (index, queue) in self.queues.iter().enumerate() {
            let items = queue.items(nvm).collect::<Result<Vec<u32>, Error>>()?;
            let expected = world.with_model(|model| model.items(index).unwrap_or_default());
            world.compare("queue", &items, &expected);
        }
        let expected = world.with_model(|model| model.available());
        world.compare("semaphore", &self.semaphore.count(nvm)?, &expected);
        let expected = world.with_model(|model| model.bits().unwrap_or(0));
        world.compare("event group", &self.group.bits(nvm)?, &expected);
        for (index, timer) in self.timer.iter().enumerate() {
            let expected = world.with_model(|model| model.expiry(index));
            world.compare("timer", &timer.expiry(nvm)?, &expected);
        }
        for index in 0..MUTEXES {
            let holder = if index == RECURSIVE {
                self.recursive.holder(scheduler)?
            } else {
                self.mutexes[index].holder(scheduler)?
            };
            let expected = world.with_model(|model| model.holder_id(index));
            world.compare("holder of a mutex", &holder, &expected);
        }
        let expected = world.with_model(|model| (model.stream_len(), model.messages_len()));
        let found = (
            usize::from(self.stream.len(nvm)?),
            usize::from(self.messages.len(nvm)?),
        );
        world.compare("buffers", &found, &expected);
        if let Ok(heap) = self.shared_heap.statistics(nvm) {
            world.compare_shared_objects(heap.blocks);
        }
        Ok(())
    }

    /// Validates the kernel and all objects.
    pub fn check<N: Nvm + Copy>(&self, scheduler: &Scheduler<N>) -> Result<(), Error> {
        scheduler.check()?;
        for queue in self.queues {
            queue.check(scheduler)?;
        }
        for mutex in self.mutexes {
            mutex.check(scheduler)?;
        }
        self.recursive.check(scheduler)?;
        self.semaphore.check(scheduler)?;
        self.group.check(scheduler)?;
        self.timers.check(scheduler)?;
        self.stream.check(scheduler)?;
        self.messages.check(scheduler)?;
        Ok(())
    }

    /// Whether each block that is allocated is some task's.
    pub fn check_blocks<N: Nvm>(&self, nvm: &N) -> Result<bool, Error> {
        let used = nvm
            .load(self.blocks)?
            .iter()
            .filter(|block| **block != 0)
            .count();
        let heap = self.block_heap.statistics(nvm);
        Ok(heap.is_ok_and(|heap| heap.blocks as usize == used))
    }

    /// How many steps each task has committed.
    pub fn steps<N: Nvm>(&self, nvm: &N) -> Result<[u32; COUNTERS], Error> {
        Ok(nvm.load(self.steps)?)
    }
}
