//! A plain model of the kernel: what each call must answer, who must be woken with what, and who may run. It
//! knows nothing of NVM, logs or power losses, and is told of each call at the moment of its commit.

mod buffers;
mod events;
mod mutexes;
mod queues;
mod tasks;
mod timers;

use std::collections::VecDeque;

use intos::{Outcome, TaskId, TaskIndex, TaskState, Timeout};

pub use self::buffers::Ring;
pub use self::mutexes::{Holder, MutexModel};
use crate::op::{
    MESSAGE_CAPACITY, MOST_SHARED, MUTEXES, Op, QUEUES, SEMAPHORE_FIRST, SEMAPHORE_MAXIMUM,
    STREAM_CAPACITY, TIMERS, Target, Value,
};
use crate::plan::Shape;

/// How many priorities there are.
const PRIORITIES: usize = 8;

/// What a blocked task waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are those of the call
pub enum Wait {
    /// For an item, which it takes or only looks at.
    Item { queue: usize, peeks: bool },
    /// For room for its item.
    Room {
        queue: usize,
        item: u32,
        front: bool,
    },
    /// For a unit of the semaphore.
    Unit,
    /// For bits.
    Bits { bits: u32, all: bool, clear: bool },
    /// For a notification.
    Notification(Awaits),
    /// For the expiry of a timer.
    Expiry,
    /// For room in the stream, for these bytes.
    StreamRoom(Vec<u8>),
    /// For so many bytes.
    StreamBytes(u16),
    /// For room for a message.
    MessageRoom(Vec<u8>),
    /// For a message.
    Message,
    /// For a mutex.
    Mutex(usize),
    /// For nothing but time.
    Time,
}

/// What of a notification a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Awaits {
    /// One of a count.
    One,
    /// All of a count.
    All,
    /// Any, clearing bits.
    Any { clear: u32 },
}

/// What a task is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// It runs or could.
    Ready,
    /// It waits.
    Waiting {
        /// For what.
        what: Wait,
        /// Until when.
        until: Option<u32>,
        /// Its place among those who wait until the same tick.
        since: u64,
    },
    /// It is not there.
    Ended,
}

/// A task.
#[derive(Debug, Clone)]
pub struct TaskModel {
    base: u8,
    priority: u8,
    generation: u16,
    suspended: bool,
    doing: Doing,
    notification: u32,
    notified: bool,
    /// The contended mutexes that it holds, from the last on.
    contended: Vec<usize>,
    /// What its call answers that has blocked, once it is woken.
    answer: Option<Value>,
}

/// A timer.
#[derive(Debug, Clone, Copy)]
pub struct TimerModel {
    period: u32,
    expiry: Option<u32>,
    since: u64,
}

/// What a call does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// It is completed.
    Completed(Value),
    /// It blocks.
    Blocked,
}

/// The kernel's whole state, in memory.
#[derive(Debug, Clone)]
pub struct Model {
    now: u32,
    counter: u64,
    tasks: Vec<TaskModel>,
    ready: [VecDeque<usize>; PRIORITIES],
    queues: [Option<VecDeque<u32>>; QUEUES],
    /// Who waits where, in order.
    items: [Vec<usize>; QUEUES],
    rooms: [Vec<usize>; QUEUES],
    semaphore: Option<u32>,
    units: Vec<usize>,
    bits: Option<u32>,
    groups: Vec<usize>,
    mutexes: [MutexModel; MUTEXES],
    timers: [TimerModel; TIMERS],
    server: Option<usize>,
    stream: Option<Ring>,
    messages: Option<Ring>,
    first_worker: usize,
    worker_priority: u8,
    /// References to each task's shared object; 0: it has none.
    shared: Vec<u32>,
}

impl Model {
    /// The model of a program's first boot.
    pub fn new(shape: &Shape) -> Self {
        let task = |priority: u8, doing| TaskModel {
            base: priority,
            priority,
            generation: 0,
            suspended: false,
            doing,
            notification: 0,
            notified: false,
            contended: Vec::new(),
            answer: None,
        };
        let mut tasks: Vec<_> = shape
            .priorities
            .iter()
            .map(|priority| task(*priority, Doing::Ready))
            .collect();
        tasks.extend((0..shape.workers).map(|_| task(0, Doing::Ended)));
        let mut ready: [VecDeque<usize>; PRIORITIES] = Default::default();
        for (index, priority) in shape.priorities.iter().enumerate() {
            ready[usize::from(*priority)].push_back(index);
        }
        Self {
            now: 0,
            counter: 0,
            shared: vec![0; tasks.len()],
            tasks,
            ready,
            queues: std::array::from_fn(|_| Some(VecDeque::new())),
            items: Default::default(),
            rooms: Default::default(),
            semaphore: Some(SEMAPHORE_FIRST),
            units: Vec::new(),
            bits: Some(0),
            groups: Vec::new(),
            mutexes: Default::default(),
            timers: std::array::from_fn(|timer| TimerModel {
                period: shape.periods[timer],
                expiry: None,
                since: 0,
            }),
            server: None,
            stream: Some(Ring::new(STREAM_CAPACITY)),
            messages: Some(Ring::new(MESSAGE_CAPACITY)),
            first_worker: shape.priorities.len(),
            worker_priority: shape.worker_priority,
        }
    }

