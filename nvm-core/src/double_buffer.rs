//! One value that changes atomically, without a log.

use core::fmt;
use core::marker::PhantomData;

use crate::{Class, Error, Layout, Nvm, Offset, Persist, RawOffset};

/// A value of any size that changes atomically, by double buffering: in two copies, and one byte that selects which of them
/// counts. The smallest protocol there is for a counter, a calibration, a set of settings: no log, no recovery.
///
/// **Across a power loss**: a [`store`](Self::store) cut off anywhere leaves the old value; from the store of the last byte
/// on there is the new one. Several values that must change together take a transaction (`nvm-tx`), or are fields of one
/// value. A value of at most [`Nvm::ATOM`] bytes is atomic by itself: [`Nvm::store`] will do.
///
/// **Costs** [`AREA_BYTES`](Self::AREA_BYTES) bytes of NVM: two copies and the selector. Each store stores the value's bytes
/// and 1, and wears both copies alike.
///
/// **One writer at a time**: what interrupts a [`store`](Self::store), an interrupt handler say, may [`load`](Self::load), but
/// must not store to the same value; and what interrupts a load must not store.
///
/// ```
/// use nvm_core::sim::SimNvm;
/// use nvm_core::{DoubleBuffered, Layout, Region, RegionError};
///
/// let mut layout = Layout::new("odometer", 1);
/// let metres = DoubleBuffered::<u64>::place(&mut layout, "metres");
/// let nvm = SimNvm::<4>::new(256); // or MappedNvm, StorageNvm, FileNvm
///
/// // At each start: the first one formats.
/// let _ = Region::open_or_format(&nvm, &layout, || Ok::<_, RegionError>(metres.format(&nvm, &0)?))?;
/// metres.update(&nvm, |metres| metres + 25)?;
/// assert_eq!(metres.load(&nvm)?, 25);
/// # Ok::<(), RegionError>(())
/// ```
pub struct DoubleBuffered<T> {
    /// Where its area begins: the first copy, the second, the selector.
    pub(crate) offset: RawOffset,
    of: PhantomData<fn() -> T>,
}

impl<T: Persist> DoubleBuffered<T> {
    const COPY_BYTES: RawOffset = size_of::<T>() as RawOffset;

    /// Bytes of NVM: a [`Layout`] rounds them up to a multiple of 4.
    pub const AREA_BYTES: RawOffset = 2 * Self::COPY_BYTES + 1;

    /// Places it in a layout.
    pub const fn place(layout: &mut Layout, name: &str) -> Self {
        Self {
            offset: layout.area(name, Self::AREA_BYTES).offset(),
            of: PhantomData,
        }
    }

    /// Stores the first value, where the region is formatted: whatever lay there before.
    ///
    /// Stores the value's bytes and 1.
    pub fn format<N: Nvm>(self, nvm: &N, value: &T) -> Result<(), Error> {
        self.store_as(nvm, 0, value)
    }

    /// Where the copy lies that counts.
    pub(crate) fn selected_copy<N: Nvm>(self, nvm: &N) -> Result<Offset<T>, Error> {
        Ok(self.copy(self.selected(nvm)?))
    }

    /// The value. Damage is not found out here: whatever an image holds is a value.
    pub fn load<N: Nvm>(self, nvm: &N) -> Result<T, Error> {
        nvm.load(self.selected_copy(nvm)?)
    }

    /// Stores another value, atomically. After an error it is the old one still, or the new one where the device has stored
    /// the last byte and failed all the same.
    ///
    /// Stores the value's bytes and 1.
    pub fn store<N: Nvm>(self, nvm: &N, value: &T) -> Result<(), Error> {
        let other = 1 - self.selected(nvm)?;
        self.store_as(nvm, other, value)
    }

    /// Replaces the value by what `change` makes of it, atomically, and answers the new one.
    pub fn update<N: Nvm>(self, nvm: &N, change: impl FnOnce(T) -> T) -> Result<T, Error> {
        let selected = self.selected(nvm)?;
        let value = change(nvm.load(self.copy(selected))?);
        self.store_as(nvm, 1 - selected, &value)?;
        Ok(value)
    }

    /// Stores a value into one of the copies, and selects that: by one byte, which cannot tear.
    fn store_as<N: Nvm>(self, nvm: &N, nth: u8, value: &T) -> Result<(), Error> {
        if is_broken() {
            nvm.write_u8(Class::Data, self.selector_at(), nth)?;
        }
        nvm.store(Class::Data, self.copy(nth), value)?;
        nvm.write_u8(Class::Data, self.selector_at(), nth)
    }

    /// Which copy counts: 0 or 1.
    fn selected<N: Nvm>(self, nvm: &N) -> Result<u8, Error> {
        Ok(nvm.read_u8(self.selector_at())? & 1)
    }

    fn copy(self, nth: u8) -> Offset<T> {
        let bytes = if nth == 0 { 0 } else { Self::COPY_BYTES };
        Offset::new(self.offset.wrapping_add(bytes))
    }

