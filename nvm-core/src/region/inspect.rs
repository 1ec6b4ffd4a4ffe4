//! A region's header as it stands in an image, for tools: nothing is verified on the way.

use zerocopy::IntoBytes;

use super::{
    CHECKSUM_AT, FINGERPRINT_AT, FORMAT_VERSION, FORMATTING, MAGIC, MAGIC_AT, PHASE_AT, READY,
    RegionError, SIZE_AT, VERSION_AT, checksum, field, is_between, read_header,
};
use crate::Nvm;

/// A region's header as it is stored. Whether it is right is told by [`Region::open`](crate::Region::open).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegionHeader {
    /// `NVMR` in a region.
    pub magic: [u8; 4],
    /// Format version of the crates that wrote it.
    pub version: u32,
    /// Fingerprint of the program's layout.
    pub fingerprint: u32,
    /// Bytes that the region was formatted with.
    pub size: u32,
    /// 0 in all versions so far.
    pub reserved: [u8; 8],
    /// The checksum that is stored.
    pub checksum: u32,
    /// The checksum of what is there.
    pub computed_checksum: u32,
    /// How far the formatting has come.
    pub phase: Phase,
}

/// How far the formatting of a region has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The first boot is not over: the next start formats again.
    Formatting,
    /// All is formatted, and the power went in the last store: the next start completes it.
    Completing,
    /// Formatted.
    Ready,
    /// None of these.
    Damaged([u8; 4]),
}

impl RegionHeader {
    /// What a region begins with.
    pub const MAGIC: [u8; 4] = MAGIC;
    /// The format version that these crates read and write.
    pub const FORMAT_VERSION: u32 = FORMAT_VERSION;
    /// Where the magic lies; behind it the other fields, in their order.
    pub const MAGIC_AT: u32 = MAGIC_AT as u32;
    /// Where the format version lies.
    pub const VERSION_AT: u32 = VERSION_AT as u32;
    /// Where the fingerprint lies.
    pub const FINGERPRINT_AT: u32 = FINGERPRINT_AT as u32;
    /// Where the size lies.
    pub const SIZE_AT: u32 = SIZE_AT as u32;
    /// Where the reserved bytes lie.
    pub const RESERVED_AT: u32 = 16;
    /// Where the checksum lies.
    pub const CHECKSUM_AT: u32 = CHECKSUM_AT as u32;
    /// Where the phase lies.
    pub const PHASE_AT: u32 = PHASE_AT as u32;

    /// Reads the header.
    ///
    /// # Errors
    ///
    /// Where there are fewer bytes than a header has.
    pub fn load<N: Nvm>(nvm: &N) -> Result<Self, RegionError> {
        let header = read_header(nvm)?;
        let mut reserved = [0; 8];
        reserved.copy_from_slice(&header.as_bytes()[16..CHECKSUM_AT]);
        Ok(Self {
            magic: field(&header, MAGIC_AT).to_le_bytes(),
            version: field(&header, VERSION_AT),
            fingerprint: field(&header, FINGERPRINT_AT),
            size: field(&header, SIZE_AT),
            reserved,
            checksum: field(&header, CHECKSUM_AT),
            computed_checksum: checksum(&header),
            phase: Phase::of(field(&header, PHASE_AT)),
        })
    }
}

impl Phase {
    /// What a formatted region ends its header with.
    pub const READY: [u8; 4] = READY;

    fn of(phase: u32) -> Self {
        match phase.to_le_bytes() {
            FORMATTING => Self::Formatting,
            READY => Self::Ready,
            _ if is_between(phase) => Self::Completing,
            bytes => Self::Damaged(bytes),
        }
    }
}
