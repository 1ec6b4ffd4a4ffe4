//! Why a transaction did not commit.

use core::fmt;

use nvm_core::{Cause, Error, RawOffset, UpTo12Bits};

/// Why a transaction did not commit: its writes are rolled back.
///
/// Only the engine makes one, so that a transaction that must not abort (see
/// [`WriteFirstTx`](crate::WriteFirstTx)) cannot be given one to abort with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fault(Cause);

/// The reasons for a [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The undo log has no room for what the transaction writes: give the program a larger one.
    LogFull {
        /// Bytes that the next entry needs. 4,095 stands for that or more.
        needed: u16,
        /// Bytes that are free. 4,095 stands for that or more.
        free: u16,
    },
    /// The area is too small to be an undo log.
    AreaTooSmall {
        /// Bytes that the smallest log needs.
        needed: u16,
        /// Bytes of the area. 4,095 stands for that or more.
        actual: u16,
    },
    /// The log's commit words contradict each other: the image is damaged, or was never formatted.
    Damaged {
        /// Where the commit words lie. 16 MiB or more is told as `0xFF_FFFF`.
        offset: RawOffset,
    },
    /// An earlier transaction of this log failed after it had written without logging. It can neither
    /// be rolled back nor committed; until a restart repeats it, no other transaction begins.
    Unfinished,
    /// The NVM did not answer, or an offset lies outside of it; one of 16 MiB or more is told as `0xFF_FFFF`.
    Nvm(Error),
}

impl Fault {
    /// The reason.
    pub fn kind(self) -> FaultKind {
        FaultKind::of(self.0)
    }

    /// For the errors that a fault is passed on as.
    #[doc(hidden)]
    #[inline]
    pub const fn cause(self) -> Cause {
        self.0
    }

    /// Whether the NVM did not answer, or an offset lies outside of it.
    pub(crate) const fn is_of_nvm(self) -> bool {
        matches!(self.0.code(), OUT_OF_RANGE | DEVICE)
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // the reason is known where it is made: no code but two constants
    pub(crate) const fn new(kind: FaultKind) -> Self {
        Self(kind.cause())
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // the reason is known where it is made: no code but two constants
    pub(crate) const fn log_full(needed: RawOffset, free: RawOffset) -> Self {
        Self::new(FaultKind::LogFull {
            needed: UpTo12Bits::of(needed),
            free: UpTo12Bits::of(free),
        })
    }
}

const OUT_OF_RANGE: u8 = 1;
const DEVICE: u8 = 2;
const LOG_FULL: u8 = 3;
const AREA_TOO_SMALL: u8 = 4;
const DAMAGED: u8 = 5;
const UNFINISHED: u8 = 6;

/// Causes 1 to 6.
impl FaultKind {
    #[doc(hidden)]
    #[inline(always)]
    #[allow(clippy::inline_always)] // the reason is known where it is made: no code but two constants
    pub const fn cause(self) -> Cause {
        match self {
            Self::Nvm(Error::OutOfRange { offset }) => Cause::new(OUT_OF_RANGE, offset),
            // Whatever else it says, there is nothing but to start anew.
            Self::Nvm(_) => Cause::small(DEVICE, 0),
            Self::LogFull { needed, free } => Cause::pair(LOG_FULL, needed, free),
            Self::AreaTooSmall { needed, actual } => Cause::pair(AREA_TOO_SMALL, needed, actual),
            Self::Damaged { offset } => Cause::new(DAMAGED, offset),
            Self::Unfinished => Cause::small(UNFINISHED, 0),
        }
    }

    #[doc(hidden)]
    pub fn of(cause: Cause) -> Self {
        let (number, (first, second)) = (cause.number(), cause.numbers());
        match cause.code() {
            OUT_OF_RANGE => Self::Nvm(Error::OutOfRange { offset: number }),
            DEVICE => Self::Nvm(Error::Device),
            LOG_FULL => Self::LogFull {
                needed: first,
                free: second,
            },
            AREA_TOO_SMALL => Self::AreaTooSmall {
                needed: first,
                actual: second,
            },
            DAMAGED => Self::Damaged { offset: number },
            _ => Self::Unfinished,
        }
    }
}

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Fault>() == 8 && size_of::<Result<(), Fault>>() == 8);

impl From<Error> for Fault {
    #[inline]
    fn from(error: Error) -> Self {
        Self::new(FaultKind::Nvm(error))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fault").field(&self.kind()).finish()
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LogFull { needed, free } => write!(
                f,
                "the undo log is full: {} bytes needed, {} free; make the log larger or the transaction smaller",
                UpTo12Bits(*needed),
                UpTo12Bits(*free),
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
