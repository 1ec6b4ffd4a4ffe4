//! The implementation of the crate `critical-section`, for drivers: their sections are the kernel's.

use crate::arch::critical::{Before, enter, leave};

struct KernelSection;

critical_section::set_impl!(KernelSection);

// SAFETY: sections nest, and nothing that may use the kernel runs within one. Interrupts that are never held back must not
// use it, as the ports' documentation says.
unsafe impl critical_section::Impl for KernelSection {
    unsafe fn acquire() -> critical_section::RawRestoreState {
        enter().0.into()
    }

    unsafe fn release(before: critical_section::RawRestoreState) {
        leave(Before(before as _));
    }
}
