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

use nvm_core::{Nvm, RawOffset};

use crate::error::AllocError;
use crate::geometry::{GRANULE_BYTES, GRANULES_PER_WORD, Geometry};

/// An allocated block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Where it begins, in bytes from the start of the region.
    pub offset: RawOffset,
    /// Bytes, a multiple of [`GRANULE_BYTES`].
    pub bytes: RawOffset,
}

/// A run of granules: from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) start: RawOffset,
    pub(crate) end: RawOffset,
}

impl Run {
    pub(crate) const fn granules(self) -> RawOffset {
        self.end - self.start
    }

    /// The two bits that make the run a block.
    pub(crate) const fn bits(self) -> (RawOffset, RawOffset) {
        (2 * self.start, 2 * self.end - 1)
    }
}

/// The set bits of a bitmap in ascending order; zero words are skipped at the cost of a load.
#[derive(Debug)]
struct SetBits<'a, N> {
    nvm: &'a N,
    geometry: Geometry,
    next_word: RawOffset,
    /// What is left of the word before `next_word`.
    word: u32,
}

impl<'a, N: Nvm> SetBits<'a, N> {
    /// Those from `bit` on.
    fn from(nvm: &'a N, geometry: Geometry, bit: RawOffset) -> Result<Self, AllocError> {
        let index = bit / 32;
        let word = nvm.read_u32(geometry.word(index))? & (u32::MAX << (bit % 32));
        Ok(Self {
            nvm,
            geometry,
            next_word: index + 1,
            word,
        })
    }

