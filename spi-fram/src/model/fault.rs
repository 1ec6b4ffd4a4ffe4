//! A bus that fails while the chip keeps its power.

use core::fmt;

use embedded_hal::spi::{Error, ErrorKind};

/// What the modelled bus reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusError {
    /// There is no power.
    PowerOff,
    /// A transfer failed, as [planned](super::Chip::fail).
    Disturbed,
}

impl Error for BusError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::PowerOff => ErrorKind::Other,
            Self::Disturbed => ErrorKind::Overrun,
        }
    }
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PowerOff => "the chip has no power",
            Self::Disturbed => "the transfer was disturbed",
        })
    }
}

impl core::error::Error for BusError {}

/// A disturbance of the bus: the transfer of one byte fails, and with it the transaction that it belongs to. The chip is
/// deselected then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Bytes that are still transferred before the one that fails.
    pub after: u64,
    /// Whether the chip has got that byte all the same: the bus may notice its failure late.
    pub delivered: bool,
    /// Transactions that fail, one after the other: this one, and the next ones at their first byte. At least 1.
    pub transactions: u32,
}

impl Fault {
    /// The byte that follows the next `after` bytes is lost; the next transaction goes well.
    pub const fn once(after: u64) -> Self {
        Self {
            after,
            delivered: false,
            transactions: 1,
        }
    }
}
