//! Deliberately broken variants of the protocols, for the tests that must catch them. Outside of this
//! crate's own tests none exists, and every question is the constant `false`.

/// A mistake that one could make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// A loop's counter is stored before the commit that ends the iteration.
    CountsBeforeCommit,
    /// A loop's end goes on naming the number of a commit.
    KeepsLoopEnd,
    /// A record is stored after the commit that publishes it.
    RecordsAfterCommit,
    /// An empty record does not invalidate the check that stands in its place.
    KeepsCheck,
    /// A record that is small enough goes into a table that had no room for the one before it.
    LetsSmallerRecordsIn,
    /// System calls' records of 254 transactions ago are taken for new ones.
    KeepsGeneration,
    /// System calls are forgotten when their transaction is rolled back by a power loss.
    ForgetsSystemCalls,
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
