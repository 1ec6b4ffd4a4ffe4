//! Why a durable program cannot go on as it wanted.

use core::fmt;

use nvm_core::{Cause, Nvm, RawOffset, Record, RecordReader, RecordWriter, UpTo12Bits};
use nvm_tx::{Fault, FaultKind};

use crate::site::Site;

/// Why a transaction did not commit, or a program cannot go on.
///
/// A program does not make one of its own accord: a transaction that must not abort has nothing to abort
/// with. What it says is in [`kind`](Error::kind).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Error(Cause);

/// A table of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Results of transactions and frames of loops.
    Transactions,
    /// Results of system calls within the running transaction.
    SystemCalls,
    /// Results of kernel transactions within the running system call.
    KernelTransactions,
}

/// The reasons for an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The transaction engine gave up.
    Transaction(FaultKind),
    /// A table has no room for the result: give the program a larger one, or put the transactions into
    /// a persistent loop, whose iterations drop their records.
    TableFull {
        /// Which one.
        table: Table,
        /// Bytes that the record may need. 4,095 stands for that or more.
        needed: u16,
        /// Bytes that are free. 4,095 stands for that or more.
        free: u16,
    },
    /// More records than a table can count.
    TooManyRecords {
        /// Which one.
        table: Table,
    },
    /// After a power loss the program does something else than before it. What it does must depend on
    /// nothing but persistent objects, results of transactions and `sample`d inputs.
    ReplayDiverged {
        /// Which table's records do not fit.
        table: Table,
        /// Which of its records, from 0. Where a `usize` has 16 bits it is not told: 255.
        record: u16,
        /// What the program does now in place of what it did then. Not known where a `usize` has 16 bits.
        site: Option<Site>,
    },
    /// The area that was divided into a thread's logs and tables is too small for them:
    /// [`ThreadLayout::bytes`](crate::ThreadLayout::bytes) says what they need.
    AreaTooSmall {
        /// Where it lies. 16 MiB or more is told as `0xFF_FFFF`.
        offset: RawOffset,
    },
}

impl Error {
    /// The reason.
    pub fn kind(self) -> ErrorKind {
        ErrorKind::of(self.0)
    }

    /// For the errors that this one is passed on as.
    #[doc(hidden)]
    #[inline]
    pub const fn cause(self) -> Cause {
        self.0
    }

    #[doc(hidden)]
    #[inline]
    pub const fn from_cause(cause: Cause) -> Self {
        Self(cause)
    }

    #[inline(always)]
    #[allow(clippy::inline_always)] // the reason is known where it is made: no code but two constants
    pub(crate) const fn new(kind: ErrorKind) -> Self {
        Self(kind.cause())
    }

    /// Whether a repetition would end in the same way, so that the error can be recorded as a
    /// transaction's outcome.
    pub const fn is_outcome(self) -> bool {
        let code = self.0.code();
        code == LOG_FULL || code >= TABLE_FULL && code < DIVERGED
    }
}

const LOG_FULL: u8 = FaultKind::LogFull { needed: 0, free: 0 }.cause().code();
/// The codes from here on are three each, one for each table.
const TABLE_FULL: u8 = 8;
const TOO_MANY: u8 = 11;
const DIVERGED: u8 = 14;
const AREA_TOO_SMALL: u8 = 17;

/// Causes 8 to 17, and those of faults.
impl ErrorKind {
    #[inline(always)]
    #[allow(clippy::inline_always)] // the reason is known where it is made: no code but two constants
    const fn cause(self) -> Cause {
        match self {
            Self::Transaction(fault) => fault.cause(),
            Self::TableFull {
                table,
                needed,
                free,
            } => Cause::pair(TABLE_FULL + table as u8, needed, free),
            Self::TooManyRecords { table } => Cause::small(TOO_MANY + table as u8, 0),
            Self::ReplayDiverged {
                table,
                record,
                site,
            } => {
                let location = match site {
                    Some(site) => site.location(),
                    None => None,
                };
                Cause::at(DIVERGED + table as u8, record as RawOffset, location)
            }
            Self::AreaTooSmall { offset } => Cause::new(AREA_TOO_SMALL, offset),
        }
    }

