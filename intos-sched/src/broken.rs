//! Deliberately broken variants of the kernel's protocols, for the tests of this crate and of those above
//! it, which must catch them. Without the feature `broken` none exists.

/// A mistake that one could make.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// List work is done before the commit that it belongs to.
    ListsBeforeCommit,
    /// The kernel's interrupted list work is not rolled forward at start-up.
    NoRollForward,
    /// A full queue's slot is overwritten by a waiting sender's item without being logged.
    SlotNotLogged,
    /// The task whose time slice begins is not stored before it runs.
    ForgetsCurrent,
    /// What is left to do after a commit is not done at start-up.
    NoFollowUp,
    /// A deleted task's transaction is not rolled back.
    BuriesWithoutRollBack,
    /// The second waiter is not woken by an event that both wait for.
    DropsWakeUp,
    /// The result of a woken task is stored after the task was made ready.
    ResultAfterWakeUp,
    /// A mutex goes to the next task, but its own record says so only later.
    OwnerAfterCommit,
    /// A task's transaction is rolled back while others may allocate what it gives up.
    RollsBackDisturbed,
    /// An inherited priority is stored, but the task stays where it was in its list.
    ForgetsPlace,
}

/// Whether a variant is switched on: never, without the feature.
#[doc(hidden)]
#[cfg(not(feature = "broken"))]
#[inline(always)]
#[allow(clippy::inline_always)] // a constant
#[must_use]
pub const fn is(_variant: Variant) -> bool {
    false
}

#[cfg(feature = "broken")]
extern crate std;

#[cfg(feature = "broken")]
std::thread_local! {
    static ACTIVE: core::cell::Cell<Option<Variant>> = const { core::cell::Cell::new(None) };
}

/// Whether a variant is switched on.
#[doc(hidden)]
#[cfg(feature = "broken")]
#[must_use]
pub fn is(variant: Variant) -> bool {
    ACTIVE.get() == Some(variant)
}

/// Runs a test with a variant switched on, if the feature `broken` is.
#[doc(hidden)]
pub fn with_broken<R>(variant: Variant, test: impl FnOnce() -> R) -> R {
    #[cfg(feature = "broken")]
    ACTIVE.set(Some(variant));
    #[cfg(not(feature = "broken"))]
    let _ = variant;
    let result = test();
    #[cfg(feature = "broken")]
    ACTIVE.set(None);
    result
}
