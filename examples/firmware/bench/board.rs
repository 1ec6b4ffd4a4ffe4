//! The board, and its NVM with or without counters.

use intos::Board;
use intos::cortex_m::{CortexM, Failure, Firmware, Fram};
use intos_firmware::fail;

use crate::window;

/// All NVM that the linker script gives.
type Memory = Fram<0x8000>;

/// What is measured on: instructions without the counters, which would take some themselves.
#[cfg(not(feature = "counting"))]
pub(crate) type BenchNvm = Memory;
#[cfg(feature = "counting")]
pub(crate) type BenchNvm = counting::Counted;

/// The machine `mps2-an385`, with ticks so long that none begins while anything is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bench;

impl Board for Bench {
    type Nvm = BenchNvm;
    type Port = CortexM<Self>;
}

impl Firmware for Bench {
    const CLOCK_HZ: u32 = 25_000_000;
    const TICKS_PER_SECOND: u32 = 2;
    const WOKEN_BY_INTERRUPTS: bool = true;

    fn failed(failure: &Failure<'_>) -> ! {
        fail(format_args!("{failure}"))
    }

    fn sleep() {
        window::pause(|| {
            // SAFETY: waits for an interrupt.
            unsafe { core::arch::asm!("dsb", "wfi", "isb", options(nostack, preserves_flags)) }
        });
    }
}

#[cfg(feature = "counting")]
pub(crate) mod counting {
    use intos::cortex_m::{Failure, Region};
    use intos::crates::nvm_core::{Class, CountedNvm, Error, Nvm, StoreCounters};

    use super::Memory;

    pub(crate) static COUNTERS: StoreCounters = StoreCounters::new();

    /// The board's NVM with its stores counted.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Counted(CountedNvm<'static, Memory>);

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
