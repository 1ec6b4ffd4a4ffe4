//! The board: what INTOS must know of it.

use core::panic::PanicInfo;

use intos::Board;
use intos::cortex_m::{CortexM, Failure, Firmware, Fram};

use crate::output::{print, stop};

/// The board. BOARD: its name.
#[derive(Debug, Clone, Copy)]
pub struct MyBoard;

/// The NVM. BOARD: its bytes, a power of two, and no more than `memory.x` gives.
pub type Memory = Fram<0x2000>;

impl Board for MyBoard {
    type Nvm = Memory;
    type Port = CortexM<Self>;
}

impl Firmware for MyBoard {
    // BOARD: the clock that SysTick counts, as it is when `start` is called: most often the processor's own.
    const CLOCK_HZ: u32 = 25_000_000;

    // The program cannot go on. NVM is as a power loss would leave it, so a reset tries again.
    fn failed(failure: &Failure<'_>) -> ! {
        print(format_args!("{failure}"));
        stop(1)
    }
}

/// Before the kernel starts: BOARD: clocks, pins, wait states of the FRAM. Nothing here survives a power loss, so it is
/// done anew at each start: keep it short.
pub fn set_up() {}

#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    print(format_args!("{info}"));
    stop(1)
}
