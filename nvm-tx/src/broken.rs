//! Deliberately broken variants of the protocols, for the tests that must catch them. Outside of this
//! crate's own tests none exists, and every question is the constant `false`; but for the feature `broken`, with which
//! one of them can be switched on.

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
    /// What a transaction has logged is taken for logged in the next one.
    KeepsCoverage,
}

/// Which one is chosen: none, without the feature.
#[cfg(not(any(test, feature = "broken")))]
#[inline]
const fn active() -> Option<Variant> {
    None
}

#[cfg(test)]
std::thread_local! {
    static ACTIVE: core::cell::Cell<Option<Variant>> = const { core::cell::Cell::new(None) };
}

#[cfg(test)]
fn active() -> Option<Variant> {
    ACTIVE.get()
}

#[cfg(all(feature = "broken", not(test)))]
fn active() -> Option<Variant> {
    switch::is_on().then_some(Variant::StoresBeforeLogging)
}

/// Whether firmware makes a mistake.
#[cfg(all(feature = "broken", not(test), not(target_pointer_width = "16")))]
mod switch {
    use core::sync::atomic::{AtomicBool, Ordering};

    static IS_ON: AtomicBool = AtomicBool::new(false);

    pub(super) fn is_on() -> bool {
        IS_ON.load(Ordering::Relaxed)
    }

    pub(super) fn set() {
        IS_ON.store(true, Ordering::Relaxed);
    }
}

/// Where the compiler has no atomic variables the mistake is made from the start on.
#[cfg(all(feature = "broken", not(test), target_pointer_width = "16"))]
mod switch {
    pub(super) const fn is_on() -> bool {
        true
    }

    pub(super) const fn set() {}
}

/// From now on all transactions store an object before they log its old value: for firmware that a sweep of power cuts must
/// find broken.
#[doc(hidden)]
#[cfg(feature = "broken")]
pub fn store_before_logging() {
    #[cfg(not(test))]
    switch::set();
}

#[inline]
pub(crate) fn is(variant: Variant) -> bool {
    active() == Some(variant)
}

/// Runs a test with the variant switched on.
#[cfg(test)]
pub(crate) fn with<R>(variant: Variant, test: impl FnOnce() -> R) -> R {
    ACTIVE.set(Some(variant));
    let result = test();
    ACTIVE.set(None);
    result
}
