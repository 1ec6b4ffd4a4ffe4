//! Critical sections: they hold back the kernel's own exceptions and the interrupts that may use the kernel.
//!
//! By BASEPRI, so that the most urgent interrupts are never delayed. ARMv6-M, which is also told by its lack of
//! atomic exchanges, has PRIMASK only.

use core::arch::asm;

/// What was masked before a critical section.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before(pub(crate) u32);

/// Runs `section` with the kernel's own exceptions and the interrupts that may use the kernel held back: for drivers, as
/// that of an NVM on a bus. May be nested. A power loss may fall into it all the same.
#[inline]
pub fn critical<R>(section: impl FnOnce() -> R) -> R {
    let before = enter();
    let result = section();
    leave(before);
    result
}

/// Interrupts of this priority and of greater numbers are held back. The smallest that is not 0 where a processor has
/// three bits for a priority, the fewest that ARMv7-M allows.
#[cfg(target_has_atomic = "32")]
const HELD_BACK_FROM: u32 = 0x20;

/// Begins a critical section. They may be nested.
#[cfg(target_has_atomic = "32")]
#[inline]
pub(crate) fn enter() -> Before {
    let before: u32;
    // SAFETY: changes which interrupts are held back, and only to more (BASEPRI_MAX). No option `nomem`: accesses to
    // memory stay on their side of it.
    unsafe {
        asm!(
            "mrs {before}, BASEPRI",
            "msr BASEPRI_MAX, {masked}",
            before = out(reg) before,
            masked = in(reg) HELD_BACK_FROM,
            options(nostack, preserves_flags),
        );
    }
    Before(before)
}

/// Ends it.
#[cfg(target_has_atomic = "32")]
#[inline]
pub(crate) fn leave(before: Before) {
    // SAFETY: gives back what `enter` found; accesses to memory stay on their side of it.
    unsafe { asm!("msr BASEPRI, {}", in(reg) before.0, options(nostack, preserves_flags)) }
}

/// Runs `sleep` so that it is ended by any interrupt, but none is handled before it returns. In a critical section,
/// which it does not end. Must be short, and store nothing to NVM: the most urgent interrupts are held back too.
#[cfg(target_has_atomic = "32")]
pub(super) fn asleep<R>(sleep: impl FnOnce() -> R) -> R {
    // SAFETY: with PRIMASK set nothing is handled though BASEPRI lets everything through, which it must: what it holds
    // back does not end WFI.
    unsafe {
        asm!("cpsid i", "msr BASEPRI, {}", in(reg) 0, options(nostack, preserves_flags));
    }
    let result = sleep();
    // SAFETY: gives back what was there.
    unsafe {
        asm!("msr BASEPRI, {}", "cpsie i", in(reg) HELD_BACK_FROM, options(nostack, preserves_flags));
    }
    result
}

/// Begins a critical section. They may be nested.
#[cfg(not(target_has_atomic = "32"))]
#[inline]
pub(crate) fn enter() -> Before {
    let before: u32;
    // SAFETY: holds back all interrupts; accesses to memory stay on their side of it.
    unsafe {
        asm!("mrs {}, PRIMASK", "cpsid i", out(reg) before, options(nostack, preserves_flags));
    }
    Before(before)
}

/// Ends it.
#[cfg(not(target_has_atomic = "32"))]
#[inline]
pub(crate) fn leave(before: Before) {
    // SAFETY: gives back what `enter` found; accesses to memory stay on their side of it.
    unsafe { asm!("msr PRIMASK, {}", in(reg) before.0, options(nostack, preserves_flags)) }
}

/// Runs `sleep` in a critical section, which it does not end: an interrupt that is held back ends WFI all the same.
#[cfg(not(target_has_atomic = "32"))]
pub(super) fn asleep<R>(sleep: impl FnOnce() -> R) -> R {
    sleep()
}
