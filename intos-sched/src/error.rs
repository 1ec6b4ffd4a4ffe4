//! Why a system call failed.

use core::fmt;

use nvm_core::{Cause, Nvm, RawOffset, Record, RecordReader, RecordWriter};
use nvm_list::{ListError, ListErrorKind};
use nvm_tx::Fault;
use replay::Site;

/// How a system call ends that could not do what it is for. Recorded: 1 byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Outcome {
    /// The time was up.
    Timeout = 1,
    /// The queue or buffer is full, and the call was not to wait.
    Full = 2,
    /// The queue or buffer is empty, or the semaphore, mutex or event not available, and the call was not
    /// to wait.
    Empty = 3,
    /// The semaphore's count, or the depth of a recursive mutex, is at its maximum; or a notification is
    /// already pending.
    Overflow = 4,
    /// The object was deleted, perhaps while the task waited for it.
    Deleted = 5,
    /// The task that is named has ended, or is another than when it was named.
    NoSuchTask = 6,
    /// All slots for tasks of this kind are taken.
    NoFreeSlot = 7,
    /// The task holds the mutex already, which it would have to wait for forever.
    HeldAlready = 8,
    /// The task does not hold the mutex.
    NotHeld = 9,
    /// Another task waits for the same end of the buffer, or serves the timers; or a task has locked the object
    /// that is to be freed.
    Busy = 10,
    /// The message, or what is waited for, is larger than can ever come to be.
    TooLong = 11,
    /// There is no such priority, or what was asked for makes no sense of itself.
    Invalid = 12,
    /// The heap has no block that is large enough.
    OutOfMemory = 13,
}

impl Outcome {
    /// The record of a `Result<(), Outcome>` that is `Ok`.
    pub const SUCCESS: [u8; 1] = [0];

    #[cfg(test)]
    const ALL: [Self; 13] = [
        Self::Timeout,
        Self::Full,
        Self::Empty,
        Self::Overflow,
        Self::Deleted,
        Self::NoSuchTask,
        Self::NoFreeSlot,
        Self::HeldAlready,
        Self::NotHeld,
        Self::Busy,
        Self::TooLong,
        Self::Invalid,
        Self::OutOfMemory,
    ];

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        // The compiler makes two comparisons of it, and no table.
        Some(match code {
            1 => Self::Timeout,
            2 => Self::Full,
            3 => Self::Empty,
            4 => Self::Overflow,
            5 => Self::Deleted,
            6 => Self::NoSuchTask,
            7 => Self::NoFreeSlot,
            8 => Self::HeldAlready,
            9 => Self::NotHeld,
            10 => Self::Busy,
            11 => Self::TooLong,
            12 => Self::Invalid,
            13 => Self::OutOfMemory,
            _ => return None,
        })
    }

    /// The record of a `Result<_, Outcome>` that is this error.
    pub const fn as_record(self) -> [u8; 2] {
        [1, self as u8]
    }
}

impl Record for Outcome {
    const MAX_BYTES: RawOffset = 1;

    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), nvm_core::Error> {
        to.put(&[*self as u8])
    }

    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, nvm_core::Error> {
        Ok(Self::from_code(from.take_u8()?))
    }
}

/// Why a task cannot go on as it wanted. What it says is in [`kind`](Error::kind), and how a system call ended in
/// [`outcome`](Error::outcome).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Error(Cause);

/// The reasons for an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A system call did not do what it is for.
    Call(Outcome),
    /// A transaction could not commit, a table is full, or the replay diverged.
    Replay(replay::Error),
    /// A list of the kernel's is damaged, or out of the links' reach.
    List(ListErrorKind),
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
        /// Where it was noticed. 16 MiB or more is told as `0xFF_FFFF`.
        offset: RawOffset,
    },
    /// The image names a task that the program does not have.
    NoSuchTask {
        /// Its index.
        index: u8,
    },
    /// An interrupt handler made a call that only a task can make.
    InInterrupt {
        /// Where. Not known where a `usize` has 16 bits.
        site: Option<Site>,
    },
    /// A task asked for the argument of another kind of task.
    WrongKind {
        /// The task.
        index: u8,
    },
    /// The kernel's state was placed behind something else.
    NotFirst {
        /// Where it would have ended.
        offset: RawOffset,
    },
}

impl Error {
    /// The reason.
    pub fn kind(self) -> ErrorKind {
        ErrorKind::of(self.0)
    }

    /// How the system call ended that did not do what it is for; `None` for another error.
    pub fn outcome(self) -> Option<Outcome> {
        let code = self.0.code();
        (CALL..TOO_MANY_TASKS)
            .contains(&code)
            .then(|| Outcome::from_code(code - CALL))?
    }

