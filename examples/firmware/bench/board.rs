//! The board, and its NVM with or without counters.

use intos::Board;
#[cfg(not(feature = "counting"))]
use intos::cortex_m::Fram;
use intos::cortex_m::{CortexM, Failure, Firmware};
use intos::crates::nvm_core::MappedNvm;
use intos_firmware::fail;

use crate::window;

/// What is measured on: instructions without the counters, which would take some themselves.
#[cfg(not(feature = "counting"))]
pub(crate) type BenchNvm = Fram;
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

unsafe extern "C" {
    static mut __intos_nvm_start: u8;
    static mut __intos_nvm_end: u8;
}

/// The same memory for a program without the kernel.
///
/// # Safety
///
/// To be called once, where no kernel is started.
pub(crate) unsafe fn without_kernel() -> MappedNvm<4> {
    let start = &raw mut __intos_nvm_start;
    let size = (&raw mut __intos_nvm_end)
        .addr()
        .saturating_sub(start.addr());
    // SAFETY: the linker script gives this memory to the kernel, which is not there, by this function's contract.
    unsafe { MappedNvm::new(start, size as u32) }
}

#[cfg(feature = "counting")]
pub(crate) mod counting {
    use intos::cortex_m::Fram;
    use intos::crates::nvm_core::{Class, CountedNvm, Error, Nvm, StoreCounters};

    pub(crate) static COUNTERS: StoreCounters = StoreCounters::new();

    /// The board's NVM with its stores counted.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Counted(CountedNvm<'static, Fram>);

    impl From<Fram> for Counted {
        fn from(nvm: Fram) -> Self {
            Self(CountedNvm::new(nvm, &COUNTERS))
        }
    }

    impl Nvm for Counted {
        const ATOM: usize = <Fram as Nvm>::ATOM;

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
