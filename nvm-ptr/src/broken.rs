//! Deliberately broken variants, for the tests that must catch them. Outside of this crate's own tests
//! none exists, and every question is the constant `false`.

/// A mistake that one could make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// A write after a read leaves the old value unlogged.
    ForgetsRead,
    /// A vector takes every slot behind its *present* length for one that was never used.
    ForgetsPopped,
    /// A growing vector leaves its last element behind.
    CopiesTooFew,
    /// Handles that overlap are opened.
    OpensOverlap,
}

#[cfg(not(test))]
#[inline]
pub(crate) const fn is(_variant: Variant) -> bool {
    false
}

#[cfg(test)]
std::thread_local! {
    static ACTIVE: core::cell::Cell<Option<Variant>> = const { core::cell::Cell::new(None) };
}

#[cfg(test)]
pub(crate) fn is(variant: Variant) -> bool {
    ACTIVE.get() == Some(variant)
}

/// Runs a test with the variant switched on.
#[cfg(test)]
pub(crate) fn with<R>(variant: Variant, test: impl FnOnce() -> R) -> R {
    ACTIVE.set(Some(variant));
    let result = test();
    ACTIVE.set(None);
    result
}

/// Whether the code under test is whole.
#[cfg(test)]
pub(crate) fn none() -> bool {
    ACTIVE.get().is_none()
}
