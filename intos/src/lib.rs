#![doc = include_str!("../README.md")]
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `board` | [`Board`]: the one type parameter of a portable program |
//! | `program` | [`Program`] and [`TaskEntry`]: the table of tasks, and its objects |
//! | `table` | which slot belongs to which entry of the table of tasks, and where its logs and tables lie |
//! | `placement` | [`Placement`]: places objects, and gives them their first values |
//! | `placed` | what was placed, for tools |
//! | `heap` | [`Heap`]: a heap that tasks share |
//! | `vector` | [`Vector`]: a vector in a heap |
//! | `kernel` | [`Kernel`]: start-up, recovery, running a task |
//! | `task` | [`Task`]: what a task's function works with |
//! | `transaction` | [`Tx`] and [`WriteFirstTx`]: a running transaction of a task, and its system calls |
//! | `interrupt` | [`Interrupt`]: what an interrupt handler works with |
//! | `prelude` | what most programs need |
//! | `host` | the host port: a deterministic machine on an ordinary computer |
//! | `device` | what the ports for microcontrollers have in common |
//! | `cortex_m` | the port for Arm's Cortex-M, where that is the target |
//! | `msp430` | the port for the MSP430, where that is the target |
#![cfg_attr(not(feature = "host"), no_std)]
#![deny(unsafe_code)]
// Links to what a feature brings lead nowhere where it is off.
#![cfg_attr(not(feature = "host"), allow(rustdoc::broken_intra_doc_links))]
// Instructions of this processor's are not a stable part of Rust.
#![cfg_attr(
    all(feature = "msp430", target_arch = "msp430"),
    feature(asm_experimental_arch)
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(all(
    feature = "cortex-m",
    any(docsrs, all(target_arch = "arm", target_os = "none"))
))]
pub(crate) use cortex_m as arch;
#[cfg(all(feature = "msp430", target_arch = "msp430"))]
pub(crate) use msp430 as arch;

mod board;
// Documented wherever the documentation is built.
#[cfg(all(
    feature = "cortex-m",
    any(docsrs, all(target_arch = "arm", target_os = "none"))
))]
#[cfg_attr(docsrs, doc(auto_cfg = false))]
#[cfg_attr(
    docsrs,
    doc(cfg(all(feature = "cortex-m", target_arch = "arm", target_os = "none")))
)]
pub mod cortex_m;
#[cfg(any(
    all(
        feature = "cortex-m",
        any(docsrs, all(target_arch = "arm", target_os = "none"))
    ),
    all(feature = "msp430", target_arch = "msp430"),
))]
pub(crate) mod device;
mod heap;
#[cfg(feature = "host")]
pub mod host;
mod interrupt;
mod kernel;
#[cfg(all(feature = "msp430", target_arch = "msp430"))]
pub mod msp430;
#[cfg(feature = "host")]
mod placed;
mod placement;
pub mod prelude;
mod program;
mod table;
mod task;
mod transaction;
mod vector;

pub use board::Board;
pub use heap::{Heap, HeapTransaction};
pub use interrupt::Interrupt;
pub use intos_ipc::{
    Bytes, EventGroup, MAX_PERIOD, MessageBuffer, Mutex, MutexGuard, OnExit, Queue, QueueItem,
    RecursiveMutex, Repeat, Semaphore, Shared, SharedGuard, StreamBuffer, Timer, Timers,
};
pub use intos_sched::{
    Error, ErrorKind, Event, InterruptCalls, MAX_TICKS, Notification, Notify, OrOutcome, Outcome,
    Port, Priority, RecoveryStep, Scheduler, Span, SystemCalls, TaskCalls, TaskId, TaskIndex,
    TaskState, Timeout, TransactionEvent,
};
pub use kernel::{BootError, Kernel};
pub use nvm_core::{Nvm, Offset, Persist, RawOffset, Record, field};
pub use placement::Placement;
pub use program::{DEFAULT_STACK_BYTES, KERNEL_UNDO_LOG_BYTES, Program, TaskEntry, TaskKind};
pub use replay::{Error as ReplayError, ThreadLayout, nv_for_loop, nv_loop};
pub use task::Task;
pub use transaction::{Tx, WriteFirstTx};
pub use vector::Vector;

/// Durations with units: `50.millis()`.
pub use fugit;

#[doc(hidden)]
pub use intos_sched::{Variant, with_broken};
#[doc(hidden)]
pub use nvm_core::zerocopy;

/// The crates that the kernel is made of.
pub mod crates {
    pub use {intos_ipc, intos_sched, nvm_alloc, nvm_core, nvm_list, nvm_ptr, nvm_tx, replay};
}

/// Defines structs that NVM may hold: see [`nvm_core::persist!`], which needs a dependency of its own.
#[macro_export]
macro_rules! persist {
    ($($body:tt)+) => {
        $crate::crates::nvm_core::__persist! { ("::intos::zerocopy") $($body)+ }
    };
}