    pub(crate) const fn selector_at(self) -> RawOffset {
        self.offset.wrapping_add(2 * Self::COPY_BYTES)
    }
}

impl<T> Clone for DoubleBuffered<T> {
    fn clone(&self) -> Self {
        *self
    }
}

/// Where it lies, not the value.
impl<T> Copy for DoubleBuffered<T> {}

impl<T> fmt::Debug for DoubleBuffered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DoubleBuffered")
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

/// Whether the selector is stored before the copy: the mistake that the tests must catch.
#[cfg(not(test))]
#[inline]
const fn is_broken() -> bool {
    false
}

#[cfg(test)]
std::thread_local! {
    static IS_BROKEN: core::cell::Cell<bool> = const { core::cell::Cell::new(false) };
}

#[cfg(test)]
fn is_broken() -> bool {
    IS_BROKEN.get()
}

#[cfg(all(test, feature = "sim"))]
#[allow(clippy::unwrap_used)] // a failure fails the test
mod tests {
    use std::format;

    use super::*;
    use crate::sim::{Explorer, Report, SimNvm};
    use crate::{Region, RegionError, for_each_atom};

    /// The first boot, or any other one.
    fn boot<T: Persist, const ATOM: usize>(nvm: &SimNvm<ATOM>, first: &T) -> DoubleBuffered<T> {
        let mut layout = Layout::new("double buffer", 1);
        // What comes after it lies at another alignment.
        let _ = layout.object::<u32>("before");
        let value = DoubleBuffered::place(&mut layout, "value");
        let _ = Region::open_or_format(nvm, &layout, || {
            Ok::<_, RegionError>(value.format(nvm, first)?)
        })
        .unwrap();
        value
    }

    /// Cuts the second and the third store of a value, one in each copy, and each boot after a cut.
    fn explore<T, const ATOM: usize>(of: impl Fn(u8) -> T) -> Report
    where
        T: Persist + fmt::Debug + PartialEq,
    {
        let name = format!("{} bytes", size_of::<T>());
        Explorer::<ATOM>::new(&name, 128)
            .filled_with(0)
            .depth(2)
            .explore_atomic(
                |nvm| boot(nvm, &of(1)).store(nvm, &of(2)).unwrap(),
                |nvm| boot(nvm, &of(1)).store(nvm, &of(3)).unwrap(),
                |nvm| _ = boot(nvm, &of(1)),
                |nvm| boot(nvm, &of(1)).load(nvm).unwrap(),
            )
    }

    #[test]
    fn a_value_is_the_old_or_the_new_one_whatever_is_cut() {
        for_each_atom!(ATOM => {
            explore::<u8, ATOM>(|n| n).assert_clean();
            explore::<u32, ATOM>(|n| u32::from_le_bytes([n; 4])).assert_clean();
            explore::<[u8; 7], ATOM>(|n| [n; 7]).assert_clean();
            explore::<[u16; 9], ATOM>(|n| [n.into(); 9]).assert_clean();
        });
    }

    #[test]
    fn a_selector_that_is_stored_first_is_caught() {
        IS_BROKEN.set(true);
        for_each_atom!(ATOM => {
            explore::<[u8; 7], ATOM>(|n| [n; 7]).assert_caught();
        });
        IS_BROKEN.set(false);
    }

    #[test]
    fn the_first_boot_is_cut() {
        for_each_atom!(ATOM => {
            for fill in [0x00, 0xFF] {
                Explorer::<ATOM>::new("format", 128).filled_with(fill).depth(2).explore_atomic(
                    |_| {},
                    |nvm| _ = boot(nvm, &[7u8; 5]),
                    |_| {},
                    |nvm| boot(nvm, &[7u8; 5]).load(nvm).unwrap(),
                ).assert_clean();
            }
        });
    }

    #[test]
    fn a_store_takes_the_value_and_a_byte() {
        let nvm = SimNvm::<4>::new(128);
        let value = boot(&nvm, &0u32);
        for n in 1..=5 {
            let before = nvm.counters();
            assert_eq!(value.update(&nvm, |value| value + 1), Ok(n));
            let stored = nvm.counters().class(Class::Data).bytes - before.class(Class::Data).bytes;
            assert_eq!(stored, 5);
            assert_eq!(value.load(&nvm), Ok(n));
        }
        assert_eq!(DoubleBuffered::<u32>::AREA_BYTES, 9);
    }

    #[test]
    fn what_does_not_lie_in_the_region_is_an_error() {
        let mut layout = Layout::new("double buffer", 1);
        let value = DoubleBuffered::<u32>::place(&mut layout, "value");
        let nvm = SimNvm::<4>::new(40);
        let error = Err(Error::OutOfRange { offset: 40 });
        assert_eq!(value.store(&nvm, &1), error);
        assert_eq!(value.load(&nvm).map(|_| ()), error);
    }
}
