//! What can go wrong at the door.

use core::fmt;

use crate::RawOffset;

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
        offset: RawOffset,
    },
    /// The device behind the region reported a failure (a bus error, say).
    Device,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { offset } => write!(
                f,
                "the bytes at offset {offset:#x} do not lie inside the NVM region: the offset is damaged, or the \
                 region is smaller than its layout"
            ),
            Self::Device => f.write_str("the NVM device reported a failure"),
        }
    }
}

impl core::error::Error for Error {}

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Error>() == 8 && size_of::<Result<u32, Error>>() == 8);
