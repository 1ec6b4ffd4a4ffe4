//! The heap: allocating and freeing inside of a transaction of the caller's.
//!
//! Allocating a block whose ends lie in one byte of the bitmap (for two bytes the first two stores are
//! made for each):
//!
//! | store | power lost after it: the log's recovery |
//! | --- | --- |
//! | entry: mask and old bits of the byte | puts the bits back: free |
//! | byte of the bitmap | the same |
//! | contents of the block, not logged | the same; the contents are nobody's |
//! | the transaction's commit word | nothing: allocated |
//!
//! Freeing:
//!
//! | store | power lost after it: the log's recovery |
//! | --- | --- |
//! | entry: mask and new bits of the byte | nothing: still allocated |
//! | the log's notice of deferred stores | takes the notice back: still allocated |
//! | the transaction's commit word | clears the bits: free |
//! | byte of the bitmap | the same again, which changes nothing |
//! | notice taken back | nothing: free |
//!
//! So a block that a transaction frees stays taken until the commit, and a roll back has nothing to do
//! for it. A block that is allocated *and* freed in one transaction ends up free either way: the roll back
//! takes the allocation back and ignores the deferred free; the commit keeps the allocation and then
//! frees.

use nvm_core::{Area, Class, Nvm, Offset, Persist, RawOffset, ablation, narrowed, widened};
use nvm_tx::{Tx, UndoLog, bits_entry_bytes};

use crate::bitmap::{Blocks, Run, Runs, block_at, first_free};
use crate::broken::{self, Variant};
use crate::error::AllocError;
use crate::geometry::{GRANULE_BYTES, GRANULES_AT, Geometry, MAGIC};

/// A heap in NVM: blocks of any size, allocated and freed by transactions.
///
/// The handle is volatile and holds only where the heap lies; copy it freely. All state is in NVM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heap {
    geometry: Geometry,
}

/// How full a heap is, in bytes of its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Bytes in allocated blocks.
    pub used: u32,
    /// Bytes in free ones.
    pub free: u32,
    /// Bytes of the largest free block: the most that one allocation can get.
    pub largest_free: u32,
    /// Allocated blocks.
    pub blocks: u32,
}

impl Heap {
    /// Bytes of NVM for a heap whose blocks take `capacity` bytes together: 3.1 % more, and
    /// [`HEAP_HEADER_BYTES`](crate::HEAP_HEADER_BYTES). A block takes its bytes, rounded up to 8.
    pub const fn area_bytes(capacity: RawOffset) -> RawOffset {
        Geometry::area_bytes(capacity)
    }

    /// Makes `area` an empty heap. Not crash-consistent: part of the region's first boot.
    pub fn format<N: Nvm>(nvm: &N, area: Area) -> Result<(), AllocError> {
        let geometry = Geometry::of(area)?;
        nvm.check_range(area.offset(), area.len())?;
        UndoLog::format(&nvm, geometry.log())?;
        for index in 0..geometry.words() {
            nvm.write_u32(Class::Allocator, geometry.word(index), 0)?;
        }
        let header = geometry.header();
        nvm.write_u32(
            Class::Allocator,
            header + GRANULES_AT,
            widened(geometry.granules()),
        )?;
        nvm.write_u32(Class::Allocator, header, MAGIC)?;
        Ok(())
    }

    /// The heap in an area: reads and checks nothing. For a program that places its objects before it has an
    /// NVM; [`open`](Heap::open) it at each start.
    pub const fn at(area: Area) -> Result<Self, AllocError> {
        match Geometry::of(area) {
            Ok(geometry) => Ok(Self { geometry }),
            Err(error) => Err(error),
        }
    }

