//! A flag that handlers share with tasks. Not an atomic type of `core`: some processors have none of any width.

use core::cell::UnsafeCell;

/// Whether something is so.
#[derive(Debug)]
pub(crate) struct Flag(UnsafeCell<bool>);

// SAFETY: one processor, which loads and stores a byte at once; no reference to the byte is given away.
unsafe impl Sync for Flag {}

impl Flag {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(false))
    }

    /// Sets it.
    #[inline]
    pub(crate) fn raise(&self) {
        self.store(true);
    }

    /// Reads it and clears it. In a critical section: that is not done at once.
    #[inline]
    pub(crate) fn take(&self) -> bool {
        let is_raised = self.is_raised();
        self.store(false);
        is_raised
    }

    #[inline]
    pub(crate) fn is_raised(&self) -> bool {
        // SAFETY: a byte of its own; volatile, since a handler may change it.
        unsafe { self.0.get().read_volatile() }
    }

    #[inline]
    fn store(&self, is_raised: bool) {
        // SAFETY: as above; nobody has a reference to it.
        unsafe { self.0.get().write_volatile(is_raised) }
    }
}
