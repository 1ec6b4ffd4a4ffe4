//! NVM that the processor addresses like memory: FRAM, MRAM, battery-backed RAM.
//!
//! The only module of the persistence crates with `unsafe` accesses: it turns checked offsets into
//! volatile loads and stores. The compiler neither removes volatile accesses nor reorders them among
//! each other, nor splits an aligned one that the core can do at once; and the cores in question store
//! in program order to such memory (map it uncached or write-through).
//!
//! Addresses are made with `wrapping_add`, which is defined for every offset; what needs an argument
//! is only the access itself.
#![allow(unsafe_code)]

use core::mem::take;
use core::ptr;

use crate::door::check_buffer;
use crate::{Class, Error, Nvm, RawOffset};

/// A region that is mapped into the address space.
///
/// `ATOM` is 1, 2 or 4: the widest aligned store that the memory completes or does not begin.
///
/// An aligned [`write_u32`](Nvm::write_u32) at `ATOM` 4 (and [`write_u16`](Nvm::write_u16) at 2 or 4) is
/// one comparison and one store instruction; longer accesses go by the widest aligned pieces.
#[derive(Debug)]
pub struct MappedNvm<const ATOM: usize> {
    base: *mut u8,
    size: RawOffset,
}

impl<const ATOM: usize> MappedNvm<ATOM> {
    /// The region of `size` bytes from `base` on.
    ///
    /// # Safety
    ///
    /// * `base` is aligned to `ATOM`, and `size` bytes from it on are readable and writable memory for
    ///   as long as the value lives;
    /// * nothing else writes them meanwhile, and no Rust reference to them exists.
    ///
    /// ```
    /// use nvm_core::{Class, MappedNvm, Nvm};
    /// # #[repr(align(4))] struct Fram([u8; 64]);
    /// # let mut fram = Fram([0; 64]);
    /// # let (base, size) = (fram.0.as_mut_ptr(), 64);
    /// // SAFETY: the linker script gives the region to this program alone.
    /// let nvm = unsafe { MappedNvm::<4>::new(base, size) };
    /// nvm.write_u32(Class::Data, 8, 7)?;
    /// assert_eq!(nvm.read_u32(8)?, 7);
    /// # Ok::<(), nvm_core::Error>(())
    /// ```
    pub const unsafe fn new(base: *mut u8, size: RawOffset) -> Self {
        const { assert!(ATOM == 1 || ATOM == 2 || ATOM == 4, "ATOM is 1, 2 or 4") };
        Self { base, size }
    }

    /// The address of `offset`. Valid for an access of `len` bytes where `offset + len <= size`.
    #[inline]
    fn address(&self, offset: RawOffset) -> *mut u8 {
        self.base.wrapping_add(offset as usize)
    }

    /// The address of an aligned word inside the region, where words do not tear.
    ///
    /// Rotating brings the two low bits of a misaligned offset to the top, so that one comparison
    /// answers both questions: aligned, and `offset + 4 <= size`.
    #[inline]
    fn word(&self, offset: RawOffset) -> Option<*mut u32> {
        (ATOM >= 4 && offset.rotate_right(2) < self.size / 4).then(|| self.address(offset).cast())
    }

    /// The address of an aligned half-word inside the region, where half-words do not tear.
    #[inline]
    fn half_word(&self, offset: RawOffset) -> Option<*mut u16> {
        (ATOM >= 2 && offset.rotate_right(1) < self.size / 2).then(|| self.address(offset).cast())
    }

    /// The address of a byte inside the region.
    #[inline]
    fn byte(&self, offset: RawOffset) -> Option<*mut u8> {
        (offset < self.size).then(|| self.address(offset))
    }
}

impl<const ATOM: usize> Nvm for MappedNvm<ATOM> {
    const ATOM: usize = ATOM;

    #[inline]
    fn size(&self) -> RawOffset {
        self.size
    }

    #[inline]
    fn read(&self, offset: RawOffset, bytes: &mut [u8]) -> Result<(), Error> {
        check_buffer(self, offset, bytes.len())?;
        let (mut at, mut rest) = (offset, bytes);
        loop {
            if ATOM >= 4
                && at.is_multiple_of(4)
                && rest.len() >= 4
                && let Some((word, tail)) = take(&mut rest).split_first_chunk_mut::<4>()
            {
                // SAFETY: the whole range lies inside the region, which `new` promises to be readable
                // memory; `at` and, by the same promise, the base are multiples of 4.
                let value: u32 = unsafe { ptr::read_volatile(self.address(at).cast()) };
                *word = value.to_le_bytes();
                (at, rest) = (at.wrapping_add(4), tail);
            } else if ATOM >= 2
                && at.is_multiple_of(2)
                && rest.len() >= 2
                && let Some((half, tail)) = take(&mut rest).split_first_chunk_mut::<2>()
            {
                // SAFETY: as above, with multiples of 2.
                let value: u16 = unsafe { ptr::read_volatile(self.address(at).cast()) };
                *half = value.to_le_bytes();
                (at, rest) = (at.wrapping_add(2), tail);
            } else if let Some((byte, tail)) = take(&mut rest).split_first_mut() {
                // SAFETY: as above; a byte needs no alignment.
                *byte = unsafe { ptr::read_volatile(self.address(at)) };
                (at, rest) = (at.wrapping_add(1), tail);
            } else {
                return Ok(());
            }
        }
    }

