//! What can go wrong at the door.

use core::fmt;

/// An access to NVM that was not carried out.
///
/// Nothing was stored by an access that answers [`Error::OutOfRange`]; after [`Error::Device`] a
/// prefix of the bytes may have been stored, just as after a power loss inside the access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
// One byte that says which it is: what it leaves free tells the other errors apart that contain this one.
#[repr(u8)]
pub enum Error {
    /// The range lies outside the region: a corrupt offset, or a region smaller than its layout.
    OutOfRange {
        /// Bytes asked for.
        len: Count,
        /// First byte asked for.
        offset: u32,
    },
    /// The device behind the region reported a failure (a bus error, say).
    Device,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { len, offset } => write!(
                f,
                "{len} bytes at offset {offset:#x} do not lie inside the NVM region: the offset is damaged, or the \
                 region is smaller than its layout"
            ),
            Self::Device => f.write_str("the NVM device reported a failure"),
        }
    }
}

impl core::error::Error for Error {}

/// A number in an error: 16 bits, so that on a core of 32 bits every error is two words, and is answered in two
/// registers. 65,535 stands for that or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(u16);

impl Count {
    /// What stands for itself and for all that is more.
    pub const MAX: Self = Self(u16::MAX);

    /// A number, or [`MAX`](Count::MAX) where it is more.
    #[inline]
    pub const fn new(number: u32) -> Self {
        if number > u16::MAX as u32 {
            Self::MAX
        } else {
            Self(number as u16)
        }
    }

    /// The same of a number of elements.
    #[inline]
    pub const fn of(number: usize) -> Self {
        if number > u16::MAX as usize {
            Self::MAX
        } else {
            Self(number as u16)
        }
    }

    /// The number; 65,535 where it is that or more.
    #[inline]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl From<u16> for Count {
    fn from(number: u16) -> Self {
        Self(number)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        match *self {
            Self::MAX => f.write_str(" or more"),
            _ => Ok(()),
        }
    }
}

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Error>() == 8 && size_of::<Result<u32, Error>>() == 8);

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_count_says_where_it_may_be_more() {
        assert_eq!(Count::new(65_534).to_string(), "65534");
        assert_eq!(Count::new(65_535).to_string(), "65535 or more");
        assert_eq!(Count::new(u32::MAX), Count::MAX);
        assert_eq!(Count::of(usize::MAX), Count::MAX);
        assert_eq!(Count::of(7), Count::from(7));
    }
}