    /// A call of a task, or of an interrupt handler, is committed.
    pub fn apply(&mut self, caller: Option<usize>, op: Op) -> Result<Done, String> {
        let value = match op {
            Op::Send {
                queue,
                item,
                place,
                timeout,
            } => return Ok(self.send(caller, queue, item, place, timeout)),
            Op::Receive { queue, timeout } => {
                return Ok(self.receive(caller, queue, timeout));
            }
            Op::Peek { queue, timeout } => return Ok(self.peek(caller, queue, timeout)),
            Op::ResetQueue { queue } => self.reset_queue(queue),
            Op::DeleteQueue { queue } => self.delete_queue(queue),
            Op::QueueCount { queue } => {
                Value::Number(self.queues[queue].as_ref().map_or(0, |q| q.len() as u32))
            }
            Op::Acquire { timeout } => return Ok(self.acquire(caller, timeout)),
            Op::Release => self.release(),
            Op::Available => Value::Number(self.available()),
            Op::DeleteSemaphore => self.delete_semaphore(),
            Op::SetBits { bits } => self.set_bits(bits),
            Op::ClearBits { bits } => self.clear_bits(bits),
            Op::GetBits => self
                .bits
                .map_or(Value::Failed(Outcome::Deleted), Value::Number),
            Op::WaitBits {
                bits,
                all,
                clear,
                timeout,
            } => return Ok(self.wait_bits(caller, (0, bits, all, clear), timeout)),
            Op::Sync {
                set,
                wait_for,
                timeout,
            } => return Ok(self.wait_bits(caller, (set, wait_for, true, true), timeout)),
            Op::DeleteGroup => self.delete_group(),
            Op::Notify { target, what } => self.notify(known(target)?, what),
            Op::Take { all, timeout } => {
                let awaits = if all { Awaits::All } else { Awaits::One };
                return Ok(self.await_notification(caller, awaits, 0, timeout));
            }
            Op::WaitNotified {
                before,
                after,
                timeout,
            } => {
                let awaits = Awaits::Any { clear: after };
                return Ok(self.await_notification(caller, awaits, before, timeout));
            }
            Op::StartTimer { timer } => self.start_timer(timer, None),
            Op::StopTimer { timer } => {
                self.timers[timer].expiry = None;
                Value::Unit
            }
            Op::ChangePeriod { timer, period } => self.start_timer(timer, Some(period)),
            Op::TimerActive { timer } => Value::Number(self.timers[timer].expiry.is_some().into()),
            Op::NextExpiry { timeout } => return Ok(self.next_expiry(caller, timeout)),
            Op::Write {
                first,
                len,
                timeout,
            } => return Ok(self.write(caller, &Op::bytes(first, len), timeout)),
            Op::Read { least, timeout } => return Ok(self.read(caller, least, timeout)),
            Op::DeleteStream => self.delete_stream(),
            Op::ResetStream => self.reset_stream(),
            Op::ResetMessages => self.reset_messages(),
            Op::SendMessage {
                first,
                len,
                timeout,
            } => return Ok(self.send_message(caller, &Op::bytes(first, len), timeout)),
            Op::ReceiveMessage { timeout } => return Ok(self.receive_message(caller, timeout)),
            Op::Lock { mutex, timeout } => return Ok(self.lock(caller, mutex, timeout)),
            Op::Unlock { mutex } => self.unlock(caller, mutex),
            Op::DeleteMutex { mutex } => self.delete_mutex(mutex),
            Op::Delay { ticks } => {
                if ticks == 0 {
                    Value::Unit
                } else {
                    let until = Some(self.now.wrapping_add(ticks));
                    return Ok(self.block_until(caller, Wait::Time, until));
                }
            }
            Op::Now => Value::Number(self.now),
            Op::Create { .. } => self.create(),
            Op::NewShared | Op::Share | Op::ReleaseShared => self.share(caller, op),
            _ => self.apply_about_task(caller, op)?,
        };
        Ok(Done::Completed(value))
    }

    fn apply_about_task(&mut self, caller: Option<usize>, op: Op) -> Result<Value, String> {
        Ok(match op {
            Op::Suspend { target } => self.suspend(known(target)?),
            Op::Resume { target } => self.resume(known(target)?),
            Op::SetPriority { target, priority } => self.set_priority(known(target)?, priority),
            Op::Priority { target } => match self.living(known(target)?) {
                Some(task) => Value::Number(self.tasks[task].priority.into()),
                None => Value::Failed(Outcome::NoSuchTask),
            },
            Op::State { target } => Value::State(match self.living(known(target)?) {
                Some(task) => self.state(task),
                None => TaskState::Ended,
            }),
            Op::Delete { target } => self.delete(caller, known(target)?),
            _ => return Err(format!("{op:?} is no system call")),
        })
    }