    #[inline]
    fn write(&self, _class: Class, offset: RawOffset, bytes: &[u8]) -> Result<(), Error> {
        check_buffer(self, offset, bytes.len())?;
        let (mut at, mut rest) = (offset, bytes);
        loop {
            if ATOM >= 4
                && at.is_multiple_of(4)
                && let Some((word, tail)) = rest.split_first_chunk::<4>()
            {
                let value = u32::from_le_bytes(*word);
                // SAFETY: the whole range lies inside the region, which `new` promises to be writable
                // memory without references; `at` and, by the same promise, the base are multiples of 4.
                unsafe { ptr::write_volatile(self.address(at).cast(), value) }
                (at, rest) = (at.wrapping_add(4), tail);
            } else if ATOM >= 2
                && at.is_multiple_of(2)
                && let Some((half, tail)) = rest.split_first_chunk::<2>()
            {
                let value = u16::from_le_bytes(*half);
                // SAFETY: as above, with multiples of 2.
                unsafe { ptr::write_volatile(self.address(at).cast(), value) }
                (at, rest) = (at.wrapping_add(2), tail);
            } else if let Some((byte, tail)) = rest.split_first() {
                // SAFETY: as above; a byte needs no alignment.
                unsafe { ptr::write_volatile(self.address(at), *byte) }
                (at, rest) = (at.wrapping_add(1), tail);
            } else {
                return Ok(());
            }
        }
    }

    #[inline]
    fn read_u8(&self, offset: RawOffset) -> Result<u8, Error> {
        let Some(from) = self.byte(offset) else {
            return Err(outside(offset));
        };
        // SAFETY: `byte` has checked the offset; `new` promises readable memory.
        Ok(unsafe { ptr::read_volatile(from) })
    }

    #[inline]
    fn read_u16(&self, offset: RawOffset) -> Result<u16, Error> {
        if let Some(from) = self.half_word(offset) {
            // SAFETY: `half_word` has checked range and alignment; `new` promises readable memory.
            return Ok(unsafe { ptr::read_volatile(from) });
        }
        let mut bytes = [0; 2];
        self.read(offset, &mut bytes)?;
        Ok(u16::from_le_bytes(bytes))
    }

