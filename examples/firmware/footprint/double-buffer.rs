//! An atomic counter in FRAM with `nvm-core` alone, which counts the starts: the smallest program with a single crate.
//! Measured by `cargo xtask bench`.
#![no_std]
#![no_main]

#[path = "../src/vectors.rs"]
mod vectors;

use core::panic::PanicInfo;

use nvm_core::{DoubleBuffered, FixedNvm, FixedPlace, Layout, Region, RegionError};

unsafe extern "C" {
    static mut __intos_nvm_start: u32;
}

struct Place;

impl FixedPlace for Place {
    const BYTES: u32 = 64;

    fn start() -> *mut u8 {
        (&raw mut __intos_nvm_start).cast()
    }
}

type Fram = FixedNvm<Place, 4>;

/// Where everything lies: the same at each start.
struct Places {
    layout: Layout,
    count: DoubleBuffered<u32>,
}

impl Places {
    const fn new() -> Self {
        let mut layout = Layout::new("counter", 1);
        let count = DoubleBuffered::place(&mut layout, "count");
        Self { layout, count }
    }
}

static PLACES: Places = Places::new();

fn count(nvm: Fram) -> Result<(), RegionError> {
    let Places { layout, count } = &PLACES;
    let _ = Region::open_or_format(&nvm, layout, || {
        Ok::<(), RegionError>(count.format(&nvm, &0)?)
    })?;
    count.update(&nvm, |count| count.wrapping_add(1))?;
    Ok(())
}

#[cortex_m_rt::entry]
fn main() -> ! {
    // Where it has failed there is nobody to be told: the next start tries again.
    // SAFETY: the memory map gives this memory to the program alone; it is aligned, and larger.
    let _ = count(unsafe { Fram::new() });
    stop()
}

fn stop() -> ! {
    loop {
        // SAFETY: waits for an interrupt; there is none.
        unsafe { core::arch::asm!("wfi", options(nomem, nostack, preserves_flags)) }
    }
}

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    stop()
}
