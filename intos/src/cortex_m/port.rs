//! The kernel's way to the port.

use core::arch::asm;
use core::fmt;
use core::marker::PhantomData;

use intos_sched::{Event, Port};

use super::critical;
use super::firmware::Firmware;
use super::registers::{ICSR, PENDSVSET};
use crate::device::failure::Failure;
use crate::device::system::{self, SLICE_IS_OVER};

/// The port of a board.
pub struct CortexM<B>(PhantomData<fn() -> B>);

impl<B> CortexM<B> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<B> fmt::Debug for CortexM<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CortexM")
    }
}

impl<B: Firmware> Port for CortexM<B> {
    const TICKS_PER_SECOND: u32 = B::TICKS_PER_SECOND;

    #[inline]
    fn critical<R>(&self, section: impl FnOnce() -> R) -> R {
        critical::critical(section)
    }

    #[inline]
    fn switch(&self) {
        switch_now();
    }

    #[inline]
    fn yield_now(&self) {
        SLICE_IS_OVER.raise();
        switch_now();
    }

    #[inline]
    fn observe(&self, event: Event) {
        B::observe(event);
    }
}

/// Has the scheduler choose as soon as nothing more urgent runs.
#[inline]
pub(super) fn pend_switch() {
    ICSR.write(PENDSVSET);
}

/// The same, and waits for it: in a task, it returns when the task is chosen again.
#[inline]
pub(super) fn switch_now() {
    pend_switch();
    // SAFETY: waits until the exception is taken; no access to memory passes it.
    unsafe { asm!("dsb", "isb", options(nostack, preserves_flags)) }
}

/// Has the program handle an interrupt, by [`Program::interrupt`](crate::Program::interrupt): call it in the
/// interrupt's handler. Its priority must be 0x20 or a greater number, but for ARMv6-M, where it may be any.
///
/// Before [`start`](super::start()) has come to its first task it does nothing.
pub fn interrupt(number: u8) {
    let Some(system) = system::get() else {
        return;
    };
    let before = critical::enter();
    match system.core.interrupt(number) {
        Ok(true) => pend_switch(),
        Ok(false) => {}
        Err(error) => system
            .core
            .fail(&Failure::InterruptFailed { number, error }),
    }
    critical::leave(before);
}
