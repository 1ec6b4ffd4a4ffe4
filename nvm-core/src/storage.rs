//! NVM behind a driver: any [`embedded_storage::Storage`] (FRAM or EEPROM on SPI or I²C).

use core::cell::RefCell;

use embedded_storage::Storage;

use crate::door::check_buffer;
use crate::offset::{narrowed, widened};
use crate::{Class, Error, Nvm, RawOffset};

/// A region in an `embedded-storage` device, from its address 0 on.
///
/// `ATOM` is the widest aligned write of the device that a power loss cannot tear: 1 for SPI FRAM. The
/// driver must store the bytes of a write in ascending order and have stored them when it returns, as
/// FRAM does (`intos-spi-fram` is such a driver, and counts the bytes on the bus). A device that erases or rewrites a whole page for one byte (flash; EEPROM in page mode)
/// does **not** keep the promise of [`Nvm`]: a power loss takes neighbours of the written bytes along.
///
/// Nothing is cached: every load is a bus read, every store a bus write, in the order of the program. A bus error comes back as
/// [`Error::Device`]; the driver's own error is kept for [`take_error`](StorageNvm::take_error). After a
/// failed store a prefix of its bytes may be stored, just as after a power loss, and the region can be
/// used on: recovery from either is the same.
#[derive(Debug)]
pub struct StorageNvm<S: Storage, const ATOM: usize = 1> {
    device: RefCell<Device<S, S::Error>>,
    size: RawOffset,
}

#[derive(Debug)]
struct Device<S, E> {
    storage: S,
    error: Option<E>,
}

impl<S: Storage, const ATOM: usize> StorageNvm<S, ATOM> {
    /// The whole device as a region, or its first [`MAX_REGION_BYTES`](crate::MAX_REGION_BYTES). A region that was
    /// formatted with more answers [`RegionError::Size`](crate::RegionError::Size).
    pub fn new(storage: S) -> Self {
        const { assert!(ATOM == 1 || ATOM == 2 || ATOM == 4, "ATOM is 1, 2 or 4") };
        let size = narrowed(u32::try_from(storage.capacity()).unwrap_or(u32::MAX));
        Self {
            device: RefCell::new(Device {
                storage,
                error: None,
            }),
            size,
        }
    }

    /// The driver's error behind the last [`Error::Device`], once.
    pub fn take_error(&self) -> Option<S::Error> {
        self.device.try_borrow_mut().ok()?.error.take()
    }

    /// Gives the device back.
    pub fn into_inner(self) -> S {
        self.device.into_inner().storage
    }

    fn with_storage(
        &self,
        access: impl FnOnce(&mut S) -> Result<(), S::Error>,
    ) -> Result<(), Error> {
        let mut device = self.device.try_borrow_mut().map_err(|_| Error::Device)?;
        access(&mut device.storage).map_err(|error| {
            device.error = Some(error);
            Error::Device
        })
    }
}

impl<S: Storage, const ATOM: usize> Nvm for StorageNvm<S, ATOM> {
    const ATOM: usize = ATOM;

    fn size(&self) -> RawOffset {
        self.size
    }

    fn read(&self, offset: RawOffset, bytes: &mut [u8]) -> Result<(), Error> {
        check_buffer(self, offset, bytes.len())?;
        self.with_storage(|storage| storage.read(widened(offset), bytes))
    }

    fn write(&self, _class: Class, offset: RawOffset, bytes: &[u8]) -> Result<(), Error> {
        check_buffer(self, offset, bytes.len())?;
        self.with_storage(|storage| storage.write(widened(offset), bytes))
    }
}