    /// Time has passed: wakes whose time is up, in the order of their deadlines.
    pub fn advance_to(&mut self, now: u32) {
        self.now = now;
        loop {
            let due = |task: &TaskModel| match &task.doing {
                Doing::Waiting {
                    until: Some(until),
                    since,
                    ..
                } if *until <= now => Some((*until, *since)),
                _ => None,
            };
            let first = (0..self.tasks.len())
                .filter_map(|task| Some((due(&self.tasks[task])?, task)))
                .min();
            let Some((_, task)) = first else {
                return;
            };
            let value = match &self.tasks[task].doing {
                Doing::Waiting {
                    what: Wait::Time, ..
                } => Value::Unit,
                Doing::Waiting {
                    what: Wait::Expiry, ..
                } => Value::Expired(None),
                _ => Value::Failed(Outcome::Timeout),
            };
            let owner = self.held_up_by(task);
            self.leave_lists(task);
            self.wake(task, value);
            if let Some(owner) = owner {
                self.settle(owner);
            }
        }
    }

    /// The tick.
    pub const fn now(&self) -> u32 {
        self.now
    }

    /// How many tasks there are, with the slots.
    pub fn task_count(&self) -> usize {
        self.tasks.len()
    }

    /// Who may run: the tasks of the most urgent list that is not empty, the first first.
    pub fn most_urgent(&self) -> Vec<usize> {
        self.ready
            .iter()
            .rev()
            .find(|list| !list.is_empty())
            .map(|list| list.iter().copied().collect())
            .unwrap_or_default()
    }

    /// Whether nobody can ever run again but by an interrupt.
    pub fn is_deadlocked(&self) -> bool {
        self.most_urgent().is_empty()
            && self
                .tasks
                .iter()
                .all(|task| !matches!(task.doing, Doing::Waiting { until: Some(_), .. }))
    }

    /// Whether all tasks have ended.
    pub fn has_ended(&self) -> bool {
        self.tasks.iter().all(|task| task.doing == Doing::Ended)
    }

    /// Takes what a task's call answers that had blocked, if it was woken.
    pub fn take_answer(&mut self, task: usize) -> Option<Value> {
        self.tasks[task].answer.take()
    }

    /// How many units are free.
    pub fn available(&self) -> u32 {
        self.semaphore.unwrap_or(0)
    }

    /// Who holds a mutex, by name.
    pub fn holder_id(&self, mutex: usize) -> Option<TaskId> {
        match self.holder(mutex) {
            Holder::Task(id, _) => Some(id),
            Holder::Nobody | Holder::Deleted => None,
        }
    }

    /// The name of the task that is in a slot.
    pub fn id(&self, task: usize) -> TaskId {
        TaskId::new(TaskIndex(task as u8), self.tasks[task].generation)
    }

    fn acquire(&mut self, caller: Option<usize>, timeout: Timeout) -> Done {
        match self.semaphore {
            None => failed(Outcome::Deleted),
            Some(0) if timeout == Timeout::None => failed(Outcome::Empty),
            Some(0) => self.block(caller, Wait::Unit, timeout),
            Some(count) => {
                self.semaphore = Some(count - 1);
                Done::Completed(Value::Unit)
            }
        }
    }

    /// How many shared objects there are.
    pub fn shared_objects(&self) -> u32 {
        self.shared
            .iter()
            .filter(|references| **references > 0)
            .count() as u32
    }

    fn share(&mut self, caller: Option<usize>, op: Op) -> Value {
        let is_full = self.shared_objects() >= MOST_SHARED;
        let Some(references) = caller.and_then(|task| self.shared.get_mut(task)) else {
            return Value::Failed(Outcome::Invalid);
        };
        match op {
            Op::NewShared if is_full => return Value::Failed(Outcome::OutOfMemory),
            Op::NewShared => *references = 1,
            Op::Share => *references += 1,
            _ => *references -= 1,
        }
        Value::Unit
    }

    fn delete_semaphore(&mut self) -> Value {
        if self.semaphore.take().is_none() {
            return Value::Failed(Outcome::Deleted);
        }
        let waiting = std::mem::take(&mut self.units);
        self.wake_all(waiting, &Value::Failed(Outcome::Deleted));
        Value::Unit
    }

    fn release(&mut self) -> Value {
        if let Some(task) = self.units.first().copied() {
            self.leave_lists(task);
            self.wake(task, Value::Unit);
            return Value::Unit;
        }
        match self.semaphore {
            None => Value::Failed(Outcome::Deleted),
            Some(SEMAPHORE_MAXIMUM) => Value::Failed(Outcome::Overflow),
            Some(count) => {
                self.semaphore = Some(count + 1);
                Value::Unit
            }
        }
    }
}

fn failed(outcome: Outcome) -> Done {
    Done::Completed(Value::Failed(outcome))
}

fn known(target: Target) -> Result<TaskId, String> {
    match target {
        Target::Known(task) => Ok(task),
        Target::First(index) => Ok(TaskId::new(TaskIndex(index), 0)),
        Target::Child => Err(format!("{target:?} is not known")),
    }
}
