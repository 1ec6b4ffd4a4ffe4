//! The part's FRAM, as the linker script gives it.

use nvm_core::{FixedNvm, FixedPlace, RawOffset};

unsafe extern "C" {
    static mut __intos_nvm_start: u16;
}

/// Bytes of NVM: those between the linker script's symbols.
pub(crate) const NVM_BYTES: RawOffset = 0x400;

/// Where it lies.
#[derive(Debug)]
pub struct Place;

impl FixedPlace for Place {
    const BYTES: RawOffset = NVM_BYTES;

    fn start() -> *mut u8 {
        (&raw mut __intos_nvm_start).cast()
    }
}

/// The region: the processor stores 2 bytes at once.
pub type Fram = FixedNvm<Place, 2>;

/// The region of the program that runs.
pub fn open() -> Fram {
    // SAFETY: the memory map gives this 1 KiB, which begins at a multiple of 4, to this region alone.
    unsafe { Fram::new() }
}
