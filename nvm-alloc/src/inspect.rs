//! A heap as it stands in an image, for tools: reads, and stores nothing.

use nvm_core::{Area, Error, Nvm, RawOffset, narrowed};

use crate::Heap;
use crate::geometry::{GRANULE_BYTES, GRANULES_AT, MAGIC};

/// What a heap's area says of itself, and where its parts lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeapView {
    /// What stands in place of the magic, `HEAP`.
    pub magic: [u8; 4],
    /// Where the magic lies.
    pub magic_at: RawOffset,
    /// Granules, as they are stored.
    pub granules: RawOffset,
    /// Where their number lies.
    pub granules_at: RawOffset,
    /// Granules that there are.
    pub expected_granules: RawOffset,
    /// The heap's own undo log.
    pub log: Area,
    /// The map of the blocks.
    pub bitmap: Area,
    /// The blocks.
    pub blocks: Area,
}

impl HeapView {
    /// The magic of a heap.
    pub const MAGIC: [u8; 4] = MAGIC.to_le_bytes();

    /// Reads a heap's header.
    ///
    /// # Errors
    ///
    /// Where it does not lie in the NVM.
    pub fn load<N: Nvm>(nvm: &N, heap: Heap) -> Result<Self, Error> {
        let geometry = heap.geometry();
        let header = geometry.header();
        nvm.check_range(header, geometry.end() - header)?;
        Ok(Self {
            magic: nvm.read_u32(header)?.to_le_bytes(),
            magic_at: header,
            granules: narrowed(nvm.read_u32(header + GRANULES_AT)?),
            granules_at: header + GRANULES_AT,
            expected_granules: geometry.granules(),
            log: geometry.log(),
            bitmap: Area::new(geometry.word(0), geometry.start() - geometry.word(0)),
            blocks: Area::new(geometry.start(), geometry.granules() * GRANULE_BYTES),
        })
    }
}
