//! Call sites.

use core::panic::Location;

/// A place in the program that makes records: how a replay notices that the program took another way
/// than before the power loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site(&'static Location<'static>);

impl Site {
    /// The caller's place, or its caller's if that is `#[track_caller]` itself, and so on.
    #[track_caller]
    #[inline]
    pub fn here() -> Self {
        Self(Location::caller())
    }

    #[doc(hidden)]
    pub const fn at(location: &'static Location<'static>) -> Self {
        Self(location)
    }

    /// File, line and column.
    pub const fn location(self) -> &'static Location<'static> {
        self.0
    }

    /// Line and column, condensed. The file is left out: comparing names costs more than it finds.
    // Where a `usize` has 16 bits text counts most: one copy.
    #[cfg_attr(not(target_pointer_width = "16"), inline)]
    #[cfg_attr(target_pointer_width = "16", inline(never))]
    pub(crate) const fn tag(self) -> u16 {
        let line = (self.0.line() as u16).wrapping_mul(0x9E35);
        if cfg!(target_pointer_width = "16") {
            return line.rotate_left(5).wrapping_add(self.0.column() as u16);
        }
        // The same without an instruction that rotates 16 bits.
        let twice = line as u32 | (line as u32) << 16;
        (twice >> 11).wrapping_add(self.0.column()) as u16
    }
}
