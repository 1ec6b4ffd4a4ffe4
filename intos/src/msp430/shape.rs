//! What the code that ports share must know of this processor.

use core::arch::asm;

use crate::device::stacks::IdleStack;

/// What it pushes.
pub(crate) type Word = u16;
/// Bytes of the widest store that is done whole or not at all.
pub(crate) const ATOM: usize = 2;
/// What the end of a stack is a multiple of.
pub(crate) const STACK_ALIGNMENT: usize = 2;
/// Bytes of the smallest stack: what an interrupt pushes, and some to call functions.
pub(crate) const SMALLEST_STACK: usize = 96;
/// Words of the mark below a stack.
pub(crate) const MARK_WORDS: usize = 2;
/// On which stack it idles.
pub(crate) const IDLE_STACK: IdleStack = IdleStack::Main {
    end: main_stack_end,
};
/// That stack's name.
pub(crate) const IDLE_NAME: &str = "kernel";

unsafe extern "C" {
    static mut __stack_start: Word;
}

/// The address behind the main stack.
fn main_stack_end() -> *mut Word {
    &raw mut __stack_start
}

/// Bytes below the stack pointer of the function that is running in which others, that it calls, may be.
const CALLED: usize = 64;

/// Up to where a stack that ends at `end` is not in use when stacks are divided: the main one is.
#[inline(always)]
#[allow(clippy::inline_always)] // the caller's stack pointer is asked for
pub(crate) fn unused_end(end: *mut Word) -> *mut Word {
    if end != main_stack_end() {
        return end;
    }
    let stack_pointer: usize;
    // SAFETY: copies a register.
    unsafe { asm!("mov r1, {}", out(reg) stack_pointer, options(nomem, nostack, preserves_flags)) };
    end.with_addr(stack_pointer - CALLED)
}

/// Nothing guards a stack: the MPU of these parts protects FRAM, not SRAM.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Guard {}

impl Guard {
    pub(crate) const BYTES: usize = 0;

    pub(crate) const fn find() -> Option<Self> {
        None
    }

    pub(crate) const fn begin(self, _lowest: usize) {
        match self {}
    }

    pub(crate) const fn move_to(self, _lowest: usize) {
        match self {}
    }

    #[allow(dead_code)] // no fault is told by the processor
    pub(crate) const fn lift(self) {
        match self {}
    }

    #[allow(dead_code)] // the same
    pub(crate) const fn is_hit(self, _lowest: usize) -> bool {
        match self {}
    }
}
