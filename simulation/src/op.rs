//! What a simulated task can do: each system call as plain data, and its result as plain data.

use intos::{Notify, Outcome, TaskId, TaskState, Timeout};

/// How many queues there are; the first holds one item, the second three.
pub const QUEUES: usize = 2;
/// Capacities of the queues.
pub const QUEUE_CAPACITY: [u16; QUEUES] = [1, 3];
/// How many mutexes there are; the last is recursive.
pub const MUTEXES: usize = 4;
/// Which mutex is the recursive one.
pub const RECURSIVE: usize = 3;
/// How many timers there are; the first is a one-shot.
pub const TIMERS: usize = 3;
/// How many shared objects the heap has room for.
pub const MOST_SHARED: u32 = 3;
/// The semaphore's greatest count.
pub const SEMAPHORE_MAXIMUM: u32 = 3;
/// Its first.
pub const SEMAPHORE_FIRST: u32 = 1;
/// Bytes of the stream buffer.
pub const STREAM_CAPACITY: u16 = 10;
/// Bytes of the message buffer.
pub const MESSAGE_CAPACITY: u16 = 16;
/// Bytes that a read from the stream takes at most.
pub const READ_MOST: usize = 6;
/// Bytes of the longest message that is received.
pub const RECEIVE_MOST: usize = 9;

/// Where an item goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// To the back.
    Back,
    /// To the front.
    Front,
    /// To the back, in place of the last one if there is no room.
    Overwrite,
}

/// Whom a call concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One of the tasks that are there from the beginning.
    First(u8),
    /// The last one that the caller has created.
    Child,
    /// It was found out whom.
    Known(TaskId),
}

/// A system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // what each does is its object's documentation
pub enum Op {
    Send {
        queue: usize,
        item: u32,
        place: Place,
        timeout: Timeout,
    },
    Receive {
        queue: usize,
        timeout: Timeout,
    },
    Peek {
        queue: usize,
        timeout: Timeout,
    },
    ResetQueue {
        queue: usize,
    },
    DeleteQueue {
        queue: usize,
    },
    QueueCount {
        queue: usize,
    },
    Acquire {
        timeout: Timeout,
    },
    Release,
    Available,
    DeleteSemaphore,
    SetBits {
        bits: u32,
    },
    ClearBits {
        bits: u32,
    },
    GetBits,
    WaitBits {
        bits: u32,
        all: bool,
        clear: bool,
        timeout: Timeout,
    },
    Sync {
        set: u32,
        wait_for: u32,
        timeout: Timeout,
    },
    DeleteGroup,
    Notify {
        target: Target,
        what: Notify,
    },
    Take {
        all: bool,
        timeout: Timeout,
    },
    WaitNotified {
        before: u32,
        after: u32,
        timeout: Timeout,
    },
    StartTimer {
        timer: usize,
    },
    StopTimer {
        timer: usize,
    },
    ChangePeriod {
        timer: usize,
        period: u32,
    },
    TimerActive {
        timer: usize,
    },
    NextExpiry {
        timeout: Timeout,
    },
    Write {
        first: u8,
        len: u16,
        timeout: Timeout,
    },
    Read {
        least: u16,
        timeout: Timeout,
    },
    DeleteStream,
    ResetStream,
    ResetMessages,
    SendMessage {
        first: u8,
        len: u16,
        timeout: Timeout,
    },
    ReceiveMessage {
        timeout: Timeout,
    },
    Lock {
        mutex: usize,
        timeout: Timeout,
    },
    Unlock {
        mutex: usize,
    },
    DeleteMutex {
        mutex: usize,
    },
    Delay {
        ticks: u32,
    },
    Now,
    Suspend {
        target: Target,
    },
    Resume {
        target: Target,
    },
    SetPriority {
        target: Target,
        priority: u8,
    },
    Priority {
        target: Target,
    },
    State {
        target: Target,
    },
    Delete {
        target: Target,
    },
    Create {
        script: u8,
    },
    /// Makes a shared object.
    NewShared,
    /// Makes one more reference to the caller's shared object.
    Share,
    /// Gives one back.
    ReleaseShared,
    /// Allocates a block in the transaction, or frees the one that the caller has: no system call.
    ToggleBlock,
}

impl Op {
    /// Whom it concerns, if it concerns a task.
    pub fn target_mut(&mut self) -> Option<&mut Target> {
        match self {
            Self::Notify { target, .. }
            | Self::Suspend { target }
            | Self::Resume { target }
            | Self::SetPriority { target, .. }
            | Self::Priority { target }
            | Self::State { target }
            | Self::Delete { target } => Some(target),
            _ => None,
        }
    }

    /// The bytes that are written, from the first on.
    pub fn bytes(first: u8, len: u16) -> Vec<u8> {
        (0..len).map(|n| first.wrapping_add(n as u8)).collect()
    }
}

/// What a system call answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Unit,
    /// It failed.
    Failed(Outcome),
    /// A number.
    Number(u32),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A task.
    Task(TaskId),
    /// What a task is doing.
    State(TaskState),
    /// A timer's number, or look again.
    Expired(Option<u16>),
}
