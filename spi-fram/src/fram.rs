//! The driver.

use embedded_hal::spi::{Operation, SpiDevice};
use embedded_storage::{ReadStorage, Storage};

use crate::command::{self, Header};
use crate::{Access, Capacity, Error, Identification, Status};

/// A chip of FRAM on an SPI bus.
///
/// # What a power loss leaves
///
/// A write is one WREN and one WRITE. The chip stores each byte when its eighth bit was clocked in; there is no page
/// buffer, no erasing and no time to wait for. So after a power loss within a write **a prefix of its bytes is stored**, in
/// ascending order; each byte is old or new; no other byte has changed. When a write has returned, all of its bytes are
/// stored. The write enable latch is off after power-up, and each write sets it anew.
///
/// That is what `nvm_core::StorageNvm` asks for, with `ATOM` 1.
///
/// # Caching
///
/// None: each read and each write has gone to the chip when the call returns. A cache of writes would store them later, or
/// in another order, and so break what is said above. A cache of reads would keep it, but costs RAM; where a program reads
/// an object again and again, a local variable does the same.
///
/// # Bytes on the bus
///
/// With 2 bytes of address (chips up to 64 KiB) a read of *n* bytes takes 3 + *n*, a write 4 + *n* (WREN and WRITE); with
/// 3 bytes of address one more each. An access of no bytes takes none.
///
/// # After an error
///
/// An access that failed may be repeated; nothing needs to be reset. What a failed write has stored is a prefix.
#[derive(Debug)]
pub struct Fram<SPI> {
    spi: SPI,
    capacity: Capacity,
    /// The first address that the chip protects; its capacity where there is none. Only `unprotect` changes the bits that
    /// say so, and they are not volatile: read once.
    protected_from: u32,
}

impl<SPI: SpiDevice> Fram<SPI> {
    /// A chip of this capacity, after [`check`](Fram::check) found it: 6 bytes on the bus.
    ///
    /// `spi` is the bus in mode 0 (or 3), most significant bit first, with the chip's own select line; `&mut` of it will
    /// do. 20 MHz or more is usual.
    pub fn open(spi: SPI, capacity: Capacity) -> Result<Self, Error<SPI::Error>> {
        let mut fram = Self::unchecked(spi, capacity);
        let _ = fram.check()?;
        Ok(fram)
    }

    /// A chip of the capacity that it has by its own [`Identification`]; for parts that have one: 10 bytes on the bus more.
    pub fn probe(spi: SPI) -> Result<Self, Error<SPI::Error>> {
        let mut fram = Self::unchecked(spi, Capacity::Kbit16);
        let status = fram.check()?;
        let identification = fram.identification()?;
        let Some(capacity) = identification.capacity() else {
            let [a, b, c, d, ..] = identification.get();
            return Err(Error::Unidentified {
                bytes: [a, b, c, d],
            });
        };
        fram.capacity = capacity;
        fram.note_protection(status);
        Ok(fram)
    }

    /// A chip that is taken to be there, and not to be protected. Nothing is sent.
    pub const fn unchecked(spi: SPI, capacity: Capacity) -> Self {
        Self {
            spi,
            capacity,
            protected_from: capacity.bytes(),
        }
    }

    /// Looks whether an FRAM answers: the write enable latch must follow WREN and WRDI. Nothing is stored. Also notes
    /// which part is write-protected.
    ///
    /// [`Error::NotThere`] where it does not.
    pub fn check(&mut self) -> Result<Status, Error<SPI::Error>> {
        self.command(command::WRITE_ENABLE, Access::Status)?;
        let enabled = self.status()?;
        self.command(command::WRITE_DISABLE, Access::Status)?;
        let status = self.status()?;
        let answers = enabled.is_write_enabled() && !status.is_write_enabled();
        if !(answers && enabled.is_plausible() && status.is_plausible()) {
            return Err(Error::NotThere { status: enabled });
        }
        self.note_protection(status);
        Ok(status)
    }

    /// The status register: 2 bytes on the bus.
    pub fn status(&mut self) -> Result<Status, Error<SPI::Error>> {
        let mut register = [0];
        self.ask(&[command::READ_STATUS], &mut register, Access::Status)?;
        let [register] = register;
        Ok(Status::new(register))
    }

