//! What most programs need: `use intos::prelude::*;`.

pub use crate::{
    Board, Error, Nvm, Offset, Outcome, Placement, Priority, Program, Queue, Semaphore, Task,
    TaskEntry, Timeout, Tx, WriteFirstTx, field, nv_for_loop, nv_loop, persist,
};
pub use replay::Durable;