    fn of(cause: Cause) -> Self {
        let (number, (needed, free)) = (cause.number(), cause.numbers());
        match (cause.code(), cause.location()) {
            (code @ TABLE_FULL..TOO_MANY, _) => Self::TableFull {
                table: Table::numbered(code - TABLE_FULL),
                needed,
                free,
            },
            (code @ TOO_MANY..DIVERGED, _) => Self::TooManyRecords {
                table: Table::numbered(code - TOO_MANY),
            },
            (code @ DIVERGED..AREA_TOO_SMALL, location) => Self::ReplayDiverged {
                table: Table::numbered(code - DIVERGED),
                record: number as u16,
                site: location.map(Site::at),
            },
            (AREA_TOO_SMALL, _) => Self::AreaTooSmall { offset: number },
            _ => Self::Transaction(FaultKind::of(cause)),
        }
    }
}

impl Table {
    const fn numbered(number: u8) -> Self {
        match number {
            0 => Self::Transactions,
            1 => Self::SystemCalls,
            _ => Self::KernelTransactions,
        }
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
        Fault::from(error).into()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transactions => "table of transactions",
            Self::SystemCalls => "table of system calls",
            Self::KernelTransactions => "table of kernel transactions",
        })
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transaction(fault) => fault.fmt(f),
            Self::TableFull {
                table,
                needed,
                free,
            } => write!(
                f,
                "the {table} is full: {} bytes needed, {} free; make it larger, or let a persistent loop drop its \
                 records",
                UpTo12Bits(*needed),
                UpTo12Bits(*free),
            ),
            Self::TooManyRecords { table } => {
                write!(
                    f,
                    "the {table} cannot count more records; use a persistent loop"
                )
            }
            Self::ReplayDiverged {
                table,
                record,
                site,
            } => {
                f.write_str("replay diverged")?;
                if let Some(location) = site.and_then(Site::location) {
                    write!(f, " at {location}")?;
                }
                write!(
                    f,
                    ": record {record} of the {table} was made elsewhere or by another type; the program must \
                     depend only on persistent objects, recorded results and samples"
                )
            }
            Self::AreaTooSmall { offset } => write!(
                f,
                "the thread's area at {offset:#x} is too small for its logs and tables"
            ),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Error").field(&self.kind()).finish()
    }
}

impl core::error::Error for Error {}

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Error>() == 8 && size_of::<Result<(), Error>>() == 8);

/// Recorded as the outcome of a transaction: one byte which kind, and its two numbers.
impl Record for Error {
    const MAX_BYTES: RawOffset = 1 + 2 * u16::MAX_BYTES;

    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), nvm_core::Error> {
        // From 0 a full log, from 1 on tables that are full, from 4 on those that cannot count: as the causes follow each
        // other. Those that count have no numbers, and are told as 0.
        let code = match self.0.code() {
            LOG_FULL => 0,
            code @ TABLE_FULL..DIVERGED => code - TABLE_FULL + 1,
            // Never an outcome: see `is_outcome`.
            _ => 0xFF,
        };
        let (needed, free) = self.0.numbers();
        to.put(&[code])?;
        needed.encode(to)?;
        free.encode(to)
    }

    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, nvm_core::Error> {
        let code = from.take_u8()?;
        let (Some(needed), Some(free)) = (u16::decode(from)?, u16::decode(from)?) else {
            return Ok(None);
        };
        let table = match code {
            0 => {
                let kind = FaultKind::LogFull { needed, free };
                return Ok(Some(Self(kind.cause())));
            }
            1 | 4 => Table::Transactions,
            2 | 5 => Table::SystemCalls,
            3 | 6 => Table::KernelTransactions,
            _ => return Ok(None),
        };
        Ok(Some(Self::new(if code < 4 {
            ErrorKind::TableFull {
                table,
                needed,
                free,
            }
        } else {
            ErrorKind::TooManyRecords { table }
        })))
    }
}
