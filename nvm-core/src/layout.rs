//! Where everything lies in a region: placed at start-up, the same way each time.

#[cfg(feature = "names")]
use crate::objects::Placed;
use crate::offset::widened;
use crate::{HEADER_BYTES, Offset, Persist, RawOffset};

/// A stretch of NVM that one owner formats and uses: an undo log, a heap, a replay table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    offset: RawOffset,
    len: RawOffset,
}

impl Area {
    /// `len` bytes from `offset` on.
    pub const fn new(offset: RawOffset, len: RawOffset) -> Self {
        Self { offset, len }
    }

    /// First byte, from the start of the region. Areas made by a [`Layout`] are 4-byte aligned.
    pub const fn offset(self) -> RawOffset {
        self.offset
    }

    /// Bytes.
    pub const fn len(self) -> RawOffset {
        self.len
    }

    /// No bytes at all.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The first `len` bytes and the rest; `None` where the area is shorter.
    pub const fn split(self, len: RawOffset) -> Option<(Self, Self)> {
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
/// A program builds its layout anew at each start, always with the same calls. On a device it holds two words; with the
/// feature `names`, which is for the host, it also remembers what it has placed, for reports and tools.
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
    end: RawOffset,
    fingerprint: u32,
    #[cfg(feature = "names")]
    pub(crate) placed: [Option<Placed>; Layout::MOST_NAMES],
}

impl Layout {
    /// How many names are remembered.
    #[cfg(feature = "names")]
    pub(crate) const MOST_NAMES: usize = 64;

    /// An empty layout of a program. The name and the program's own layout version go into the
    /// fingerprint: change the version when the meaning of an object changes but not its size.
    pub const fn new(program: &str, version: u32) -> Self {
        Self {
            end: HEADER_BYTES,
            fingerprint: hashed(HASH_OF_NOTHING, program, version),
            #[cfg(feature = "names")]
            placed: [None; Self::MOST_NAMES],
        }
    }

    /// Places an area of `len` bytes, rounded up to a multiple of 4.
    pub const fn area(&mut self, name: &str, len: RawOffset) -> Area {
        let area = self.place(name, len);
        #[cfg(feature = "names")]
        self.remember(Placed::area(name, area));
        area
    }

    const fn place(&mut self, name: &str, len: RawOffset) -> Area {
        let len = len.saturating_add(3) & !3;
        let offset = self.end;
        self.end = self.end.saturating_add(len);
        self.fingerprint = hashed(self.fingerprint, name, widened(len));
        Area::new(offset, len)
    }

    /// Places an object.
    pub const fn object<T: Persist>(&mut self, name: &str) -> Offset<T> {
        let area = self.place(name, size_of::<T>() as RawOffset);
        #[cfg(feature = "names")]
        self.remember(Placed::object::<T>(name, area.offset));
        Offset::new(area.offset)
    }

    /// Remembers a place. What does not fit any more has no name in reports.
    #[cfg(feature = "names")]
    const fn remember(&mut self, place: Placed) {
        let mut i = 0;
        while i < self.placed.len() {
            if self.placed[i].is_none() {
                self.placed[i] = Some(place);
                return;
            }
            i += 1;
        }
    }

    /// Bytes that the region must have at least: [`RawOffset::MAX`] where it is more than that.
    pub const fn size(&self) -> RawOffset {
        self.end
    }

    /// Condensed from the program's name and version and each name and size, in order.
    pub const fn fingerprint(&self) -> u32 {
        self.fingerprint
    }
}

/// What a hash begins with.
pub(crate) const HASH_OF_NOTHING: u32 = 0x811C_9DC5;

/// Goes on with a hash (the scheme is FNV's, by words): each step can be undone, and shifts what it has gathered down.
// Where a `usize` has 16 bits text counts most: one copy.
#[cfg_attr(target_pointer_width = "16", inline(never))]
pub(crate) const fn mixed(hash: u32, word: u32) -> u32 {
    let hash = (hash ^ word).wrapping_mul(0x0100_0193);
    hash ^ hash >> 15
}

/// Goes on with a hash of a text and a number. It runs at each start, over each name of the layout: by words.
const fn hashed(mut hash: u32, text: &str, number: u32) -> u32 {
    let (words, rest) = text.as_bytes().as_chunks::<4>();
    let mut i = 0;
    while i < words.len() {
        hash = mixed(hash, u32::from_le_bytes(words[i]));
        i += 1;
    }
    let last = match *rest {
        [a] => a as u32,
        [a, b] => (a as u32) << 8 | b as u32,
        [a, b, c] => (a as u32) << 16 | (b as u32) << 8 | c as u32,
        _ => 0,
    };
    // The length, so that ("ab", "c") and ("a", "bc") differ.
    hash = mixed(mixed(hash, last), text.len() as u32);
    mixed(hash, number)
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
