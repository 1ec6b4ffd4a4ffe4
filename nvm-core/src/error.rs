//! What can go wrong at the door.

use core::fmt;

/// An access to NVM that was not carried out.
///
/// Nothing was stored by an access that answers [`Error::OutOfRange`]; after [`Error::Device`] a
/// prefix of the bytes may have been stored, just as after a power loss inside the access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The range lies outside the region: a corrupt offset, or a region smaller than its layout.
    OutOfRange {
        /// First byte asked for.
        offset: u32,
        /// Bytes asked for.
        len: u32,
        /// Bytes in the region.
        size: u32,
    },
    /// The device behind the region reported a failure (a bus error, say).
    Device,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { offset, len, size } => write!(
                f,
                "{len} bytes at offset {offset:#x} lie outside the NVM region of {size} bytes"
            ),
            Self::Device => f.write_str("the NVM device reported a failure"),
        }
    }
}

impl core::error::Error for Error {}
