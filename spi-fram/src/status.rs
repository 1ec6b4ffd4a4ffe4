//! The chip's status register.

use crate::Capacity;

/// The write enable latch.
pub(crate) const WRITE_ENABLED: u8 = 1 << 1;
/// The two bits that say which part of the memory is protected.
pub(crate) const BLOCK_PROTECT: u8 = 0b11 << 2;
/// Whether the pin WP protects this register.
pub(crate) const PIN_ENABLED: u8 = 1 << 7;
/// Would say "busy" on flash. An FRAM is never busy: 0.
pub(crate) const ALWAYS_0: u8 = 1 << 0;

/// The chip's status register, as RDSR gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(u8);

impl Status {
    /// From the register's byte.
    pub const fn new(register: u8) -> Self {
        Self(register)
    }

    /// The register's byte.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Whether the write enable latch (WEL) is set: volatile; WREN sets it, each WRITE resets it.
    pub const fn is_write_enabled(self) -> bool {
        self.0 & WRITE_ENABLED != 0
    }

    /// The first address that the chip protects by its block-protect bits (BP1, BP0), from which on it ignores writes:
    /// the upper quarter, the upper half, or all of it; or none. The bits survive a power loss.
    pub const fn protected_from(self, capacity: Capacity) -> Option<u32> {
        let bytes = capacity.bytes();
        match (self.0 & BLOCK_PROTECT) >> 2 {
            0 => None,
            1 => Some(bytes / 4 * 3),
            2 => Some(bytes / 2),
            _ => Some(0),
        }
    }

    /// Whether the register is itself protected while the chip's pin WP is low (WPEN).
    pub const fn is_pin_enabled(self) -> bool {
        self.0 & PIN_ENABLED != 0
    }

    /// Whether an FRAM could have sent it.
    pub(crate) const fn is_plausible(self) -> bool {
        self.0 & ALWAYS_0 == 0
    }

    /// The register without protection; other bits as they are.
    pub(crate) const fn unprotected(self) -> u8 {
        self.0 & !(BLOCK_PROTECT | PIN_ENABLED | WRITE_ENABLED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_part_is_protected() {
        let from = |bits: u8| Status::new(bits << 2).protected_from(Capacity::Kbit256);
        assert_eq!(
            [from(0), from(1), from(2), from(3)],
            [None, Some(0x6000), Some(0x4000), Some(0)]
        );
    }
}
