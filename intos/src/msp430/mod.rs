//! The port for Texas Instruments' MSP430 with FRAM: the 16-bit processor, one Timer_A.
//!
//! A [`Firmware`] says what the port must know of a board, and [`start`] runs a program on it:
//!
//! ```text
//! struct MyBoard;
//!
//! impl Board for MyBoard {
//!     type Nvm = Fram<0x800>;
//!     type Port = Msp430<MyBoard>;
//! }
//!
//! impl Firmware for MyBoard {
//!     const TIMER: usize = 0x0340;
//!     const TIMER_CLOCK: TimerClock = TimerClock::Smclk;
//!     const TIMER_HZ: u32 = 1_000_000;
//!     const TICKS_PER_SECOND: u32 = 100;
//!     fn failed(failure: &Failure<'_>) -> ! { … }
//! }
//! ```
//!
//! # What it takes
//!
//! * A Timer_A, which counts on without an end, and its register 0 with the interrupt of its own. In the vector table that
//!   interrupt leads to `__intos_tick`.
//! * From the linker script: `__intos_nvm_start` and `__intos_nvm_end`, FRAM that is part of no section, and
//!   `__intos_stacks_start` and `__intos_stacks_end`, SRAM for the tasks' stacks. The main stack lies behind them, and is
//!   all that there is up to `__stack_start`.
//!
//! # Stacks
//!
//! The main stack is the kernel's: who runs next is chosen there, ticks and interrupts are handled there, and there the
//! processor idles. A task's stack holds what its own functions and system calls need, and 28 bytes for an interrupt. Stacks
//! are as small as the program says ([`TaskEntry::with_stack`](crate::TaskEntry::with_stack)); a mark below each is looked
//! at whenever its task is left, and one below the main stack whenever the kernel has done something: an overflow is told,
//! and most often before it has done harm.
//!
//! # Interrupts
//!
//! Critical sections hold back all interrupts, by the bit GIE. A handler of the program's own is defined by
//! [`msp430_interrupt!`](crate::msp430_interrupt), and does its work in [`Program::interrupt`](crate::Program::interrupt),
//! on the main stack.
//!
//! # Map of the modules
//!
//! | module | owns |
//! | --- | --- |
//! | `firmware` | [`Firmware`]: what the port must know of a board |
//! | `port` | [`Msp430`]: the kernel's way to the port |
//! | `start` | [`start`]: from reset to the first task, the kernel's loop, and idling |
//! | `context` | the switch between stacks, and interrupts |
//! | `tick` | the timer, and sleeping without ticks |
//! | `timer` | the timer's registers |
//! | `critical` | critical sections |
//! | `shape` | what the code that ports share must know of this processor |
//!
//! What it shares with other ports is in `device`: [`Failure`], [`Fram`], [`stack_use`], the stacks.
#![allow(unsafe_code)]

pub(crate) mod context;
pub(crate) mod critical;
mod firmware;
mod port;
mod shape;
mod start;
mod tick;
mod timer;

pub(crate) use shape::{
    ATOM, Guard, IDLE_NAME, IDLE_STACK, MARK_WORDS, SMALLEST_STACK, STACK_ALIGNMENT, Word,
    unused_end,
};

pub use crate::device::failure::{Failure, Waiting};
pub use crate::device::fram::{Fram, Linked, Region};
pub use crate::device::measure::{StackUse, stack_use};
pub use critical::critical;
pub use firmware::{Firmware, TimerClock};
pub use port::Msp430;
pub use start::{start, start_formatting};
