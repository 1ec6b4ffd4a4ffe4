//! The processor's own registers, in the System Control Space: the same in all Cortex-M.

use core::ptr;

/// A 32-bit register.
#[derive(Debug, Clone, Copy)]
pub(super) struct Register(usize);

/// `SysTick`: control and status.
pub(super) const SYST_CSR: Register = Register(0xE000_E010);
/// `SysTick`: what it begins again with at 0.
pub(super) const SYST_RVR: Register = Register(0xE000_E014);
/// `SysTick`: how many clocks are left. Any store makes it 0.
pub(super) const SYST_CVR: Register = Register(0xE000_E018);
/// Interrupt control and state.
pub(super) const ICSR: Register = Register(0xE000_ED04);
/// Priorities of `PendSV` and `SysTick`.
pub(super) const SHPR3: Register = Register(0xE000_ED20);
/// Which processor it is.
#[cfg(target_has_atomic = "32")]
pub(super) const CPUID: Register = Register(0xE000_ED00);
/// Which faults have handlers of their own; ARMv7-M only, as all that follow.
#[cfg(target_has_atomic = "32")]
pub(super) const SHCSR: Register = Register(0xE000_ED24);
/// Why a fault happened.
#[cfg(target_has_atomic = "32")]
pub(super) const CFSR: Register = Register(0xE000_ED28);
/// Which address was accessed that the MPU forbids.
#[cfg(target_has_atomic = "32")]
pub(super) const MMFAR: Register = Register(0xE000_ED34);
/// The MPU: how many regions it has; 0 where there is none.
#[cfg(target_has_atomic = "32")]
pub(super) const MPU_TYPE: Register = Register(0xE000_ED90);
/// The MPU: whether it is on.
#[cfg(target_has_atomic = "32")]
pub(super) const MPU_CTRL: Register = Register(0xE000_ED94);
/// The MPU: which region the next two are of.
#[cfg(target_has_atomic = "32")]
pub(super) const MPU_RNR: Register = Register(0xE000_ED98);
/// The MPU: where a region lies.
#[cfg(target_has_atomic = "32")]
pub(super) const MPU_RBAR: Register = Register(0xE000_ED9C);
/// The MPU: how large a region is, and what it allows.
#[cfg(target_has_atomic = "32")]
pub(super) const MPU_RASR: Register = Register(0xE000_EDA0);

/// In [`ICSR`]: makes `PendSV` pending.
pub(super) const PENDSVSET: u32 = 1 << 28;
/// In [`ICSR`]: `SysTick` is pending.
pub(super) const PENDSTSET: u32 = 1 << 26;
/// In [`ICSR`]: makes `SysTick` not pending.
pub(super) const PENDSTCLR: u32 = 1 << 25;

impl Register {
    pub(super) fn read(self) -> u32 {
        // SAFETY: a register that every Cortex-M has at this address; reading it changes no memory.
        unsafe { ptr::with_exposed_provenance::<u32>(self.0).read_volatile() }
    }

    pub(super) fn write(self, value: u32) {
        // SAFETY: as above; the port alone writes these registers, and none of them lets the processor access
        // memory that it could not access otherwise.
        unsafe { ptr::with_exposed_provenance_mut::<u32>(self.0).write_volatile(value) }
    }
}
