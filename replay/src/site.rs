//! Call sites.

use core::panic::Location;

/// A place in the program that makes records: how a replay notices that the program took another way
/// than before the power loss.
///
/// Where a `usize` has 16 bits only what goes into records is kept of it, mostly a constant: program memory is small there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    #[cfg(not(target_pointer_width = "16"))]
    location: &'static Location<'static>,
    #[cfg(target_pointer_width = "16")]
    tag: u16,
}

impl Site {
    /// The caller's place, or its caller's if that is `#[track_caller]` itself, and so on.
    #[track_caller]
    #[inline]
    pub fn here() -> Self {
        Self::at(Location::caller())
    }

    #[doc(hidden)]
    #[inline]
    pub const fn at(location: &'static Location<'static>) -> Self {
        Self {
            #[cfg(not(target_pointer_width = "16"))]
            location,
            #[cfg(target_pointer_width = "16")]
            tag: tag(location),
        }
    }

    /// File, line and column: not known where a `usize` has 16 bits.
    #[inline]
    pub const fn location(self) -> Option<&'static Location<'static>> {
        #[cfg(target_pointer_width = "16")]
        let location = None;
        #[cfg(not(target_pointer_width = "16"))]
        let location = Some(self.location);
        location
    }

    /// Line and column, condensed. The file is left out: comparing names costs more than it finds.
    #[inline]
    pub(crate) const fn tag(self) -> u16 {
        #[cfg(target_pointer_width = "16")]
        let tag = self.tag;
        #[cfg(not(target_pointer_width = "16"))]
        let tag = tag(self.location);
        tag
    }
}

#[inline]
const fn tag(location: &Location<'_>) -> u16 {
    let line = (location.line() as u16).wrapping_mul(0x9E35);
    if cfg!(target_pointer_width = "16") {
        return line.rotate_left(5).wrapping_add(location.column() as u16);
    }
    // The same without an instruction that rotates 16 bits.
    let twice = line as u32 | (line as u32) << 16;
    (twice >> 11).wrapping_add(location.column()) as u16
}
