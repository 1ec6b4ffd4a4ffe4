//! The board, and its NVM with or without counters.

use crate::fail;
use intos::cortex_m::{CortexM, Failure, Firmware, Fram};
use intos::{Board, Event};

use crate::bench::window;

/// All NVM that the linker script gives.
type Memory = Fram<0x8000>;

/// What is measured on: instructions without the counters, which would take some themselves.
#[cfg(not(feature = "counting"))]
pub type BenchNvm = Memory;
/// The same with counters.
#[cfg(feature = "counting")]
pub type BenchNvm = counting::Counted;

/// The machine `mps2-an385`, with ticks so long that none begins while an operation is measured.
///
/// Where a whole `PROGRAM` is measured, that begins when its first task does.
#[derive(Debug, Clone, Copy)]
pub struct Bench<const PROGRAM: bool = false>;

impl<const PROGRAM: bool> Board for Bench<PROGRAM> {
    type Nvm = BenchNvm;
    type Port = CortexM<Self>;
}

impl<const PROGRAM: bool> Firmware for Bench<PROGRAM> {
    const CLOCK_HZ: u32 = 25_000_000;
    const TICKS_PER_SECOND: u32 = 2;
    const WOKEN_BY_INTERRUPTS: bool = true;

    fn failed(failure: &Failure<'_>) -> ! {
        fail(format_args!("{failure}"))
    }

    fn observe(event: Event) {
        if PROGRAM && matches!(event, Event::Started { .. }) {
            window::begin_once();
        }
    }

    fn sleep() {
        window::pause(|| {
            // SAFETY: waits for an interrupt.
            unsafe { core::arch::asm!("dsb", "wfi", "isb", options(nostack, preserves_flags)) }
        });
    }
}

/// The NVM whose stores are counted.
#[cfg(feature = "counting")]
pub mod counting {
    use intos::cortex_m::{Failure, Region};
    use intos::crates::nvm_core::{Class, CountedNvm, Error, Nvm, StoreCounters};

    use super::Memory;

    /// What was stored so far.
    pub static COUNTERS: StoreCounters = StoreCounters::new();

    /// The board's NVM with its stores counted.
    #[derive(Debug, Clone, Copy)]
    pub struct Counted(CountedNvm<'static, Memory>);

    impl Region for Counted {
        fn open() -> Result<Self, Failure<'static>> {
            Ok(Self(CountedNvm::new(Memory::open()?, &COUNTERS)))
        }
    }

    impl Nvm for Counted {
        const ATOM: usize = <Memory as Nvm>::ATOM;

        fn size(&self) -> u32 {
            self.0.size()
        }

        fn read(&self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
            self.0.read(offset, bytes)
        }

        fn write(&self, class: Class, offset: u32, bytes: &[u8]) -> Result<(), Error> {
            self.0.write(class, offset, bytes)
        }
    }
}
