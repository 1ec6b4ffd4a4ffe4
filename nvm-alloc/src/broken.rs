//! Deliberately broken variants of the protocols, for the tests that must catch them. Outside of this
//! crate's own tests none exists, and every question is the constant `false`.

/// A mistake that one could make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// A free takes effect at once instead of with the commit.
    FreesAtOnce,
    /// An allocation's bits are stored without the transaction's log.
    AllocatesUnlogged,
    /// `allocate_into` stores the slot before its transaction.
    PublishesFirst,
    /// A second free in the same transaction is not looked for.
    ForgetsDeferred,
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
