//! What can go wrong with a chip on a bus.

use core::fmt;

use embedded_hal::spi;

use crate::{Capacity, Status};

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Bytes were read.
    Read {
        /// The first one's address.
        offset: u32,
        /// How many.
        len: usize,
    },
    /// Bytes were written; a prefix of them may be stored.
    Write {
        /// The first one's address.
        offset: u32,
        /// How many.
        len: usize,
    },
    /// The status register was read or written.
    Status,
    /// The identification was read.
    Identification,
}

/// Why an access to the chip was not carried out. `E` is the error of the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error<E> {
    /// The bus reported an error. After a write a prefix of its bytes may be stored, as after a power loss within it.
    Bus {
        /// What was being done.
        access: Access,
        /// What the bus reported.
        error: E,
    },
    /// The bytes do not lie within the chip. Nothing was sent.
    OutOfBounds {
        /// The first one's address.
        offset: u32,
        /// How many.
        len: usize,
        /// What the chip holds.
        capacity: Capacity,
    },
    /// The chip's block-protect bits make it ignore writes to these bytes. Nothing was sent.
    WriteProtected {
        /// The address of the first byte that was to be written.
        offset: u32,
        /// The chip is protected from this address on.
        from: u32,
    },
    /// The chip kept its block-protect bits though they were to be cleared: its pin WP is low.
    StaysProtected {
        /// Its status register.
        status: Status,
    },
    /// Nobody answers, or not as an FRAM does.
    NotThere {
        /// What was read as its status register while writes were enabled.
        status: Status,
    },
    /// The chip has no identification, or none that is known: say its capacity.
    Unidentified {
        /// The first bytes of what was read as its identification.
        bytes: [u8; 4],
    },
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { offset, len } => write!(f, "reading {len} bytes at {offset:#x}"),
            Self::Write { offset, len } => write!(f, "writing {len} bytes at {offset:#x}"),
            Self::Status => f.write_str("accessing the status register"),
            Self::Identification => f.write_str("reading the identification"),
        }
    }
}

impl<E: spi::Error> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bus { access, error } => write!(
                f,
                "the SPI bus failed while {access} of the FRAM: {}; the access may be repeated",
                error.kind()
            ),
            Self::OutOfBounds {
                offset,
                len,
                capacity,
            } => write!(
                f,
                "{len} bytes at {offset:#x} do not lie within an FRAM of {capacity}"
            ),
            Self::WriteProtected { offset, from } => write!(
                f,
                "the FRAM is write-protected from {from:#x} on, and {offset:#x} was to be written: \
                 call `unprotect` once, or use the lower part only"
            ),
            Self::StaysProtected { status } => write!(
                f,
                "the FRAM keeps its write protection (status register {:#04x}): pull its pin WP high",
                status.get()
            ),
            Self::NotThere { status } => write!(
                f,
                "no FRAM answers on the SPI bus (status register {:#04x} after WREN): check supply, chip select, \
                 wiring, and SPI mode 0 or 3",
                status.get()
            ),
            Self::Unidentified { bytes } => write!(
                f,
                "the FRAM has no identification that is known ({bytes:02x?}): use `Fram::open` with its capacity"
            ),
        }
    }
}

impl<E: spi::Error> core::error::Error for Error<E> {}
