//! What a log is doing, in one byte: that nothing is to be looked after is one comparison.

/// Flags; none of them while no transaction runs and the last one ended as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State(u8);

impl State {
    /// No transaction runs, and volatile memory agrees with the NVM.
    pub(crate) const SETTLED: Self = Self(0);
    /// What the NVM holds must be looked at before the next transaction: at the start, after a failed
    /// access, and while a transaction runs, which may be forgotten without its destructor.
    pub(crate) const UNSETTLED: Self = Self(1);
    /// A transaction has written without logging and has not committed.
    pub(crate) const UNFINISHED: Self = Self(1 << 1);
    /// The running transaction cannot commit.
    pub(crate) const FAILED: Self = Self(1 << 2);
    /// The running transaction has stores to do after its commit.
    pub(crate) const DEFERRED: Self = Self(1 << 3);
    /// The running transaction has changed bits, or will, of bytes that other logs may change too.
    pub(crate) const SHARED: Self = Self(1 << 4);

    /// The running transaction's coverage has ranges.
    pub(crate) const RANGES: Self = Self(1 << 5);
    /// The running transaction has logged single bits.
    pub(crate) const BITS: Self = Self(1 << 6);

    /// Both one's flags and the other's.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those flags that the other has, too.
    pub(crate) const fn only(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether it has one of the other's flags.
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Sets flags.
    pub(crate) const fn set(&mut self, flags: Self) {
        self.0 |= flags.0;
    }

    /// Takes flags back.
    pub(crate) const fn clear(&mut self, flags: Self) {
        self.0 &= !flags.0;
    }

    /// Whether no flag is set.
    pub(crate) const fn is_settled(self) -> bool {
        self.0 == 0
    }
}
