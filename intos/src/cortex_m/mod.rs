//! The port for Arm's Cortex-M: ARMv7-M (`thumbv7m`, `thumbv7em`) and ARMv6-M (`thumbv6m`), one processor.
//!
//! A [`Firmware`] says what the port must know of a board, and [`start`] runs a program on it:
//!
//! ```text
//! struct MyBoard;
//!
//! impl Board for MyBoard {
//!     type Nvm = Fram<0x2000>;
//!     type Port = CortexM<MyBoard>;
//! }
//!
//! impl Firmware for MyBoard {
//!     const CLOCK_HZ: u32 = 25_000_000;
//!     fn failed(failure: &Failure<'_>) -> ! { … }
//! }
//!
//! #[cortex_m_rt::entry]
//! fn main() -> ! {
//!     cortex_m::start::<MyBoard, MyProgram>(|_kernel, _program| …)
//! }
//! ```
//!
//! A whole program to copy is `examples/board-template` of the repository; `docs/porting.md` has what to look after.
//!
//! # What it takes
//!
//! * The exceptions `PendSV`, `SysTick`, `HardFault` and `MemoryManagement`, by the names of `cortex-m-rt`'s vector table, and the
//!   `SysTick` timer. The two first have the lowest priority.
//! * From the linker script: `__intos_nvm_start` and `__intos_nvm_end`, memory that survives and that is part of
//!   no section, and `__intos_stacks_start` and `__intos_stacks_end`, SRAM for the tasks' stacks.
//!
//! # Interrupts
//!
//! Critical sections hold back the interrupts whose priority is 0x20 or a greater number, by BASEPRI; only these
//! may call [`interrupt`]. Those of priority 0 to 0x1F are never held back, and must not use the kernel. ARMv6-M has no
//! BASEPRI: there all interrupts are held back, by PRIMASK.
//!
//! # What it detects
//!
//! A stack that overflows is found at once where the processor has an MPU of ARMv7-M (a function that takes more than 128
//! bytes of a stack without storing to them can jump over the guard), elsewhere when its task is left, by a mark below it;
//! a fault is told with the name of the task that ran; a task that fails, a deadlock and a region that is not the
//! program's as on the host: see [`Failure`]. To the NVM each of these is a power loss. The main stack is not watched.
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `firmware` | [`Firmware`]: what the port must know of a board |
//! | `port` | [`CortexM`]: the kernel's way to the port |
//! | `start` | [`start`]: from reset to the first task, and idling |
//! | `context` | the switch between stacks |
//! | `tick` | the timer, and sleeping without ticks |
//! | `guard`, `no_guard` | memory below a stack that nobody may access |
//! | `faults` | the processor's faults |
//! | `critical` | critical sections |
//! | `registers` | the processor's own registers |
//!
//! What it shares with other ports is in `device`: [`Failure`], [`Fram`], [`stack_use`], the stacks.
#![allow(unsafe_code)]

pub(crate) mod context;
pub(crate) mod critical;
mod faults;
mod firmware;
#[cfg(target_has_atomic = "32")]
mod guard;
#[cfg(not(target_has_atomic = "32"))]
mod no_guard;
mod port;
mod registers;
mod shape;
mod start;
mod tick;

#[cfg(target_has_atomic = "32")]
pub(crate) use guard::Guard;
#[cfg(not(target_has_atomic = "32"))]
pub(crate) use no_guard::Guard;
pub(crate) use shape::{
    ATOM, IDLE_NAME, IDLE_STACK, MARK_WORDS, SMALLEST_STACK, STACK_ALIGNMENT, Word, unused_end,
};

pub use crate::device::failure::{Failure, Waiting};
pub use crate::device::fram::{Fram, Linked, Region};
pub use crate::device::measure::{StackUse, stack_use};
pub use critical::critical;
pub use firmware::Firmware;
pub use port::{CortexM, interrupt};
pub use start::{start, start_formatting};
