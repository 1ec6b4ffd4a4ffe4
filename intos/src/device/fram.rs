//! The NVM of a board.

use nvm_core::{FixedNvm, FixedPlace, Nvm, RawOffset};

use super::failure::Failure;
use crate::arch;

unsafe extern "C" {
    static mut __intos_nvm_start: u32;
    static mut __intos_nvm_end: u32;
}

/// The first `BYTES` bytes, a power of two, from the linker script's symbol `__intos_nvm_start` on: FRAM or MRAM that the
/// processor addresses like memory, and that stores aligned words of the processor's width whole.
pub type Fram<const BYTES: RawOffset> = FixedNvm<Linked<BYTES>, { arch::ATOM }>;

/// Where [`Fram`] lies.
#[derive(Debug)]
pub struct Linked<const BYTES: RawOffset>(());

impl<const BYTES: RawOffset> FixedPlace for Linked<BYTES> {
    const BYTES: RawOffset = BYTES;

    #[inline]
    fn start() -> *mut u8 {
        (&raw mut __intos_nvm_start).cast()
    }
}

/// NVM that a board can be started with.
pub trait Region: Nvm + Sized {
    /// Opens it, after a reset.
    ///
    /// # Errors
    ///
    /// [`Failure::NvmTooSmall`], where the linker script gives less than the board says.
    fn open() -> Result<Self, Failure<'static>>;
}

impl<const BYTES: RawOffset> Region for Fram<BYTES> {
    fn open() -> Result<Self, Failure<'static>> {
        let start = (&raw mut __intos_nvm_start).addr();
        let available = (&raw mut __intos_nvm_end).addr().saturating_sub(start);
        if available < BYTES as usize || !start.is_multiple_of(4) {
            return Err(Failure::NvmTooSmall {
                needed: BYTES,
                available,
            });
        }
        // SAFETY: the address is the linker's, and the size was compared with what the linker script gives; the script gives
        // this memory to the kernel alone, as the port's documentation asks.
        Ok(unsafe { Self::new() })
    }
}
