//! Why a durable program cannot go on as it wanted.

use core::fmt;

use nvm_core::{Count, Nvm, Record, RecordReader, RecordWriter};
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
        needed: Count,
        /// Bytes that are free.
        free: Count,
    },
    /// More records than a table can count.
    TooManyRecords {
        /// Which one.
        table: Table,
    },
    /// After a power loss the program does something else than before it. What it does must depend on
    /// nothing but persistent objects, results of transactions and `sample`d inputs.
    ReplayDiverged(Divergence),
    /// The area that was divided into a thread's logs and tables is too small for them:
    /// [`ThreadLayout::bytes`](crate::ThreadLayout::bytes) says what it needs.
    AreaTooSmall {
        /// Where it lies.
        offset: u32,
    },
}

/// Where a replay diverged.
// Behind the byte that says which error it is, the three fields lie at their own alignments; only then are they as small
// as this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, packed)]
pub struct Divergence {
    table: Table,
    record: u16,
    site: Site,
}

impl Divergence {
    pub(crate) const fn new(table: Table, record: u16, site: Site) -> Self {
        Self {
            table,
            record,
            site,
        }
    }

    /// Which table's records do not fit.
    pub const fn table(self) -> Table {
        self.table
    }

    /// Which of its records, from 0.
    pub const fn record(self) -> u16 {
        self.record
    }

    /// What the program does now in place of what it did then.
    pub const fn site(self) -> Site {
        self.site
    }
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
    #[inline]
    fn from(fault: Fault) -> Self {
        Self(ErrorKind::Transaction(fault.kind()))
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
                "the {table} is full: {needed} bytes needed, {free} free; make it larger, or let a \
                 persistent loop drop its records"
            ),
            Self::TooManyRecords { table } => {
                write!(
                    f,
                    "the {table} cannot count more records; use a persistent loop"
                )
            }
            Self::ReplayDiverged(divergence) => write!(
                f,
                "replay diverged at {}: record {} of the {} was made elsewhere or by another type; the program must \
                 depend only on persistent objects, recorded results and samples",
                divergence.site().location(),
                divergence.record(),
                divergence.table(),
            ),
            Self::AreaTooSmall { offset } => write!(
                f,
                "the thread's area at {offset:#x} has too few bytes for its logs and tables"
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

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Error>() == 8 && size_of::<Result<u32, Error>>() == 8);

/// Recorded as the outcome of a transaction: one byte which kind, and its two numbers.
impl Record for Error {
    const MAX_BYTES: u32 = 1 + 2 * u16::MAX_BYTES;

    fn encode<N: Nvm>(&self, to: &mut RecordWriter<'_, N>) -> Result<(), nvm_core::Error> {
        const NONE: Count = Count::new(0);
        let (code, needed, free) = match self.0 {
            ErrorKind::Transaction(FaultKind::LogFull { needed, free }) => (0, needed, free),
            ErrorKind::TableFull {
                table,
                needed,
                free,
            } => (1 + table as u8, needed, free),
            ErrorKind::TooManyRecords { table } => (4 + table as u8, NONE, NONE),
            // Never an outcome: see `is_outcome`.
            _ => (0xFF, NONE, NONE),
        };
        to.put(&[code])?;
        needed.get().encode(to)?;
        free.get().encode(to)
    }

    fn decode<N: Nvm>(from: &mut RecordReader<'_, N>) -> Result<Option<Self>, nvm_core::Error> {
        let code = from.take_u8()?;
        let (Some(needed), Some(free)) = (u16::decode(from)?, u16::decode(from)?) else {
            return Ok(None);
        };
        let (needed, free) = (Count::from(needed), Count::from(free));
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
