//! Why a transaction did not commit.

use core::fmt;

use nvm_core::{Count, Error};

/// Why a transaction did not commit: its writes are rolled back.
///
/// Only the engine makes one, so that a transaction that must not abort (see
/// [`WriteFirstTx`](crate::WriteFirstTx)) cannot be given one to abort with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault(FaultKind);

/// The reasons for a [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The undo log has no room for what the transaction writes: give the program a larger one.
    LogFull {
        /// Bytes that the next entry needs.
        needed: Count,
        /// Bytes that are free.
        free: Count,
    },
    /// The area is too small to be an undo log.
    AreaTooSmall {
        /// Bytes that the smallest log needs.
        needed: Count,
        /// Bytes of the area.
        actual: Count,
    },
    /// The log's commit words contradict each other: the image is damaged, or was never formatted.
    Damaged {
        /// Where the commit words lie.
        offset: u32,
    },
    /// An earlier transaction of this log failed after it had written without logging. It can neither
    /// be rolled back nor committed; until a restart repeats it, no other transaction begins.
    Unfinished,
    /// The NVM did not answer, or an offset lies outside of it.
    Nvm(Error),
}

impl Fault {
    /// The reason.
    pub const fn kind(self) -> FaultKind {
        self.0
    }

    pub(crate) const fn new(kind: FaultKind) -> Self {
        Self(kind)
    }

    pub(crate) const fn log_full(needed: u32, free: u32) -> Self {
        Self(FaultKind::LogFull {
            needed: Count::new(needed),
            free: Count::new(free),
        })
    }
}

impl From<Error> for Fault {
    #[inline]
    fn from(error: Error) -> Self {
        Self(FaultKind::Nvm(error))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LogFull { needed, free } => write!(
                f,
                "the undo log is full: {needed} bytes needed, {free} free; make the log larger or the \
                 transaction smaller"
            ),
            Self::AreaTooSmall { needed, actual } => write!(
                f,
                "an undo log needs at least {needed} bytes, its area has {actual}"
            ),
            Self::Damaged { offset } => write!(
                f,
                "the commit words at {offset:#x} are damaged, or the log was never formatted"
            ),
            Self::Unfinished => f.write_str(
                "an earlier transaction failed after unlogged writes; restart to repeat it",
            ),
            Self::Nvm(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for Fault {}

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Fault>() == 8 && size_of::<Result<u32, Fault>>() == 8);