    /// Whether a system call ended so.
    #[inline]
    pub const fn is(self, outcome: Outcome) -> bool {
        self.0.code() == CALL + outcome as u8
    }

    /// Whether a repetition would end in the same way, so that it can be recorded as the outcome of an
    /// aborted transaction.
    pub const fn is_outcome(&self) -> bool {
        match self.0.code() {
            CALL..TOO_MANY_TASKS => true,
            _ => replay::Error::from_cause(self.0).is_outcome(),
        }
    }

    /// How the system call ended; or another error, which no transaction can go on behind, as one that even a
    /// transaction can pass on that cannot abort. See [`OrOutcome`].
    pub fn into_outcome(self) -> Result<Outcome, replay::Error> {
        self.outcome().ok_or(replay::Error::from_cause(self.0))
    }

    /// Whether the NVM failed, so that it is open what was stored.
    pub(crate) const fn is_device_failure(&self) -> bool {
        matches!(self.0.code(), 1 | 2)
    }
}

/// Takes apart what a system call answers, in a transaction that cannot abort.
///
/// Such a transaction ends with an error only where it cannot commit at all. How its calls end it must deal with
/// itself, and cannot overlook:
///
/// ```
/// use intos_sched::{Error, OrOutcome, Outcome};
/// # fn receive() -> Result<u32, Error> { Err(Outcome::Timeout.into()) }
/// fn body() -> Result<u32, replay::Error> {
///     match receive().or_outcome()? {
///         Ok(item) => Ok(item),
///         Err(Outcome::Timeout) => Ok(0),
///         Err(_) => Ok(1),
///     }
/// }
/// assert_eq!(body(), Ok(0));
/// ```
pub trait OrOutcome<T> {
    /// What the call answered, or how it ended.
    ///
    /// # Errors
    ///
    /// What keeps the transaction from committing.
    fn or_outcome(self) -> Result<Result<T, Outcome>, replay::Error>;
}

impl<T> OrOutcome<T> for Result<T, Error> {
    #[inline]
    fn or_outcome(self) -> Result<Result<T, Outcome>, replay::Error> {
        match self {
            Ok(value) => Ok(Ok(value)),
            Err(error) => error.into_outcome().map(Err),
        }
    }
}

/// The first of the causes of lists.
const LIST: u8 = 32;
/// And one for each outcome.
const CALL: u8 = 64;
const TOO_MANY_TASKS: u8 = 96;
const NO_SUCH_PRIORITY: u8 = 97;
const DAMAGED: u8 = 98;
const NO_SUCH_TASK: u8 = 99;
const IN_INTERRUPT: u8 = 100;
const WRONG_KIND: u8 = 101;
const NOT_FIRST: u8 = 102;

/// Causes 64 to 102, and those of lists and of `replay`.
impl ErrorKind {
    /// The error with this reason.
    #[inline(always)]
    #[allow(clippy::inline_always)] // the reason is known where it is made: no code but two constants
    pub const fn error(self) -> Error {
        Error(match self {
            Self::Call(outcome) => Cause::small(CALL + outcome as u8, 0),
            Self::Replay(error) => error.cause(),
            Self::List(kind) => kind.cause(),
            Self::TooManyTasks { maximum } => Cause::new(TOO_MANY_TASKS, maximum as RawOffset),
            Self::NoSuchPriority { priority } => Cause::small(NO_SUCH_PRIORITY, priority),
            Self::Damaged { offset } => Cause::new(DAMAGED, offset),
            Self::NoSuchTask { index } => Cause::small(NO_SUCH_TASK, index),
            Self::InInterrupt { site: Some(site) } => Cause::at(IN_INTERRUPT, 0, site.location()),
            Self::InInterrupt { site: None } => Cause::small(IN_INTERRUPT, 0),
            Self::WrongKind { index } => Cause::small(WRONG_KIND, index),
            Self::NotFirst { offset } => Cause::new(NOT_FIRST, offset),
        })
    }

    fn of(cause: Cause) -> Self {
        let number = cause.number();
        match (cause.code(), Error(cause).outcome(), cause.location()) {
            (_, Some(outcome), _) => Self::Call(outcome),
            (IN_INTERRUPT, _, location) => Self::InInterrupt {
                site: location.map(Site::at),
            },
            (LIST..CALL, ..) => Self::List(ListErrorKind::of(cause)),
            (TOO_MANY_TASKS, ..) => Self::TooManyTasks {
                maximum: number as usize,
            },
            (NO_SUCH_PRIORITY, ..) => Self::NoSuchPriority {
                priority: number as u8,
            },
            (DAMAGED, ..) => Self::Damaged { offset: number },
            (NO_SUCH_TASK, ..) => Self::NoSuchTask {
                index: number as u8,
            },
            (WRONG_KIND, ..) => Self::WrongKind {
                index: number as u8,
            },
            (NOT_FIRST, ..) => Self::NotFirst { offset: number },
            _ => Self::Replay(replay::Error::from_cause(cause)),
        }
    }
}

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Error>() == 8 && size_of::<Result<(), Error>>() == 8);

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Error").field(&self.kind()).finish()
    }
}

