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
/// Why a fault happened; ARMv7-M only.
#[cfg(target_has_atomic = "32")]
pub(super) const CFSR: Register = Register(0xE000_ED28);

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
        // memory.
        unsafe { ptr::with_exposed_provenance_mut::<u32>(self.0).write_volatile(value) }
    }
}
