//! What the driver sends: opcodes and addresses.

use crate::Capacity;

/// RDSR: the chip sends its status register.
pub(crate) const READ_STATUS: u8 = 0x05;
/// WRSR: the byte that follows becomes the status register.
pub(crate) const WRITE_STATUS: u8 = 0x01;
/// WREN: sets the write enable latch, when the chip is deselected at the latest.
pub(crate) const WRITE_ENABLE: u8 = 0x06;
/// WRDI: resets the latch.
pub(crate) const WRITE_DISABLE: u8 = 0x04;
/// READ: an address, then the chip sends bytes from there on.
pub(crate) const READ: u8 = 0x03;
/// WRITE: an address, then bytes to be stored from there on.
pub(crate) const WRITE: u8 = 0x02;
/// RDID: the chip sends its identification.
pub(crate) const READ_IDENTIFICATION: u8 = 0x9F;

/// The opcode and the address that begin a READ or a WRITE, as they are sent: the address's highest byte first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Header {
    /// With 2 bytes of address.
    Short([u8; 3]),
    /// With 3 bytes of address.
    Long([u8; 4]),
}

impl Header {
    /// The header for an address that lies within the chip.
    pub(crate) const fn new(opcode: u8, address: u32, capacity: Capacity) -> Self {
        let [_, high, middle, low] = address.to_be_bytes();
        if capacity.address_bytes() == 2 {
            Self::Short([opcode, middle, low])
        } else {
            Self::Long([opcode, high, middle, low])
        }
    }

    pub(crate) const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Short(bytes) => bytes,
            Self::Long(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_as_long_as_the_chip_expects() {
        let header = |address, capacity| Header::new(READ, address, capacity);
        assert_eq!(
            header(0x1234, Capacity::Kbit64).as_bytes(),
            [0x03, 0x12, 0x34]
        );
        assert_eq!(
            header(0xFFFE, Capacity::Kbit512).as_bytes(),
            [0x03, 0xFF, 0xFE]
        );
        assert_eq!(
            header(0x1_2345, Capacity::Mbit1).as_bytes(),
            [0x03, 0x01, 0x23, 0x45]
        );
    }
}