    /// What the chip says about itself: 10 bytes on the bus. See [`Identification`] for chips that say nothing.
    pub fn identification(&mut self) -> Result<Identification, Error<SPI::Error>> {
        let mut bytes = [0; Identification::BYTES];
        let access = Access::Identification;
        self.ask(&[command::READ_IDENTIFICATION], &mut bytes, access)?;
        Ok(Identification::new(bytes))
    }

    /// Clears the chip's write protection for good (its bits survive a power loss): 7 bytes on the bus.
    ///
    /// [`Error::StaysProtected`] where the chip's pin WP forbids it.
    pub fn unprotect(&mut self) -> Result<(), Error<SPI::Error>> {
        let status = self.status()?;
        self.command(command::WRITE_ENABLE, Access::Status)?;
        self.spi
            .write(&[command::WRITE_STATUS, status.unprotected()])
            .map_err(|error| bus(Access::Status, error))?;
        let status = self.status()?;
        self.note_protection(status);
        match status.protected_from(self.capacity) {
            Some(_) => Err(Error::StaysProtected { status }),
            None => Ok(()),
        }
    }

    /// How much the chip holds.
    pub const fn size(&self) -> Capacity {
        self.capacity
    }

    /// Gives the bus back.
    pub fn into_inner(self) -> SPI {
        self.spi
    }

    fn note_protection(&mut self, status: Status) {
        let none = self.capacity.bytes();
        self.protected_from = status.protected_from(self.capacity).unwrap_or(none);
    }

    /// A command by itself: the chip carries it out when it is deselected.
    fn command(&mut self, opcode: u8, access: Access) -> Result<(), Error<SPI::Error>> {
        self.spi
            .write(&[opcode])
            .map_err(|error| bus(access, error))
    }

    /// A command that the chip answers.
    fn ask(
        &mut self,
        question: &[u8],
        answer: &mut [u8],
        access: Access,
    ) -> Result<(), Error<SPI::Error>> {
        self.spi
            .transaction(&mut [Operation::Write(question), Operation::Read(answer)])
            .map_err(|error| bus(access, error))
    }

    /// Whether the bytes lie within the chip. It would itself go on at its beginning.
    fn check_bounds(&self, offset: u32, len: usize) -> Result<(), Error<SPI::Error>> {
        let capacity = self.capacity;
        let rest = capacity.bytes().checked_sub(offset);
        match (rest, u32::try_from(len)) {
            (Some(rest), Ok(wanted)) if wanted <= rest => Ok(()),
            _ => Err(Error::OutOfBounds {
                offset,
                len,
                capacity,
            }),
        }
    }
}

const fn bus<E>(access: Access, error: E) -> Error<E> {
    Error::Bus { access, error }
}

impl<SPI: SpiDevice> ReadStorage for Fram<SPI> {
    type Error = Error<SPI::Error>;

    /// Reads from the chip.
    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let len = bytes.len();
        self.check_bounds(offset, len)?;
        if len == 0 {
            return Ok(());
        }
        let header = Header::new(command::READ, offset, self.capacity);
        self.ask(header.as_bytes(), bytes, Access::Read { offset, len })
    }

    /// The chip's bytes, or as many as a `usize` counts: on a processor of 16 bits the last ones of a larger chip are out
    /// of reach of whoever asks.
    fn capacity(&self) -> usize {
        usize::try_from(self.capacity.bytes()).unwrap_or(usize::MAX)
    }
}

impl<SPI: SpiDevice> Storage for Fram<SPI> {
    /// Stores in the chip, in ascending order, before it returns; see [`Fram`] for what a power loss leaves.
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        let len = bytes.len();
        self.check_bounds(offset, len)?;
        if len == 0 {
            return Ok(());
        }
        // Within the chip: no overflow.
        if self.protected_from < offset.saturating_add(len as u32) {
            let from = self.protected_from;
            return Err(Error::WriteProtected { offset, from });
        }
        let access = Access::Write { offset, len };
        // A transaction of its own: the latch is set when the chip is deselected, and the WRITE resets it.
        self.command(command::WRITE_ENABLE, access)?;
        let header = Header::new(command::WRITE, offset, self.capacity);
        self.spi
            .transaction(&mut [Operation::Write(header.as_bytes()), Operation::Write(bytes)])
            .map_err(|error| bus(access, error))
    }
}
