//! What a chip says about itself.

use crate::Capacity;

/// The first nine bytes that a chip sends for RDID.
///
/// Many parts have it, not all: see the data sheet. One that has not sends nothing, which reads as 0x00 or 0xFF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identification([u8; Self::BYTES]);

impl Identification {
    /// Bytes that are read.
    pub const BYTES: usize = 9;

    /// From what the chip sent.
    pub const fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// What the chip sent.
    pub const fn get(self) -> [u8; Self::BYTES] {
        self.0
    }

    /// Whether anybody sent something.
    pub fn is_blank(self) -> bool {
        self.0.iter().all(|byte| *byte == 0x00) || self.0.iter().all(|byte| *byte == 0xFF)
    }

    /// The capacity, where the code is one of the two that are known: Fujitsu's (RAMXEED's) 4 bytes, with the density in
    /// the lower 5 bits of the third; or Ramtron's (Cypress's, Infineon's) 9 bytes of the FM25V and older CY15B, with it in
    /// the lower 5 bits of the eighth.
    pub fn capacity(self) -> Option<Capacity> {
        let bytes = match self.0 {
            [0x04, 0x7F, product, ..] => 1024_u32.checked_shl(u32::from(product & 0x1F)),
            [0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0xC2, product, _] => {
                8192_u32.checked_shl(u32::from(product & 0x1F))
            }
            _ => None,
        };
        Capacity::of_bytes(bytes?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_density_is_the_capacity() {
        let fujitsu = |product| {
            let bytes = [0x04, 0x7F, product, 0x03, 0, 0, 0, 0, 0];
            Identification::new(bytes).capacity()
        };
        assert_eq!(fujitsu(0x03), Some(Capacity::Kbit64));
        assert_eq!(fujitsu(0x05), Some(Capacity::Kbit256));
        assert_eq!(fujitsu(0x27), Some(Capacity::Mbit1));
        assert_eq!(fujitsu(0x49), Some(Capacity::Mbit4));
        assert_eq!(fujitsu(0x1F), None);
        let ramtron = |product| {
            let mut bytes = [0x7F; 9];
            bytes[6..].copy_from_slice(&[0xC2, product, 0x00]);
            Identification::new(bytes).capacity()
        };
        assert_eq!(ramtron(0x22), Some(Capacity::Kbit256));
        assert_eq!(ramtron(0x24), Some(Capacity::Mbit1));
        assert_eq!(ramtron(0x26), Some(Capacity::Mbit4));
        assert_eq!(ramtron(0x3F), None);
        for silent in [0x00, 0xFF] {
            let silent = Identification::new([silent; 9]);
            assert!(silent.is_blank() && silent.capacity().is_none());
        }
    }
}
