//! The kernel's way to the port.

use core::fmt;
use core::marker::PhantomData;

use intos_sched::{Event, Port};

use super::context;
use super::critical;
use super::firmware::Firmware;
use crate::device::system::SLICE_IS_OVER;

/// The port of a board.
pub struct Msp430<B>(PhantomData<fn() -> B>);

impl<B> Msp430<B> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<B> fmt::Debug for Msp430<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Msp430")
    }
}

impl<B: Firmware> Port for Msp430<B> {
    const TICKS_PER_SECOND: u32 = B::TICKS_PER_SECOND;

    #[inline]
    fn critical<R>(&self, section: impl FnOnce() -> R) -> R {
        critical::critical(section)
    }

    #[inline]
    fn switch(&self) {
        context::switch_now();
    }

    #[inline]
    fn yield_now(&self) {
        SLICE_IS_OVER.raise();
        context::switch_now();
    }

    #[inline]
    fn observe(&self, event: Event) {
        B::observe(event);
    }
}
