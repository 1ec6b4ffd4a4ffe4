//! Why a system call failed.

use core::fmt;

use nvm_core::{Nvm, Record, RecordReader, RecordWriter};
use nvm_list::ListError;
use nvm_tx::Fault;

/// How a system call ends that could not do what it is for. Recorded: 1 byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    /// The time was up.
    Timeout = 1,
    /// The queue is full, and the call was not to wait.
    Full = 2,
    /// The queue is empty, or the semaphore not available, and the call was not to wait.
    Empty = 3,
    /// The semaphore's count is at its maximum.
    Overflow = 4,
}

impl Outcome {
    const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Timeout,
            2 => Self::Full,
            3 => Self::Empty,
            4 => Self::Overflow,
            _ => return None,
        })
    }
}

impl Record for Outcome {
    const MAX_BYTES: u32 = 1;

    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), nvm_core::Error> {
        to.put(&[*self as u8])
    }

    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, nvm_core::Error> {
        Ok(Self::from_code(from.take_u8()?))
    }
}

/// Why a task cannot go on as it wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A system call did not do what it is for.
    Call(Outcome),
    /// A transaction could not commit, a table is full, or the replay diverged.
    Replay(replay::Error),
    /// A list of the kernel's is damaged, or out of the links' reach.
    List(ListError),
    /// More tasks than the kernel can have.
    TooManyTasks {
        /// How many it can have.
        maximum: usize,
    },
    /// A priority that there is not.
    NoSuchPriority {
        /// The priority asked for.
        priority: u8,
    },
    /// The kernel's state contradicts itself: the image is damaged.
    Damaged {
        /// Where it was noticed.
        offset: u32,
    },
    /// The image names a task that the program does not have.
    NoSuchTask {
        /// Its index.
        index: u8,
    },
}

impl Error {
    /// Whether a repetition would end in the same way, so that it can be recorded as the outcome of an
    /// aborted transaction.
    pub const fn is_outcome(&self) -> bool {
        match self {
            Self::Call(_) => true,
            Self::Replay(error) => error.is_outcome(),
            _ => false,
        }
    }
}

impl From<Outcome> for Error {
    fn from(outcome: Outcome) -> Self {
        Self::Call(outcome)
    }
}

impl From<replay::Error> for Error {
    fn from(error: replay::Error) -> Self {
        Self::Replay(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Replay(fault.into())
    }
}

impl From<nvm_core::Error> for Error {
    fn from(error: nvm_core::Error) -> Self {
        Self::Replay(error.into())
    }
}

impl From<ListError> for Error {
    fn from(error: ListError) -> Self {
        Self::List(error)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "the time was up",
            Self::Full => "the queue is full",
            Self::Empty => "nothing is there to take",
            Self::Overflow => "the count is at its maximum",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(outcome) => outcome.fmt(f),
            Self::Replay(error) => error.fmt(f),
            Self::List(error) => error.fmt(f),
            Self::TooManyTasks { maximum } => {
                write!(f, "the program has more than {maximum} tasks")
            }
            Self::NoSuchPriority { priority } => write!(
                f,
                "there is no priority {priority}: they run from 0 to {}",
                crate::PRIORITIES - 1
            ),
            Self::Damaged { offset } => write!(
                f,
                "the kernel's state at {offset:#x} contradicts itself: the image is damaged"
            ),
            Self::NoSuchTask { index } => write!(
                f,
                "the image names task {index}, which the program does not have: it is damaged"
            ),
        }
    }
}

impl core::error::Error for Error {}

/// Recorded as the outcome of an aborted transaction: 1 byte, and 9 for errors of the transaction itself.
impl Record for Error {
    const MAX_BYTES: u32 = 1 + replay::Error::MAX_BYTES;

    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), nvm_core::Error> {
        match self {
            Self::Call(outcome) => outcome.encode(to),
            Self::Replay(error) => {
                to.put(&[0])?;
                error.encode(to)
            }
            // Never an outcome: see `is_outcome`.
            _ => to.put(&[0xFF]),
        }
    }

    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, nvm_core::Error> {
        Ok(match from.take_u8()? {
            0 => replay::Error::decode(from)?.map(Self::Replay),
            code => Outcome::from_code(code).map(Self::Call),
        })
    }
}
