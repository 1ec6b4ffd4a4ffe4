//! Deliberate mistakes in the protocol, for the tests that show that the tests can fail. Without
//! `cfg(test)` none is ever active.

/// A mistake in the real code, switched on by a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The publishing byte is stored before the fields of the record.
    PublishFirst,
    /// The log is retired before the last operation's steps.
    RetireFirst,
    /// A move does not note that the node has been unlinked.
    NoUnlinkedMark,
    /// A move within a list does not note that the node's own links are its new ones.
    NoPreparedMark,
    /// A node's owner is stored before its links.
    OwnerBeforeLinks,
    /// Linking stops where the predecessor already leads to the node: the back link is not restored.
    NoBackLink,
    /// A batch does not note which operations are done.
    NoProgress,
    /// A batch is staged over another without invalidating that one first.
    NoInvalidation,
    /// A key is stored in a linked node before the operation is published.
    KeyTooEarly,
    /// No mistake: the batch of most system calls goes the general way.
    NoShortWay,
}

#[cfg(not(test))]
#[inline]
pub(crate) const fn is_active(_fault: Fault) -> bool {
    false
}

#[cfg(test)]
std::thread_local! {
    static ACTIVE: core::cell::Cell<Option<Fault>> = const { core::cell::Cell::new(None) };
}

#[cfg(test)]
pub(crate) fn is_active(fault: Fault) -> bool {
    ACTIVE.get() == Some(fault)
}

/// Runs with a fault switched on.
#[cfg(test)]
pub(crate) fn with<R>(fault: Fault, run: impl FnOnce() -> R) -> R {
    ACTIVE.set(Some(fault));
    let result = run();
    ACTIVE.set(None);
    result
}