    /// Opens the heap at start-up: completes or takes back what
    /// [`allocate_into`](Heap::allocate_into) or [`free_from`](Heap::free_from) was doing when the power
    /// went. What callers' transactions were doing is recovered with their logs.
    ///
    /// # Errors
    ///
    /// [`NotAHeap`](AllocError::NotAHeap) where none of this size was formatted in the area.
    pub fn open<N: Nvm>(nvm: &N, area: Area) -> Result<Self, AllocError> {
        let geometry = Geometry::of(area)?;
        nvm.check_range(area.offset(), area.len())?;
        let header = geometry.header();
        if nvm.read_u32(header)? != MAGIC
            || nvm.read_u32(header + GRANULES_AT)? != widened(geometry.granules())
        {
            return Err(AllocError::NotAHeap { offset: header });
        }
        let _ = UndoLog::open(nvm, geometry.log())?;
        Ok(Self { geometry })
    }

    /// Allocates a block of at least `bytes` bytes (at least one granule: even a block of 0 bytes has an
    /// offset of its own, and is freed like any other), at a multiple of 8 bytes from the heap's first.
    ///
    /// Its contents are undefined, and writing them in this transaction needs no logging. Where the
    /// transaction does not commit, the block is free again. Costs 7 bytes of NVM where both ends of the block
    /// lie within 4 granules, else 14. Takes the first free block that is large enough; loads at most the
    /// whole bitmap (4 bytes for each 128 bytes of the heap).
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](AllocError::OutOfMemory); the transaction may go on. What it has freed itself is
    /// not available to it, only to the next.
    pub fn allocate<N: Nvm>(
        self,
        tx: &mut Tx<'_, N>,
        bytes: RawOffset,
    ) -> Result<RawOffset, AllocError> {
        let block = self.first_fit(tx.nvm(), bytes)?;
        let (start, end) = self.masks(block);
        Self::reserve_for_two(tx, end)?;
        if end.1 != 0 {
            Self::set(tx, end)?;
        }
        Self::set(tx, start)?;
        let offset = self.geometry.offset_of(block.start);
        tx.declare_fresh(offset, block.granules() * GRANULE_BYTES);
        ablation::note_object(offset, block.granules() * GRANULE_BYTES);
        Ok(offset)
    }

    /// Allocates a block for an object and stores the object there: not logged, so it costs the
    /// allocation and the object's bytes.
    #[allow(clippy::needless_pass_by_value)] // plain data: a value reads better than a reference
    pub fn allocate_for<T: Persist, N: Nvm>(
        self,
        tx: &mut Tx<'_, N>,
        value: T,
    ) -> Result<Offset<T>, AllocError> {
        let bytes = value.as_bytes();
        let offset = self.allocate(
            tx,
            RawOffset::try_from(bytes.len()).unwrap_or(RawOffset::MAX),
        )?;
        tx.write_fresh(offset, bytes)?;
        Ok(Offset::new(offset))
    }

    /// Frees the block at `offset` when the transaction commits; until then nobody gets it. Costs 7 bytes
    /// of NVM where both ends of the block lie within 4 granules, else 14, and 2 more for all frees of a
    /// transaction together. Needs no free memory.
    ///
    /// # Errors
    ///
    /// A block that is not allocated, is freed already in this transaction, or does not begin at `offset` is a
    /// precise error. Nothing is changed then, and the transaction may go on.
    pub fn free<N: Nvm>(self, tx: &mut Tx<'_, N>, offset: RawOffset) -> Result<(), AllocError> {
        let granule = self.geometry.granule_at(offset)?;
        let block = block_at(tx.nvm(), self.geometry, granule)?;
        let (start, end) = self.masks(block);
        if tx.deferred_bits(start.0)? & start.1 != 0 && !broken::is(Variant::ForgetsDeferred) {
            return Err(AllocError::AlreadyFreed { offset });
        }
        Self::reserve_for_two(tx, end)?;
        Self::clear_on_commit(tx, start)?;
        if end.1 != 0 {
            Self::clear_on_commit(tx, end)?;
        }
        ablation::forget_object(offset);
        Ok(())
    }

    /// Bytes of the block at `offset`: those asked for, rounded up to 8.
    pub fn size_of_block<N: Nvm>(
        self,
        nvm: &N,
        offset: RawOffset,
    ) -> Result<RawOffset, AllocError> {
        let granule = self.geometry.granule_at(offset)?;
        let block = block_at(nvm, self.geometry, granule)?;
        Ok(block.granules() * GRANULE_BYTES)
    }

    /// How full the heap is. Checks the whole bitmap on the way.
    pub fn statistics<N: Nvm>(self, nvm: &N) -> Result<Statistics, AllocError> {
        let mut statistics = Statistics::default();
        let mut runs = Runs::new(nvm, self.geometry)?;
        loop {
            let (free, block) = runs.next()?;
            let bytes = widened(free.granules() * GRANULE_BYTES);
            statistics.free += bytes;
            statistics.largest_free = statistics.largest_free.max(bytes);
            let Some(block) = block else {
                return Ok(statistics);
            };
            statistics.used += widened(block.granules() * GRANULE_BYTES);
            statistics.blocks += 1;
        }
    }

    /// The allocated blocks in ascending order: to look for blocks that nothing refers to, say.
    pub fn blocks<N: Nvm>(self, nvm: &N) -> Result<Blocks<'_, N>, AllocError> {
        Blocks::new(nvm, self.geometry)
    }

    /// Bytes that all blocks together can take.
    pub const fn capacity(self) -> RawOffset {
        self.geometry.granules() * GRANULE_BYTES
    }

    #[cfg(feature = "inspect")]
    pub(crate) const fn geometry(self) -> Geometry {
        self.geometry
    }

    /// The heap's own log.
    pub(crate) const fn log(self) -> Area {
        self.geometry.log()
    }

    fn first_fit<N: Nvm>(self, nvm: &N, bytes: RawOffset) -> Result<Run, AllocError> {
        let granules = bytes.div_ceil(GRANULE_BYTES).max(1);
        if let Some(block) = first_free(nvm, self.geometry, granules)? {
            return Ok(block);
        }
        let largest = narrowed(self.statistics(nvm)?.largest_free);
        Err(AllocError::OutOfMemory {
            needed: bytes,
            largest,
        })
    }

    /// The bytes of the bitmap that hold a block's two ends, each with its mask; where it is one byte, the
    /// second mask is 0.
    fn masks(self, block: Run) -> ((RawOffset, u8), (RawOffset, u8)) {
        let (start, end) = block.bits();
        let start = (self.geometry.byte_of(start), 1 << (start % 8));
        let end = (self.geometry.byte_of(end), 1 << (end % 8));
        if start.0 == end.0 {
            ((start.0, start.1 | end.1), (end.0, 0))
        } else {
            (start, end)
        }
    }

    /// Where a block's ends lie in two bytes, both are changed or none is. One change makes sure of its room itself.
    #[inline]
    fn reserve_for_two<N: Nvm>(
        tx: &mut Tx<'_, N>,
        (byte, mask): (RawOffset, u8),
    ) -> Result<(), AllocError> {
        if mask != 0 {
            tx.reserve_log(2 * bits_entry_bytes(byte))?;
        }
        Ok(())
    }

    /// Sets bits of the map.
    fn set<N: Nvm>(tx: &mut Tx<'_, N>, (byte, mask): (RawOffset, u8)) -> Result<(), AllocError> {
        if broken::is(Variant::AllocatesUnlogged) {
            let old = tx.nvm().read_u8(byte)?;
            return Ok(tx.nvm().write_u8(Class::Allocator, byte, old | mask)?);
        }
        Ok(tx.set_bits(Class::Allocator, byte, mask, mask)?)
    }

    /// Takes bits of the map back when the transaction commits.
    fn clear_on_commit<N: Nvm>(
        tx: &mut Tx<'_, N>,
        (byte, mask): (RawOffset, u8),
    ) -> Result<(), AllocError> {
        if broken::is(Variant::FreesAtOnce) {
            return Ok(tx.set_bits(Class::Allocator, byte, mask, 0)?);
        }
        Ok(tx.set_bits_on_commit(Class::Allocator, byte, mask, 0)?)
    }
}
