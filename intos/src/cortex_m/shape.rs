//! What the code that ports share must know of this processor.

use crate::device::stacks::IdleStack;

/// What it pushes.
pub(crate) type Word = u32;
/// Bytes of the widest store that is done whole or not at all.
pub(crate) const ATOM: usize = 4;
/// What the end of a stack is a multiple of.
pub(crate) const STACK_ALIGNMENT: usize = 8;
/// Bytes of the smallest stack: what a switch pushes, and some to call functions.
pub(crate) const SMALLEST_STACK: usize = 256;
/// Words of the mark below a stack that is not guarded.
pub(crate) const MARK_WORDS: usize = 8;
/// On which stack it idles.
pub(crate) const IDLE_STACK: IdleStack = IdleStack::Own;
/// That stack's name.
pub(crate) const IDLE_NAME: &str = "idle";

/// Up to where a stack that ends at `end` is not in use when stacks are divided.
pub(crate) const fn unused_end(end: *mut Word) -> *mut Word {
    end
}
