//! Deliberately broken variants of the protocols, for the tests that must catch them. Outside of this
//! crate's own tests none exists, and every question is the constant `false`.

/// A mistake that one could make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// An object is stored before its old value is logged.
    StoresBeforeLogging,
    /// An entry's header is stored before its payload.
    HeaderFirst,
    /// The place of the next header keeps whatever tag it has.
    KeepsNextHeader,
    /// The first header keeps its tag when the sequence number comes round to it.
    KeepsFirstHeader,
    /// Deferred stores are not announced before the commit.
    DefersWithoutNotice,
    /// The announcement of deferred stores outlives a roll back.
    KeepsDeferredNotice,
}

#[cfg(not(test))]
#[inline]
pub(crate) const fn is(_variant: Variant) -> bool {
    false
}

/// Whether one of them is chosen.
#[cfg(not(test))]
#[inline]
pub(crate) const fn is_any() -> bool {
    false
}

#[cfg(test)]
pub(crate) fn is_any() -> bool {
    ACTIVE.get().is_some()
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