impl From<ErrorKind> for Error {
    #[inline]
    fn from(kind: ErrorKind) -> Self {
        kind.error()
    }
}

impl From<Outcome> for Error {
    #[inline]
    fn from(outcome: Outcome) -> Self {
        ErrorKind::Call(outcome).error()
    }
}

impl From<replay::Error> for Error {
    #[inline]
    fn from(error: replay::Error) -> Self {
        Self(error.cause())
    }
}

impl From<Fault> for Error {
    #[inline]
    fn from(fault: Fault) -> Self {
        Self(fault.cause())
    }
}

impl From<nvm_core::Error> for Error {
    #[inline]
    fn from(error: nvm_core::Error) -> Self {
        Self(Fault::from(error).cause())
    }
}

impl From<ListError> for Error {
    #[inline]
    fn from(error: ListError) -> Self {
        Self(error.cause())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "the time was up",
            Self::Full => "there is no room",
            Self::Empty => "nothing is there to take",
            Self::Overflow => "the count is at its maximum",
            Self::Deleted => "the object was deleted",
            Self::NoSuchTask => "the task has ended",
            Self::NoFreeSlot => {
                "all slots for tasks of this kind are taken: give the kind more instances"
            }
            Self::HeldAlready => {
                "the task holds the mutex already and would wait for itself: use a recursive mutex"
            }
            Self::NotHeld => "the task does not hold the mutex",
            Self::Busy => {
                "it is in use: one task at a time waits for an end of a buffer, serves timers, or locks an object"
            }
            Self::TooLong => "it is longer than the buffer",
            Self::Invalid => "the arguments make no sense",
            Self::OutOfMemory => "the heap has no block that is large enough",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

impl fmt::Display for ErrorKind {
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
            Self::InInterrupt { site } => {
                f.write_str("an interrupt handler made a call that only a task can make")?;
                match site.and_then(Site::location) {
                    Some(location) => write!(f, ", at {location}"),
                    None => Ok(()),
                }
            }
            Self::NotFirst { offset } => write!(
                f,
                "the kernel's state must be placed first, and its control blocks would lie at {offset}"
            ),
            Self::WrongKind { index } => write!(
                f,
                "task {index} is of another kind than the one whose argument it asked for"
            ),
        }
    }
}

impl core::error::Error for Error {}

/// Recorded as the outcome of an aborted transaction: 1 byte, and 6 for errors of the transaction itself.
impl Record for Error {
    const MAX_BYTES: RawOffset = 1 + replay::Error::MAX_BYTES;

    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), nvm_core::Error> {
        let (code, error) = (self.0.code(), replay::Error::from_cause(self.0));
        if error.is_outcome() {
            to.put(&[0])?;
            return error.encode(to);
        }
        // Another is never an outcome: see `is_outcome`.
        to.put(&[match code {
            CALL..TOO_MANY_TASKS => code - CALL,
            _ => 0xFF,
        }])
    }

    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, nvm_core::Error> {
        Ok(match from.take_u8()? {
            0 => replay::Error::decode(from)?.map(Self::from),
            code => Outcome::from_code(code).map(Self::from),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_that_cannot_abort_is_given_no_outcome_to_abort_with() {
        for outcome in Outcome::ALL {
            assert_eq!(Error::from(outcome).into_outcome(), Ok(outcome));
            let answered: Result<(), Error> = Err(outcome.into());
            assert_eq!(answered.or_outcome(), Ok(Err(outcome)));
        }
    }

    #[test]
    fn an_outcome_has_its_code() {
        for code in 0..=u8::MAX {
            let known = Outcome::ALL.into_iter().find(|known| *known as u8 == code);
            assert_eq!(Outcome::from_code(code), known);
        }
    }

    #[test]
    fn what_no_transaction_can_go_on_behind_is_passed_on_as_it_is() {
        for kind in [
            ErrorKind::Damaged { offset: 12 },
            ErrorKind::NoSuchTask { index: 3 },
            ErrorKind::Replay(Fault::from(nvm_core::Error::Device).into()),
        ] {
            let passed_on = Err::<(), _>(kind.error()).or_outcome().unwrap_err();
            assert!(!passed_on.is_outcome());
            assert_eq!(Error::from(passed_on).kind(), kind);
        }
    }
}
