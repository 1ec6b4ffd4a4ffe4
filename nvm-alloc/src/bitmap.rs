//! The bitmap: which granules belong to which block.
//!
//! | bits of a word | field |
//! | --- | --- |
//! | 2 i | S: a block starts in granule 16 w + i |
//! | 2 i + 1 | E: a block ends in that granule |
//!
//! A block of one granule has both. Granules inside of a block and free ones have neither: what they are
//! is told by the nearest bit before them. Hence the set bits of a sound bitmap are S, E, S, E, … in
//! turn, and a block of whatever length costs the change of two bits, in one byte or two.

use nvm_core::Nvm;

use crate::error::AllocError;
use crate::geometry::{GRANULE_BYTES, Geometry};

/// An allocated block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Where it begins, in bytes from the start of the region.
    pub offset: u32,
    /// Bytes, a multiple of [`GRANULE_BYTES`].
    pub bytes: u32,
}

/// A run of granules: from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Run {
    pub(crate) const fn granules(self) -> u32 {
        self.end - self.start
    }

    /// The two bits that make the run a block.
    pub(crate) const fn bits(self) -> (u32, u32) {
        (2 * self.start, 2 * self.end - 1)
    }
}

/// The set bits of a bitmap in ascending order; zero words are skipped at the cost of a load.
#[derive(Debug)]
struct SetBits<'a, N> {
    nvm: &'a N,
    geometry: Geometry,
    next_word: u32,
    /// What is left of the word before `next_word`.
    word: u32,
}

impl<'a, N: Nvm> SetBits<'a, N> {
    /// Those from `bit` on.
    fn from(nvm: &'a N, geometry: Geometry, bit: u32) -> Result<Self, AllocError> {
        let index = bit / 32;
        let word = nvm.read_u32(geometry.word(index))? & (u32::MAX << (bit % 32));
        Ok(Self {
            nvm,
            geometry,
            next_word: index + 1,
            word,
        })
    }

    fn next(&mut self) -> Result<Option<u32>, AllocError> {
        while self.word == 0 {
            if self.next_word >= self.geometry.words() {
                return Ok(None);
            }
            self.word = self.nvm.read_u32(self.geometry.word(self.next_word))?;
            self.next_word += 1;
        }
        let bit = 32 * (self.next_word - 1) + self.word.trailing_zeros();
        self.word &= self.word - 1;
        if bit >= 2 * self.geometry.granules() {
            return Err(damaged(self.geometry, bit));
        }
        Ok(Some(bit))
    }

    /// The block that begins at or after the place reached.
    fn block(&mut self) -> Result<Option<Run>, AllocError> {
        let Some(start) = self.next()? else {
            return Ok(None);
        };
        if start % 2 != 0 {
            return Err(damaged(self.geometry, start));
        }
        match self.next()? {
            Some(end) if end % 2 == 1 => Ok(Some(Run {
                start: start / 2,
                end: end / 2 + 1,
            })),
            Some(other) => Err(damaged(self.geometry, other)),
            None => Err(damaged(self.geometry, start)),
        }
    }
}

const fn damaged(geometry: Geometry, bit: u32) -> AllocError {
    AllocError::Damaged {
        offset: geometry.byte_of(bit),
    }
}

/// The blocks of a heap and the free runs between them.
#[derive(Debug)]
pub(crate) struct Runs<'a, N> {
    bits: SetBits<'a, N>,
    reached: u32,
}

impl<'a, N: Nvm> Runs<'a, N> {
    pub(crate) fn new(nvm: &'a N, geometry: Geometry) -> Result<Self, AllocError> {
        Ok(Self {
            bits: SetBits::from(nvm, geometry, 0)?,
            reached: 0,
        })
    }

    /// The next free run, which may be empty, and the block after it; the last run has none.
    pub(crate) fn next(&mut self) -> Result<(Run, Option<Run>), AllocError> {
        let block = self.bits.block()?;
        let end = block.map_or(self.bits.geometry.granules(), |block| block.start);
        let free = Run {
            start: self.reached,
            end,
        };
        if let Some(block) = block {
            self.reached = block.end;
        }
        Ok((free, block))
    }
}

/// The block that begins in `granule`.
pub(crate) fn block_at<N: Nvm>(
    nvm: &N,
    geometry: Geometry,
    granule: u32,
) -> Result<Run, AllocError> {
    match SetBits::from(nvm, geometry, 2 * granule)?.block() {
        Ok(Some(block)) if block.start == granule => return Ok(block),
        // The next bit may be the end of a block around it: looked at from the heap's beginning.
        Ok(_) | Err(AllocError::Damaged { .. }) => {}
        Err(other) => return Err(other),
    }
    let offset = geometry.offset_of(granule);
    let mut runs = Runs::new(nvm, geometry)?;
    while let (_, Some(block)) = runs.next()? {
        if block.start > granule {
            break;
        }
        if granule < block.end {
            return Err(AllocError::Interior {
                offset,
                block: geometry.offset_of(block.start),
            });
        }
    }
    Err(AllocError::NotAllocated { offset })
}

/// The blocks of a heap, in ascending order.
///
/// A damaged bitmap ends it with an error; it never yields more blocks than the heap has granules.
#[derive(Debug)]
pub struct Blocks<'a, N> {
    geometry: Geometry,
    /// `None` once it has ended.
    runs: Option<Runs<'a, N>>,
}

impl<'a, N: Nvm> Blocks<'a, N> {
    pub(crate) fn new(nvm: &'a N, geometry: Geometry) -> Result<Self, AllocError> {
        Ok(Self {
            geometry,
            runs: Some(Runs::new(nvm, geometry)?),
        })
    }
}

impl<N: Nvm> Iterator for Blocks<'_, N> {
    type Item = Result<Block, AllocError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.runs.as_mut()?.next() {
            Ok((_, Some(block))) => Some(Ok(Block {
                offset: self.geometry.offset_of(block.start),
                bytes: block.granules() * GRANULE_BYTES,
            })),
            Ok((_, None)) => {
                self.runs = None;
                None
            }
            Err(error) => {
                self.runs = None;
                Some(Err(error))
            }
        }
    }
}
