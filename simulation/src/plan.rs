//! What a simulated program does: shapes, scripts, and how they are drawn at random.

use intos::host::Random;
use intos::{Notify, Timeout};

use crate::op::{MUTEXES, Op, Place, QUEUES, RECURSIVE, TIMERS, Target};

/// How many tasks a program has at the beginning, at most.
pub const MOST_TASKS: usize = 16;
/// How many tasks can be created at a time, at most.
pub const MOST_WORKERS: usize = 3;

/// The shape of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The priorities of the tasks that are there from the beginning.
    pub priorities: Vec<u8>,
    /// How many tasks can be created at a time.
    pub workers: u8,
    /// Their priority.
    pub worker_priority: u8,
    /// The timers' periods.
    pub periods: [u32; TIMERS],
}

/// A step of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Calls in one transaction, which commits or aborts.
    Calls {
        /// In this order.
        ops: Vec<Op>,
        /// Whether it aborts after them.
        aborts: bool,
    },
    /// Locks a mutex, takes other steps, and unlocks it.
    Locked {
        /// Which.
        mutex: usize,
        /// How long it waits.
        timeout: Timeout,
        /// What it does while it holds it.
        steps: Vec<Step>,
    },
    /// Gives the rest of the time slice away.
    Yield,
}

/// What a task does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// In this order …
    pub steps: Vec<Step>,
    /// … so many times.
    pub rounds: u32,
}

/// A whole program, and what happens to it from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its shape.
    pub shape: Shape,
    /// A script for each task that is there from the beginning.
    pub scripts: Vec<Script>,
    /// Scripts of tasks that are created.
    pub workers: Vec<Script>,
    /// What interrupt handlers do, one call for each interrupt, over and over.
    pub interrupts: Vec<Op>,
}

impl Plan {
    /// Draws a program.
    pub fn random(random: &mut Random) -> Self {
        let tasks = match random.below(4) {
            0 => 2,
            1 => 3 + random.below(3) as usize,
            2 => 4 + random.below(5) as usize,
            _ => 2 + random.below(MOST_TASKS as u64 - 1) as usize,
        };
        let levels = 1 + random.below(7);
        let shape = Shape {
            priorities: (0..tasks).map(|_| 1 + random.below(levels) as u8).collect(),
            workers: random.below(MOST_WORKERS as u64 + 1) as u8,
            worker_priority: 1 + random.below(levels) as u8,
            periods: std::array::from_fn(|_| 1 + random.below(20) as u32),
        };
        let mut drawer = Drawer {
            // Few kinds of calls a program, so that tasks meet at the same objects.
            kinds: (0..2 + random.below(5))
                .map(|_| random.below(KINDS))
                .collect(),
            deletes: random.below(4) == 0,
            tasks: tasks as u64,
            creates: shape.workers > 0,
            is_worker: false,
            random,
        };
        let scripts = (0..tasks).map(|_| drawer.script(tasks)).collect();
        // Those who are created create nobody: else they would go on for ever.
        drawer.creates = false;
        drawer.is_worker = true;
        let workers = (0..WORKER_SCRIPTS).map(|_| drawer.script(8)).collect();
        let interrupts = (0..8).map(|_| drawer.interrupt()).collect();
        Self {
            shape,
            scripts,
            workers,
            interrupts,
        }
    }
}

/// Scripts of tasks that are created.
const WORKER_SCRIPTS: u64 = 2;
/// Kinds of calls: which objects they concern.
const KINDS: u64 = 12;

struct Drawer<'r> {
    kinds: Vec<u64>,
    deletes: bool,
    tasks: u64,
    creates: bool,
    is_worker: bool,
    random: &'r mut Random,
}

