//! Why a durable program cannot go on as it wanted.

use core::fmt;

use nvm_core::{Nvm, Record, RecordReader, RecordWriter};
use nvm_tx::{Fault, FaultKind};

use crate::site::Site;

/// Why a transaction did not commit, or a program cannot go on.
///
/// A program does not make one of its own accord: a transaction that must not abort has nothing to abort
/// with. What it says is in [`kind`](Error::kind).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Error(ErrorKind);

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
        /// Bytes that the record may need.
        needed: u32,
        /// Bytes that are free.
        free: u32,
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
        /// Which of its records, from 0.
        record: u16,
        /// What the program does now in place of what it did then.
        site: Site,
    },
    /// The area that was divided into a thread's logs and tables is too small for them.
    AreaTooSmall {
        /// Where it lies.
        offset: u32,
        /// Bytes that it has; [`ThreadLayout::bytes`](crate::ThreadLayout::bytes) says what it needs.
        actual: u32,
    },
}

impl Error {
    /// The reason.
    pub const fn kind(self) -> ErrorKind {
        self.0
    }

    pub(crate) const fn new(kind: ErrorKind) -> Self {
        Self(kind)
    }

    /// Whether a repetition would end in the same way, so that the error can be recorded as a
    /// transaction's outcome.
    pub const fn is_outcome(self) -> bool {
        matches!(
            self.0,
            ErrorKind::Transaction(FaultKind::LogFull { .. })
                | ErrorKind::TableFull { .. }
                | ErrorKind::TooManyRecords { .. }
        )
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self(ErrorKind::Transaction(fault.kind()))
    }
}

impl From<nvm_core::Error> for Error {
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
                "the {table} is full: {needed} bytes needed, {free} free; make it larger, or let a \
                 persistent loop drop its records"
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
            } => write!(
                f,
                "replay diverged at {}: record {record} of the {table} was made elsewhere or by another \
                 type; the program must depend only on persistent objects, recorded results and samples",
                site.location()
            ),
            Self::AreaTooSmall { offset, actual } => write!(
                f,
                "the thread's area at {offset:#x} has {actual} bytes, too few for its logs and tables"
            ),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl core::error::Error for Error {}

/// Recorded as the outcome of a transaction: one byte which kind, and its two numbers.
impl Record for Error {
    const MAX_BYTES: u32 = 9;

    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), nvm_core::Error> {
        let (code, needed, free) = match self.0 {
            ErrorKind::Transaction(FaultKind::LogFull { needed, free }) => (0, needed, free),
            ErrorKind::TableFull {
                table,
                needed,
                free,
            } => (1 + table as u8, needed, free),
            ErrorKind::TooManyRecords { table } => (4 + table as u8, 0, 0),
            // Never an outcome: see `is_outcome`.
            _ => (0xFF, 0, 0),
        };
        to.put(&[code])?;
        needed.encode(to)?;
        free.encode(to)
    }

    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, nvm_core::Error> {
        let code = from.take_u8()?;
        let (Some(needed), Some(free)) = (u32::decode(from)?, u32::decode(from)?) else {
            return Ok(None);
        };
        let table = match code {
            0 => {
                let kind = FaultKind::LogFull { needed, free };
                return Ok(Some(Self(ErrorKind::Transaction(kind))));
            }
            1 | 4 => Table::Transactions,
            2 | 5 => Table::SystemCalls,
            3 | 6 => Table::KernelTransactions,
            _ => return Ok(None),
        };
        Ok(Some(Self(if code < 4 {
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