    fn next(&mut self) -> Result<Option<RawOffset>, AllocError> {
        while self.word == 0 {
            if self.next_word >= self.geometry.words() {
                return Ok(None);
            }
            self.word = self.nvm.read_u32(self.geometry.word(self.next_word))?;
            self.next_word += 1;
        }
        let bit = 32 * (self.next_word - 1) + self.word.trailing_zeros() as RawOffset;
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

const fn damaged(geometry: Geometry, bit: RawOffset) -> AllocError {
    AllocError::Damaged {
        offset: geometry.byte_of(bit),
    }
}

/// The blocks of a heap and the free runs between them.
#[derive(Debug)]
pub(crate) struct Runs<'a, N> {
    bits: SetBits<'a, N>,
    reached: RawOffset,
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

/// The S bits of a word.
const STARTS: u32 = 0x5555_5555;

/// The first free run of at least so many granules, of which there is at least one: by words, not by blocks.
pub(crate) fn first_free<N: Nvm>(
    nvm: &N,
    geometry: Geometry,
    granules: RawOffset,
) -> Result<Option<Run>, AllocError> {
    // All ones while a block goes on from one word to the next.
    let mut within = 0;
    // Free granules in a row up to the word.
    let mut before = 0;
    for index in 0..geometry.words() {
        let word = nvm.read_u32(geometry.word(index))?;
        let first = index * GRANULES_PER_WORD;
        // Bit k: whether an odd number of bits is set up to and with bit k. From the S bit of a block to before its E bit.
        let mut odd = word ^ word << 1;
        odd ^= odd << 2;
        odd ^= odd << 4;
        odd ^= odd << 8;
        odd ^= odd << 16;
        odd ^= within;
        // An S bit makes it odd, an E bit even.
        let mut wrong = word & (odd ^ STARTS);
        let mut free = !odd & STARTS;
        let last = geometry.granules() - first;
        if last < GRANULES_PER_WORD {
            let beyond = u32::MAX << (2 * last);
            wrong |= word & beyond;
            free &= !beyond;
        }
        if wrong != 0 {
            return Err(damaged(
                geometry,
                2 * first + wrong.trailing_zeros() as RawOffset,
            ));
        }
        within = (odd.cast_signed() >> 31).cast_unsigned();
        let leading = (free ^ STARTS).trailing_zeros() as RawOffset / 2;
        if before + leading >= granules {
            return Ok(Some(run(first - before, granules)));
        }
        if leading == GRANULES_PER_WORD {
            before += GRANULES_PER_WORD;
            continue;
        }
        if let Some(start) = run_within(free, granules) {
            return Ok(Some(run(first + start, granules)));
        }
        before = (free ^ STARTS).leading_zeros() as RawOffset / 2;
    }
    if within != 0 {
        return Err(damaged(geometry, 2 * geometry.granules() - 1));
    }
    Ok(None)
}

const fn run(start: RawOffset, granules: RawOffset) -> Run {
    Run {
        start,
        end: start + granules,
    }
}

/// Where in a word so many free granules begin one behind the other.
fn run_within(free: u32, granules: RawOffset) -> Option<RawOffset> {
    if granules > GRANULES_PER_WORD {
        return None;
    }
    // Each bit that is left: at least so many, from it on.
    let (mut starts, mut long) = (free, 1);
    while long < granules && starts != 0 {
        let more = long.min(granules - long);
        starts &= starts >> (2 * more);
        long += more;
    }
    (starts != 0).then(|| starts.trailing_zeros() as RawOffset / 2)
}

/// The block that begins in `granule`, where both its ends are in one word.
fn block_in_word<N: Nvm>(
    nvm: &N,
    geometry: Geometry,
    granule: RawOffset,
) -> Result<Option<Run>, AllocError> {
    let bit = 2 * granule;
    let word = nvm.read_u32(geometry.word(bit / 32))? >> (bit % 32);
    let further = word & !1;
    let end = further.trailing_zeros() as RawOffset;
    if word == further || further == 0 || end.is_multiple_of(2) {
        return Ok(None);
    }
    let block = run(granule, end / 2 + 1);
    Ok((block.end <= geometry.granules()).then_some(block))
}

/// The block that begins in `granule`.
pub(crate) fn block_at<N: Nvm>(
    nvm: &N,
    geometry: Geometry,
    granule: RawOffset,
) -> Result<Run, AllocError> {
    if let Some(block) = block_in_word(nvm, geometry, granule)? {
        return Ok(block);
    }
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

#[cfg(test)]
mod tests {
    use nvm_core::sim::SimNvm;
    use nvm_core::{Area, Class};
    use proptest::prelude::*;

    use super::*;

    /// The same block by block.
    fn first_free_by_blocks(
        nvm: &SimNvm<4>,
        geometry: Geometry,
        granules: RawOffset,
    ) -> Result<Option<Run>, AllocError> {
        let mut runs = Runs::new(nvm, geometry)?;
        loop {
            let (free, block) = runs.next()?;
            if free.granules() >= granules {
                return Ok(Some(run(free.start, granules)));
            }
            if block.is_none() {
                return Ok(None);
            }
        }
    }

    fn set(nvm: &SimNvm<4>, geometry: Geometry, block: Run) {
        let (start, end) = block.bits();
        for bit in [start, end] {
            let at = geometry.word(bit / 32);
            let word = nvm.read_u32(at).unwrap() | 1 << (bit % 32);
            nvm.write_u32(Class::Allocator, at, word).unwrap();
        }
    }

    proptest! {
        #[test]
        fn words_and_blocks_tell_the_same_first_free_run(
            granules in 1..70_u32,
            blocks in prop::collection::vec((0..20_u32, 1..20_u32), 0..20),
        ) {
            let bytes = Geometry::area_bytes(GRANULE_BYTES * granules);
            let nvm = SimNvm::<4>::new(bytes);
            let geometry = Geometry::of(Area::new(0, bytes)).unwrap();
            let mut at = 0;
            for (gap, len) in blocks {
                let block = run(at + gap, len);
                if block.end > granules {
                    break;
                }
                set(&nvm, geometry, block);
                at = block.end;
            }
            for wanted in 1..=granules + 1 {
                prop_assert_eq!(
                    first_free(&nvm, geometry, wanted).unwrap(),
                    first_free_by_blocks(&nvm, geometry, wanted).unwrap()
                );
            }
        }
    }

    #[test]
    fn damage_in_what_is_looked_at_is_found() {
        let bytes = Geometry::area_bytes(8 * 40);
        let geometry = Geometry::of(Area::new(0, bytes)).unwrap();
        for bit in 0..96 {
            let nvm = SimNvm::<4>::new(bytes);
            set(&nvm, geometry, Run { start: 3, end: 20 });
            let at = geometry.word(bit / 32);
            let word = nvm.read_u32(at).unwrap() ^ 1 << (bit % 32);
            nvm.write_u32(Class::Allocator, at, word).unwrap();
            let looked_at = first_free(&nvm, geometry, 21);
            assert!(
                matches!(looked_at, Err(AllocError::Damaged { .. })),
                "bit {bit}: {looked_at:?}"
            );
        }
    }
}
