//! A guard below the running task's stack: memory that nobody may access, where the processor has an MPU of ARMv7-M.
//!
//! The region of the highest number is the guard's; it comes before a program's own regions. A switch moves it by one
//! store. What a function takes of its stack without storing to it can jump over the guard, where it is more than
//! [`Guard::BYTES`]: no target for Cortex-M has the compiler touch all that a function takes.

use core::arch::asm;

use super::registers::{
    CFSR, CPUID, MMFAR, MPU_CTRL, MPU_RASR, MPU_RBAR, MPU_RNR, MPU_TYPE, SHCSR,
};

/// The MPU's region that guards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard {
    region: u32,
}

/// In [`CPUID`]: the part's number, but for its last digit.
const PART: u32 = 0xFF00;
/// Cortex-M3, M4 and M7 are 0xC23, 0xC24 and 0xC27. Those of ARMv8-M have another kind of MPU.
const OF_ARMV7: u32 = 0xC200;

/// In [`MPU_CTRL`]: on; with the default memory map where no region lies.
const ON: u32 = 0b001;
const WITH_DEFAULT_MAP: u32 = 0b100;
/// In [`MPU_RBAR`]: the region is told with the address.
const WITH_REGION: u32 = 1 << 4;
/// In [`MPU_RASR`]: neither accessed nor executed; 2^(`SIZE` + 1) bytes; on.
const NO_ACCESS: u32 = 1 << 28 | SIZE << 1 | 1;
const SIZE: u32 = Guard::BYTES.ilog2() - 1;

/// In [`SHCSR`]: an access that the MPU forbids has a handler of its own.
const MEMORY_FAULTS: u32 = 1 << 16;
/// In [`CFSR`]: the processor could not push what it pushes itself, of the floating-point unit or other.
const NOT_PUSHED: u32 = 1 << 4 | 1 << 5;
/// In [`CFSR`]: the address is known.
const HAS_ADDRESS: u32 = 1 << 7;

impl Guard {
    /// Its size, and what its address is a multiple of.
    pub(crate) const BYTES: usize = 128;

    /// Where the processor can guard.
    pub(crate) fn find() -> Option<Self> {
        if CPUID.read() & PART != OF_ARMV7 {
            return None;
        }
        let regions = MPU_TYPE.read() >> 8 & 0xFF;
        Some(Self {
            region: regions.checked_sub(1)?,
        })
    }

    /// Begins to guard.
    pub(crate) fn begin(self, lowest: usize) {
        self.move_to(lowest);
        MPU_RNR.write(self.region);
        MPU_RASR.write(NO_ACCESS);
        let control = MPU_CTRL.read();
        if control & ON == 0 {
            MPU_CTRL.write(control | ON | WITH_DEFAULT_MAP);
        }
        SHCSR.write(SHCSR.read() | MEMORY_FAULTS);
        synchronize();
    }

    /// Guards below another stack from the next return of an exception on.
    #[inline]
    pub(crate) fn move_to(self, lowest: usize) {
        MPU_RBAR.write(lowest as u32 | WITH_REGION | self.region);
    }

    /// Guards nothing any more.
    pub(crate) fn lift(self) {
        MPU_RNR.write(self.region);
        MPU_RASR.write(0);
        synchronize();
    }

    /// Whether the fault that is being handled is an access to the guard that begins at `lowest`.
    pub(crate) fn is_hit(self, lowest: usize) -> bool {
        let status = CFSR.read();
        let guarded = lowest..lowest + Self::BYTES;
        status & NOT_PUSHED != 0
            || (status & HAS_ADDRESS != 0 && guarded.contains(&(MMFAR.read() as usize)))
    }
}

fn synchronize() {
    // SAFETY: waits until the stores to the MPU count.
    unsafe { asm!("dsb", "isb", options(nostack, preserves_flags)) }
}
