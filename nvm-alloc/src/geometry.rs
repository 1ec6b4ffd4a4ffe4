//! Where everything lies in a heap's area:
//!
//! | bytes of the area | field |
//! | --- | --- |
//! | 0..4 | magic, `HEAP` |
//! | 4..8 | number of granules |
//! | 8..56 | the heap's own undo log, for what it does without a transaction of the caller's |
//! | 56.. | bitmap, 4 bytes for each 16 granules (module `bitmap`) |
//! | behind it | granules, 8 bytes each |

use nvm_core::{Area, RawOffset};
use nvm_tx::{LOG_HEADER_BYTES, MAX_BITS_ENTRY_BYTES};

use crate::error::AllocError;

/// Bytes of a granule: every block begins at a multiple of it from the heap's first, and is a multiple
/// of it long.
pub const GRANULE_BYTES: RawOffset = 8;

pub(crate) const MAGIC: u32 = u32::from_le_bytes(*b"HEAP");
pub(crate) const GRANULES_AT: RawOffset = 4;
const LOG_AT: RawOffset = 8;
/// The two ends of a block and a slot that holds its offset; entries above 1 MiB are the longest.
const LOG_BYTES: RawOffset = LOG_HEADER_BYTES + 3 * MAX_BITS_ENTRY_BYTES;
const BITMAP_AT: RawOffset = LOG_AT + LOG_BYTES;

/// Granules that a word of the bitmap tells about.
pub(crate) const GRANULES_PER_WORD: RawOffset = 16;
const WORD_BYTES: RawOffset = 4;

/// Bytes of NVM that every heap needs, however small, besides its bitmap and its blocks.
pub const HEAP_HEADER_BYTES: RawOffset = BITMAP_AT;

/// Where a heap's parts lie: all that a handle holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    at: RawOffset,
    granules: RawOffset,
}

impl Geometry {
    /// Bytes of the area of a heap whose blocks take `capacity` bytes together, rounded up to granules.
    pub(crate) const fn area_bytes(capacity: RawOffset) -> RawOffset {
        let granules = capacity.div_ceil(GRANULE_BYTES);
        let words = granules.div_ceil(GRANULES_PER_WORD);
        BITMAP_AT
            .saturating_add(words.saturating_mul(WORD_BYTES))
            .saturating_add(granules.saturating_mul(GRANULE_BYTES))
    }

    /// As many granules as fit.
    pub(crate) const fn of(area: Area) -> Result<Self, AllocError> {
        const GROUP_BYTES: RawOffset = WORD_BYTES + GRANULES_PER_WORD * GRANULE_BYTES;
        let needed = Self::area_bytes(1);
        if area.len() < needed || area.offset().checked_add(area.len()).is_none() {
            return Err(AllocError::AreaTooSmall {
                needed,
                actual: area.len(),
            });
        }
        let rest = area.len() - BITMAP_AT;
        let last_group = (rest % GROUP_BYTES).saturating_sub(WORD_BYTES) / GRANULE_BYTES;
        Ok(Self {
            at: area.offset(),
            granules: rest / GROUP_BYTES * GRANULES_PER_WORD + last_group,
        })
    }

    pub(crate) const fn header(self) -> RawOffset {
        self.at
    }

    pub(crate) const fn log(self) -> Area {
        Area::new(self.at + LOG_AT, LOG_BYTES)
    }

    pub(crate) const fn granules(self) -> RawOffset {
        self.granules
    }

    /// Words of the bitmap.
    pub(crate) const fn words(self) -> RawOffset {
        self.granules.div_ceil(GRANULES_PER_WORD)
    }

    /// Where a word of the bitmap lies.
    pub(crate) const fn word(self, index: RawOffset) -> RawOffset {
        self.at + BITMAP_AT + index * WORD_BYTES
    }

    /// Which byte holds a bit of the bitmap.
    pub(crate) const fn byte_of(self, bit: RawOffset) -> RawOffset {
        self.word(0) + bit / 8
    }

    /// Where the first granule lies.
    pub(crate) const fn start(self) -> RawOffset {
        self.word(self.words())
    }

    /// Where the last granule ends.
    pub(crate) const fn end(self) -> RawOffset {
        self.start() + self.granules * GRANULE_BYTES
    }

    pub(crate) const fn offset_of(self, granule: RawOffset) -> RawOffset {
        self.start() + granule * GRANULE_BYTES
    }

    /// The granule that begins at `offset`.
    pub(crate) const fn granule_at(self, offset: RawOffset) -> Result<RawOffset, AllocError> {
        if offset < self.start() || offset >= self.end() {
            return Err(AllocError::Foreign {
                offset,
                start: self.start(),
                end: self.end(),
            });
        }
        let distance = offset - self.start();
        if !distance.is_multiple_of(GRANULE_BYTES) {
            return Err(AllocError::Misaligned { offset });
        }
        Ok(distance / GRANULE_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_for_a_capacity_has_just_that_capacity() {
        for capacity in 1..2000 {
            let bytes = Geometry::area_bytes(capacity);
            let geometry = Geometry::of(Area::new(100, bytes)).unwrap();
            assert_eq!(geometry.granules(), capacity.div_ceil(8));
            assert_eq!(geometry.end(), 100 + bytes, "capacity {capacity}");
        }
    }

    #[test]
    fn every_area_holds_what_is_placed_in_it() {
        for len in 0..600 {
            match Geometry::of(Area::new(4, len)) {
                Ok(geometry) => {
                    assert!(geometry.end() <= 4 + len);
                    let larger = Geometry::area_bytes((geometry.granules() + 1) * 8);
                    assert!(larger > len, "{len} bytes would hold another granule");
                }
                Err(AllocError::AreaTooSmall { needed, .. }) => assert!(len < needed),
                Err(other) => panic!("{other}"),
            }
        }
        assert!(Geometry::of(Area::new(u32::MAX - 100, 200)).is_err());
    }
}
