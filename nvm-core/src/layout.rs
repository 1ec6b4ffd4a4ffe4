//! Where everything lies in a region: placed at start-up, the same way each time.

use crate::{HEADER_BYTES, Offset, Persist};

/// A stretch of NVM that one owner formats and uses: an undo log, a heap, a replay table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    offset: u32,
    len: u32,
}

impl Area {
    /// `len` bytes from `offset` on.
    pub const fn new(offset: u32, len: u32) -> Self {
        Self { offset, len }
    }

    /// First byte, from the start of the region. Areas made by a [`Layout`] are 4-byte aligned.
    pub const fn offset(self) -> u32 {
        self.offset
    }

    /// Bytes.
    pub const fn len(self) -> u32 {
        self.len
    }

    /// No bytes at all.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The first `len` bytes and the rest; `None` where the area is shorter.
    pub const fn split(self, len: u32) -> Option<(Self, Self)> {
        if len > self.len {
            return None;
        }
        Some((
            Self::new(self.offset, len),
            Self::new(self.offset + len, self.len - len),
        ))
    }
}

/// Places objects and areas one after the other behind the region's header, and condenses what was
/// placed into a fingerprint, so that an image of another layout is recognised.
///
/// A program builds its layout anew at each start, always with the same calls.
///
/// ```
/// use nvm_core::Layout;
/// let mut layout = Layout::new("door lock", 1);
/// let opened = layout.object::<u32>("opened");
/// let log = layout.area("undo log", 128);
/// assert_eq!((opened.get(), log.offset()), (32, 36));
/// assert_eq!(layout.size(), 32 + 4 + 128);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    end: u32,
    fingerprint: u32,
}

impl Layout {
    /// An empty layout of a program. The name and the program's own layout version go into the
    /// fingerprint: change the version when the meaning of an object changes but not its size.
    pub const fn new(program: &str, version: u32) -> Self {
        Self {
            end: HEADER_BYTES,
            fingerprint: fnv_u32(fnv(0x811C_9DC5, program.as_bytes()), version),
        }
    }

    /// Places an area of `len` bytes, rounded up to a multiple of 4.
    pub const fn area(&mut self, name: &str, len: u32) -> Area {
        let len = len.saturating_add(3) & !3;
        let offset = self.end;
        self.end = self.end.saturating_add(len);
        self.fingerprint = fnv_u32(fnv(self.fingerprint, name.as_bytes()), len);
        Area::new(offset, len)
    }

    /// Places an object.
    pub const fn object<T: Persist>(&mut self, name: &str) -> Offset<T> {
        Offset::new(self.area(name, size_of::<T>() as u32).offset)
    }

    /// Bytes that the region must have at least.
    pub const fn size(&self) -> u32 {
        self.end
    }

    /// Condensed from the program's name and version and each name and size, in order.
    pub const fn fingerprint(&self) -> u32 {
        self.fingerprint
    }
}

/// FNV-1a: <http://www.isthe.com/chongo/tech/comp/fnv/>.
const fn fnv(mut hash: u32, bytes: &[u8]) -> u32 {
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u32).wrapping_mul(0x0100_0193);
        i += 1;
    }
    // A terminator, so that ("ab", "c") and ("a", "bc") differ.
    (hash ^ 0xFF).wrapping_mul(0x0100_0193)
}

const fn fnv_u32(hash: u32, value: u32) -> u32 {
    fnv(hash, &value.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_follow_each_other_aligned() {
        let mut layout = Layout::new("t", 0);
        let a = layout.area("a", 5);
        let b = layout.area("b", 4);
        assert_eq!((a.offset(), a.len()), (HEADER_BYTES, 8));
        assert_eq!(b.offset(), HEADER_BYTES + 8);
        assert_eq!(layout.size(), HEADER_BYTES + 12);
    }

    #[test]
    fn every_name_size_and_version_changes_the_fingerprint() {
        let print = |program, version, name, len| {
            let mut layout = Layout::new(program, version);
            let _ = layout.area(name, len);
            layout.fingerprint()
        };
        let base = print("p", 1, "a", 8);
        assert_eq!(base, print("p", 1, "a", 8));
        for other in [
            print("q", 1, "a", 8),
            print("p", 2, "a", 8),
            print("p", 1, "b", 8),
            print("p", 1, "a", 12),
        ] {
            assert_ne!(base, other);
        }
    }
}
