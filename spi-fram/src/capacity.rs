//! The sizes of chip that there are.

use core::fmt;

/// How much a chip holds, by the name that data sheets give it; and so how long the addresses are that it takes.
///
/// Chips of 4 Kbit and less are left out: they take a part of the address in the opcode, as old EEPROMs do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Capacity {
    /// 2 KiB, 2 bytes of address.
    Kbit16,
    /// 8 KiB, 2 bytes of address: MB85RS64V, FM25CL64B.
    Kbit64,
    /// 16 KiB, 2 bytes of address: MB85RS128B.
    Kbit128,
    /// 32 KiB, 2 bytes of address: MB85RS256B, FM25V02A, FM25W256.
    Kbit256,
    /// 64 KiB, 2 bytes of address: MB85RS512T, FM25V05.
    Kbit512,
    /// 128 KiB, 3 bytes of address: MB85RS1MT, FM25V10.
    Mbit1,
    /// 256 KiB, 3 bytes of address: MB85RS2MT, FM25V20A, CY15B102Q.
    Mbit2,
    /// 512 KiB, 3 bytes of address: MB85RS4MT, CY15B104Q.
    Mbit4,
    /// 1 MiB, 3 bytes of address: CY15B108QN.
    Mbit8,
    /// 2 MiB, 3 bytes of address: CY15B116QN.
    Mbit16,
}

impl Capacity {
    /// All of them, the smallest first.
    pub const ALL: [Self; 10] = [
        Self::Kbit16,
        Self::Kbit64,
        Self::Kbit128,
        Self::Kbit256,
        Self::Kbit512,
        Self::Mbit1,
        Self::Mbit2,
        Self::Mbit4,
        Self::Mbit8,
        Self::Mbit16,
    ];

    /// Bytes that the chip holds: a power of two.
    pub const fn bytes(self) -> u32 {
        let kibibytes = match self {
            Self::Kbit16 => 2,
            Self::Kbit64 => 8,
            Self::Kbit128 => 16,
            Self::Kbit256 => 32,
            Self::Kbit512 => 64,
            Self::Mbit1 => 128,
            Self::Mbit2 => 256,
            Self::Mbit4 => 512,
            Self::Mbit8 => 1024,
            Self::Mbit16 => 2048,
        };
        kibibytes * 1024
    }

    /// Bytes of an address on the bus: 2 up to 64 KiB, else 3.
    pub const fn address_bytes(self) -> u32 {
        if self.bytes() <= 0x1_0000 { 2 } else { 3 }
    }

    /// The capacity of so many bytes, if there is such a chip.
    pub(crate) fn of_bytes(bytes: u32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|capacity| capacity.bytes() == bytes)
    }
}

impl fmt::Display for Capacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} KiB", self.bytes() / 1024)
    }
}