impl Drawer<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn script(&mut self, tasks: usize) -> Script {
        let most = if tasks > 8 { 3 } else { 5 };
        let steps = (0..=self.below(most)).map(|_| self.step(0)).collect();
        Script {
            steps,
            rounds: 1 + self.below(5) as u32,
        }
    }

    fn step(&mut self, above: usize) -> Step {
        let locks = self.kinds.contains(&6);
        if locks && above < MUTEXES && self.one_in(3) {
            // In ascending order, so that tasks never wait for each other in a ring.
            let mutex = above + self.below((MUTEXES - above) as u64) as usize;
            let next = if mutex == RECURSIVE { mutex } else { mutex + 1 };
            let deeper = if above > 0 && mutex == RECURSIVE && self.one_in(2) {
                MUTEXES
            } else {
                next
            };
            let timeout = self.timeout();
            let steps = (0..=self.below(2)).map(|_| self.step(deeper)).collect();
            return Step::Locked {
                mutex,
                timeout,
                steps,
            };
        }
        if self.one_in(12) {
            return Step::Yield;
        }
        let calls = if self.one_in(3) { 1 + self.below(3) } else { 1 };
        let ops: Vec<Op> = (0..calls).map(|_| self.op()).collect();
        // What is shared stays shared where the transaction is aborted, but nobody would know of it.
        let shares = ops
            .iter()
            .any(|op| matches!(op, Op::NewShared | Op::Share | Op::ReleaseShared));
        Step::Calls {
            ops,
            aborts: !shares && self.one_in(12),
        }
    }

    fn timeout(&mut self) -> Timeout {
        match self.below(16) {
            0..=3 => Timeout::None,
            4 => Timeout::Forever,
            _ => Timeout::Ticks(self.below(25) as u32),
        }
    }

    fn target(&mut self) -> Target {
        if self.one_in(4) {
            Target::Child
        } else {
            Target::First(self.below(self.tasks) as u8)
        }
    }

    fn op(&mut self) -> Op {
        if self.one_in(6) {
            return match self.below(3) {
                0 => Op::Now,
                _ => Op::Delay {
                    ticks: self.below(9) as u32,
                },
            };
        }
        let kind = self.kinds[self.random.below(self.kinds.len() as u64) as usize];
        match kind {
            0 | 1 => self.queue(),
            2 => self.semaphore(),
            3 => self.event(),
            4 => self.notification(),
            5 => self.timer(),
            6 => match self.below(8) {
                0 if self.deletes => Op::DeleteMutex {
                    mutex: self.below(MUTEXES as u64) as usize,
                },
                _ => Op::Delay {
                    ticks: self.below(5) as u32,
                },
            },
            7 => self.stream(),
            8 => self.message(),
            9 => self.task(),
            10 => Op::ToggleBlock,
            // A worker's successor would not know what the worker had shared.
            _ if self.is_worker => Op::Now,
            _ => match self.below(4) {
                0 => Op::NewShared,
                1 => Op::Share,
                _ => Op::ReleaseShared,
            },
        }
    }

    fn queue(&mut self) -> Op {
        let queue = self.below(QUEUES as u64) as usize;
        let timeout = self.timeout();
        match self.below(16) {
            0..=4 => Op::Send {
                queue,
                item: self.random.next() as u32,
                place: Place::Back,
                timeout,
            },
            5 => Op::Send {
                queue,
                item: self.random.next() as u32,
                place: Place::Front,
                timeout,
            },
            6 => Op::Send {
                queue,
                item: self.random.next() as u32,
                place: Place::Overwrite,
                timeout: Timeout::None,
            },
            7..=11 => Op::Receive { queue, timeout },
            12 | 13 => Op::Peek { queue, timeout },
            14 if self.deletes && self.one_in(4) => Op::DeleteQueue { queue },
            14 => Op::QueueCount { queue },
            _ => Op::ResetQueue { queue },
        }
    }

    fn semaphore(&mut self) -> Op {
        match self.below(9) {
            0..=3 => Op::Acquire {
                timeout: self.timeout(),
            },
            4..=6 => Op::Release,
            7 if self.deletes && self.one_in(4) => Op::DeleteSemaphore,
            _ => Op::Available,
        }
    }

    fn bits(&mut self) -> u32 {
        // Now and then none, or one that there is not: an error.
        match self.below(20) {
            0 => 0,
            1 => 1 << 30,
            _ => 1 + self.below(15) as u32,
        }
    }

    fn event(&mut self) -> Op {
        let (bits, timeout) = (self.bits(), self.timeout());
        match self.below(10) {
            0..=2 => Op::SetBits { bits },
            3 => Op::ClearBits { bits },
            4 if self.deletes && self.one_in(4) => Op::DeleteGroup,
            4 => Op::GetBits,
            5 | 6 => Op::Sync {
                set: 1 << self.below(3),
                wait_for: 1 + self.below(7) as u32,
                timeout,
            },
            _ => Op::WaitBits {
                bits,
                all: self.one_in(2),
                clear: self.one_in(2),
                timeout,
            },
        }
    }

    fn notify(&mut self) -> Notify {
        match self.below(6) {
            0 => Notify::Nothing,
            1 => Notify::SetBits(1 << self.below(5)),
            2 => Notify::Overwrite(self.below(5) as u32),
            3 => Notify::SetIfNonePending(self.below(5) as u32),
            _ => Notify::Increment,
        }
    }

    fn notification(&mut self) -> Op {
        let timeout = self.timeout();
        match self.below(7) {
            0..=2 => Op::Notify {
                target: self.target(),
                what: self.notify(),
            },
            3 | 4 => Op::Take {
                all: self.one_in(2),
                timeout,
            },
            _ => Op::WaitNotified {
                before: self.below(4) as u32,
                after: self.random.next() as u32,
                timeout,
            },
        }
    }

    fn timer(&mut self) -> Op {
        let timer = self.below(TIMERS as u64) as usize;
        match self.below(9) {
            0..=2 => Op::StartTimer { timer },
            3 => Op::StopTimer { timer },
            4 => Op::ChangePeriod {
                timer,
                period: self.below(12) as u32,
            },
            5 => Op::TimerActive { timer },
            _ => Op::NextExpiry {
                timeout: self.timeout(),
            },
        }
    }

    fn stream(&mut self) -> Op {
        let timeout = self.timeout();
        match self.below(9) {
            0..=3 => Op::Write {
                first: self.random.next() as u8,
                len: self.below(14) as u16,
                timeout,
            },
            4 if self.deletes && self.one_in(4) => Op::DeleteStream,
            5 if self.one_in(3) => Op::ResetStream,
            _ => Op::Read {
                least: self.below(8) as u16,
                timeout,
            },
        }
    }

    fn message(&mut self) -> Op {
        let timeout = self.timeout();
        match self.below(20) {
            0 => Op::ResetMessages,
            1..=10 => Op::SendMessage {
                first: self.random.next() as u8,
                len: if self.one_in(8) {
                    self.below(20) as u16
                } else {
                    self.below(9) as u16
                },
                timeout,
            },
            _ => Op::ReceiveMessage { timeout },
        }
    }

    fn task(&mut self) -> Op {
        let target = self.target();
        match self.below(12) {
            0 => Op::Suspend { target },
            1..=4 => Op::Resume { target },
            5 | 6 => Op::SetPriority {
                target,
                priority: 1 + self.below(8) as u8,
            },
            7 => Op::Priority { target },
            8 => Op::State { target },
            9 if self.deletes || target == Target::Child => Op::Delete { target },
            _ if self.creates => Op::Create {
                script: self.below(WORKER_SCRIPTS) as u8,
            },
            _ => Op::State { target },
        }
    }

    /// A call that an interrupt handler can make.
    fn interrupt(&mut self) -> Op {
        let queue = self.below(QUEUES as u64) as usize;
        let timer = self.below(TIMERS as u64) as usize;
        let timeout = Timeout::None;
        match self.below(14) {
            0 | 1 => Op::Send {
                queue,
                item: self.random.next() as u32,
                place: [Place::Back, Place::Front, Place::Overwrite][self.below(3) as usize],
                timeout,
            },
            2 => Op::Receive { queue, timeout },
            3 => Op::Acquire { timeout },
            4 => Op::Release,
            5 => Op::SetBits { bits: self.bits() },
            6 => Op::ClearBits { bits: self.bits() },
            7 => Op::Notify {
                target: Target::First(self.below(self.tasks) as u8),
                what: self.notify(),
            },
            8 => Op::StartTimer { timer },
            9 => Op::StopTimer { timer },
            10 => Op::Write {
                first: self.random.next() as u8,
                len: self.below(14) as u16,
                timeout,
            },
            11 => Op::Read { least: 1, timeout },
            12 => Op::SendMessage {
                first: self.random.next() as u8,
                len: self.below(9) as u16,
                timeout,
            },
            _ => Op::Resume {
                target: Target::First(self.below(self.tasks) as u8),
            },
        }
    }
}
