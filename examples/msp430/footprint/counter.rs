//! An atomic counter in FRAM with `nvm-tx` alone, which counts the starts: what the smallest program with a single
//! crate takes of flash and RAM. Measured by `cargo xtask bench`.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use nvm_core::{
    Area, Class, FixedNvm, FixedPlace, Layout, Nvm, Offset, RawOffset, Region, RegionError,
};
use nvm_tx::{Fault, UndoLog};

unsafe extern "C" {
    static mut __intos_nvm_start: u32;
}

struct Place;

impl FixedPlace for Place {
    const BYTES: RawOffset = 64;

    fn start() -> *mut u8 {
        (&raw mut __intos_nvm_start).cast()
    }
}

type Fram = FixedNvm<Place, 2>;

/// Where everything lies: the same at each start.
struct Places {
    layout: Layout,
    log: Area,
    count: Offset<u32>,
}

impl Places {
    const fn new() -> Self {
        let mut layout = Layout::new("counter", 1);
        let log = layout.area("undo log", UndoLog::<Fram>::area_bytes(8));
        let count = layout.object("count");
        Self { layout, log, count }
    }
}

static PLACES: Places = Places::new();

enum Failed {
    Region,
    Access,
}

impl From<RegionError> for Failed {
    fn from(_: RegionError) -> Self {
        Self::Region
    }
}

impl From<nvm_core::Error> for Failed {
    fn from(_: nvm_core::Error) -> Self {
        Self::Access
    }
}

impl From<Fault> for Failed {
    fn from(_: Fault) -> Self {
        Self::Access
    }
}

fn count(nvm: Fram) -> Result<(), Failed> {
    let Places { layout, log, count } = &PLACES;
    let _ = Region::open_or_format(&nvm, layout, || {
        UndoLog::format(&nvm, *log)?;
        Ok::<(), Failed>(nvm.store(Class::Data, *count, &0)?)
    })?;
    let mut log = UndoLog::open(nvm, *log)?;
    log.transaction(|tx| tx.update(*count, |count| count + 1))?;
    Ok(())
}

msp430_start::entry!(main);

fn main() -> ! {
    // Where it has failed there is nobody to be told: the next start tries again.
    // SAFETY: the memory map gives this memory to the program alone; it is aligned, and larger.
    let _ = count(unsafe { Fram::new() });
    stop()
}

fn stop() -> ! {
    loop {
        core::hint::spin_loop();
    }
}

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    stop()
}
