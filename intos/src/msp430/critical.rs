//! Critical sections: they hold back all interrupts.

use core::arch::asm;

/// The status register before a critical section.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Before(pub(crate) u16);

/// In the status register: interrupts are handled.
pub(super) const GIE: u16 = 1 << 3;

/// Runs `section` with interrupts held back: for drivers, as that of an NVM on a bus. May be nested. A power loss may fall
/// into it all the same.
#[inline]
pub fn critical<R>(section: impl FnOnce() -> R) -> R {
    let before = enter();
    let result = section();
    leave(before);
    result
}

/// Begins a critical section. They may be nested.
#[inline]
pub(crate) fn enter() -> Before {
    let before: u16;
    // SAFETY: holds back interrupts. An instruction of this family's may still be followed by an interrupt when it has
    // cleared GIE, and that is what the `nop` is for. No option `nomem`: accesses to memory stay on their side of it.
    unsafe { asm!("mov r2, {}", "dint", "nop", out(reg) before, options(nostack)) }
    Before(before)
}

/// Ends it.
#[inline]
pub(crate) fn leave(before: Before) {
    if before.0 & GIE != 0 {
        // SAFETY: gives back what `enter` found; accesses to memory stay on their side of it. The larger processors of this
        // family want a `nop` on both sides.
        unsafe { asm!("nop", "eint", "nop", options(nostack, preserves_flags)) }
    }
}
