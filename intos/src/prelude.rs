//! What most programs need: `use intos::prelude::*;`.

pub use crate::{
    Board, Bytes, Error, EventGroup, Heap, Interrupt, MessageBuffer, Mutex, MutexGuard,
    Notification, Notify, Nvm, Offset, OnExit, OrOutcome, Outcome, Persist, Placement, Priority,
    Program, Queue, RawOffset, RecursiveMutex, Repeat, Semaphore, Shared, StreamBuffer, Task,
    TaskEntry, TaskId, TaskKind, TaskState, Timeout, Timer, Timers, Tx, Vector, WriteFirstTx,
    field, nv_for_loop, nv_loop, persist,
};
pub use fugit::ExtU64 as _;
pub use replay::Durable;
