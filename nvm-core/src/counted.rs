//! A region that counts what is stored into it, by class: for measurements on a device.

use core::sync::atomic::{AtomicU32, Ordering};

use crate::door::atom_len;
use crate::{Class, Error, Nvm, RawOffset};

/// What was stored of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoreCount {
    /// Atomic stores: what a power loss can fall between.
    pub stores: u32,
    /// Bytes.
    pub bytes: u32,
}

/// Counters in volatile memory: a constant to begin with, so that they may be a `static`. They wrap around.
///
/// A store that an interrupt handler makes while a task counts another one may be lost from the counts; never from
/// the region.
#[derive(Debug, Default)]
pub struct StoreCounters {
    stores: [AtomicU32; Class::ALL.len()],
    bytes: [AtomicU32; Class::ALL.len()],
}

impl StoreCounters {
    /// Nothing counted.
    pub const fn new() -> Self {
        Self {
            stores: [const { AtomicU32::new(0) }; Class::ALL.len()],
            bytes: [const { AtomicU32::new(0) }; Class::ALL.len()],
        }
    }

    /// What was counted of one class since the counters began.
    pub fn of(&self, class: Class) -> StoreCount {
        let count = |of: &[AtomicU32]| {
            of.get(class.index())
                .map_or(0, |counter| counter.load(Ordering::Relaxed))
        };
        StoreCount {
            stores: count(&self.stores),
            bytes: count(&self.bytes),
        }
    }

    /// Counts a write of `len` bytes at `offset`, as the atoms that it is stored in.
    fn count(&self, class: Class, offset: RawOffset, len: usize, atom: usize) {
        let (mut at, mut left, mut stores) = (offset, len, 0);
        while left > 0 {
            let atom = atom_len(at, left, atom);
            (at, left, stores) = (at.wrapping_add(atom as RawOffset), left - atom, stores + 1);
        }
        add(&self.stores, class, stores);
        add(&self.bytes, class, len as u32);
    }
}

/// Without an exchange, which ARMv6-M has not.
fn add(counters: &[AtomicU32], class: Class, number: u32) {
    if let Some(counter) = counters.get(class.index()) {
        counter.store(
            counter.load(Ordering::Relaxed).wrapping_add(number),
            Ordering::Relaxed,
        );
    }
}

/// A region whose stores are counted.
///
/// ```
/// use nvm_core::{Class, CountedNvm, MappedNvm, Nvm, StoreCounters};
/// # #[repr(align(4))] struct Fram([u8; 64]);
/// # let mut fram = Fram([0; 64]);
/// # // SAFETY: the array outlives the region, and is used through it alone.
/// # let nvm = unsafe { MappedNvm::<4>::new(fram.0.as_mut_ptr(), 64) };
/// static COUNTERS: StoreCounters = StoreCounters::new();
///
/// let nvm = CountedNvm::new(&nvm, &COUNTERS);
/// nvm.write(Class::Data, 8, &[1, 2, 3, 4, 5, 6])?;
/// let counted = COUNTERS.of(Class::Data);
/// assert_eq!((counted.bytes, counted.stores), (6, 2)); // 4 bytes, then 2
/// # Ok::<(), nvm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct CountedNvm<'c, N> {
    nvm: N,
    counters: &'c StoreCounters,
}

impl<'c, N: Nvm> CountedNvm<'c, N> {
    /// Counts what is stored from now on.
    pub const fn new(nvm: N, counters: &'c StoreCounters) -> Self {
        Self { nvm, counters }
    }
}

impl<N: Nvm> Nvm for CountedNvm<'_, N> {
    const ATOM: usize = N::ATOM;

    fn size(&self) -> RawOffset {
        self.nvm.size()
    }

    fn read(&self, offset: RawOffset, bytes: &mut [u8]) -> Result<(), Error> {
        self.nvm.read(offset, bytes)
    }

    /// A write that fails is not counted.
    fn write(&self, class: Class, offset: RawOffset, bytes: &[u8]) -> Result<(), Error> {
        self.nvm.write(class, offset, bytes)?;
        self.counters.count(class, offset, bytes.len(), N::ATOM);
        Ok(())
    }
}