    #[inline]
    fn read_u32(&self, offset: RawOffset) -> Result<u32, Error> {
        if let Some(from) = self.word(offset) {
            // SAFETY: `word` has checked range and alignment; `new` promises readable memory.
            return Ok(unsafe { ptr::read_volatile(from) });
        }
        let mut bytes = [0; 4];
        self.read(offset, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    #[inline]
    fn write_u8(&self, _class: Class, offset: RawOffset, value: u8) -> Result<(), Error> {
        let Some(to) = self.byte(offset) else {
            return Err(outside(offset));
        };
        // SAFETY: `byte` has checked the offset; `new` promises writable memory without references.
        unsafe { ptr::write_volatile(to, value) }
        Ok(())
    }

    #[inline]
    fn write_u16(&self, class: Class, offset: RawOffset, value: u16) -> Result<(), Error> {
        let Some(to) = self.half_word(offset) else {
            return self.write(class, offset, &value.to_le_bytes());
        };
        // SAFETY: `half_word` has checked range and alignment; `new` promises writable memory without
        // references.
        unsafe { ptr::write_volatile(to, value) }
        Ok(())
    }

    #[inline]
    fn write_u32(&self, class: Class, offset: RawOffset, value: u32) -> Result<(), Error> {
        let Some(to) = self.word(offset) else {
            return self.write(class, offset, &value.to_le_bytes());
        };
        // SAFETY: `word` has checked range and alignment; `new` promises writable memory without
        // references.
        unsafe { ptr::write_volatile(to, value) }
        Ok(())
    }
}

/// Out of line, so that the path of a good access stays short.
#[cold]
fn outside(offset: RawOffset) -> Error {
    Error::OutOfRange { offset }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    const SIZE: usize = 16;

    #[repr(align(4))]
    struct Memory([u8; SIZE]);

    impl Memory {
        /// A region of the first `size` bytes.
        fn region<const ATOM: usize>(&mut self, size: usize) -> MappedNvm<ATOM> {
            // SAFETY: the array outlives the region in each test and is used through it alone.
            unsafe { MappedNvm::new(self.0.as_mut_ptr(), size as u32) }
        }
    }

    fn every_range<const ATOM: usize>() {
        for offset in 0..SIZE {
            for len in 0..=SIZE - offset {
                let mut memory = Memory([0xEE; SIZE]);
                let nvm = memory.region::<ATOM>(SIZE);
                let bytes: Vec<u8> = (1..=len as u8).collect();
                nvm.write(Class::Data, offset as u32, &bytes).unwrap();
                let mut all = [0; SIZE];
                nvm.read(0, &mut all).unwrap();
                let mut expected = [0xEE; SIZE];
                expected[offset..offset + len].copy_from_slice(&bytes);
                assert_eq!(all, expected, "ATOM {ATOM}, offset {offset}, len {len}");
                let mut back = std::vec![0; len];
                nvm.read(offset as u32, &mut back).unwrap();
                assert_eq!(back, bytes, "ATOM {ATOM}, offset {offset}, len {len}");
            }
        }
    }

    #[test]
    fn stores_and_loads_every_range_at_every_atom() {
        every_range::<1>();
        every_range::<2>();
        every_range::<4>();
    }

    /// The typed accesses at each offset, in and out, of regions of every size: the same as the bytes'.
    fn typed_like_bytes<const ATOM: usize>() {
        for size in 0..=SIZE {
            for offset in (0..SIZE as u32 + 4).chain(u32::MAX - 4..=u32::MAX) {
                let mut memory = Memory(core::array::from_fn(|i| i as u8));
                let nvm = memory.region::<ATOM>(size);
                let mut bytes = [0; 4];
                let one = nvm.read(offset, &mut bytes[..1]).map(|()| bytes[0]);
                assert_eq!(nvm.read_u8(offset), one);
                let two = nvm.read(offset, &mut bytes[..2]);
                let two = two.map(|()| u16::from_le_bytes([bytes[0], bytes[1]]));
                assert_eq!(nvm.read_u16(offset), two);
                let four = nvm.read(offset, &mut bytes);
                let four = four.map(|()| u32::from_le_bytes(bytes));
                assert_eq!(nvm.read_u32(offset), four);

                let stored = nvm.write_u32(Class::Data, offset, 0xA1B2_C3D4);
                assert_eq!(stored, four.map(|_| ()));
                assert_eq!(nvm.read_u32(offset), four.map(|_| 0xA1B2_C3D4));
                let stored = nvm.write_u16(Class::Data, offset, 0x5678);
                assert_eq!(stored, two.map(|_| ()));
                assert_eq!(nvm.read_u16(offset), two.map(|_| 0x5678));
                let stored = nvm.write_u8(Class::Data, offset, 0x9A);
                assert_eq!(stored, one.map(|_| ()));
                assert_eq!(nvm.read_u8(offset), one.map(|_| 0x9A));
                for (i, byte) in memory.0.iter().enumerate().skip(size) {
                    assert_eq!(*byte, i as u8, "nothing outside of the region is touched");
                }
            }
        }
    }

    #[test]
    fn typed_accesses_are_those_of_their_bytes() {
        typed_like_bytes::<1>();
        typed_like_bytes::<2>();
        typed_like_bytes::<4>();
    }

    #[test]
    fn a_range_outside_is_an_error() {
        let mut memory = Memory([0; SIZE]);
        let nvm = memory.region::<4>(SIZE);
        for (offset, len) in [(13, 4), (16, 1), (u32::MAX, 4), (0, 17)] {
            let mut bytes = [0; 17];
            let error = Error::OutOfRange { offset };
            assert_eq!(nvm.write(Class::Data, offset, &bytes[..len]), Err(error));
            assert_eq!(nvm.read(offset, &mut bytes[..len]), Err(error));
        }
    }

    #[test]
    fn an_empty_region_refuses_everything_but_nothing() {
        let mut memory = Memory([0; SIZE]);
        let nvm = memory.region::<4>(0);
        assert_eq!(nvm.size(), 0);
        assert_eq!(nvm.read(0, &mut []), Ok(()));
        assert_eq!(nvm.write(Class::Data, 0, &[]), Ok(()));
        assert!(nvm.read_u8(0).is_err() && nvm.write_u8(Class::Data, 0, 1).is_err());
    }
}
