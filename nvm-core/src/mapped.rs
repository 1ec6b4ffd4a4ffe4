//! NVM that the processor addresses like memory: FRAM, MRAM, battery-backed RAM.
//!
//! The only module of the persistence crates with `unsafe`: it turns checked offsets into volatile
//! accesses. Volatile accesses are neither removed nor reordered among each other by the compiler, and
//! the cores in question store in program order to such memory (map it uncached or write-through).
#![allow(unsafe_code)]

use core::marker::PhantomData;
use core::ptr;

use crate::door::atom_len;
use crate::{Class, Error, Nvm};

/// A region that is mapped into the address space.
///
/// `ATOM` is 1, 2 or 4: the widest aligned store that the memory completes or does not begin.
#[derive(Debug)]
pub struct MappedNvm<const ATOM: usize> {
    base: *mut u8,
    size: u32,
    memory: PhantomData<*mut u8>,
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
    pub const unsafe fn new(base: *mut u8, size: u32) -> Self {
        const { assert!(ATOM == 1 || ATOM == 2 || ATOM == 4, "ATOM is 1, 2 or 4") };
        Self {
            base,
            size,
            memory: PhantomData,
        }
    }

    /// Stores the first `len` bytes of `bytes`, at most an atom, with one store where they are aligned
    /// to their length.
    #[inline]
    fn store_atom(&self, offset: u32, bytes: &[u8], len: usize) {
        // SAFETY: the caller has checked that `len` bytes at `offset` lie inside the region, which
        // `new` promises to be writable memory.
        let to = unsafe { self.base.add(offset as usize) };
        match (len, bytes) {
            (4, [a, b, c, d, ..]) => {
                // SAFETY: as above; an atom of 4 bytes begins at a multiple of 4.
                unsafe { ptr::write_volatile(to.cast(), u32::from_le_bytes([*a, *b, *c, *d])) }
            }
            (2, [a, b, ..]) if offset % 2 == 0 => {
                // SAFETY: as above; the offset is even and the base aligned to `ATOM`, at least 2.
                unsafe { ptr::write_volatile(to.cast(), u16::from_le_bytes([*a, *b])) }
            }
            _ => {
                for (i, byte) in bytes.iter().take(len).enumerate() {
                    // SAFETY: as above, one byte.
                    unsafe { ptr::write_volatile(to.add(i), *byte) }
                }
            }
        }
    }
}

impl<const ATOM: usize> Nvm for MappedNvm<ATOM> {
    const ATOM: usize = ATOM;

    #[inline]
    fn size(&self) -> u32 {
        self.size
    }

    #[inline]
    fn read(&self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        self.check_range(offset, bytes.len() as u32)?;
        // SAFETY: the range lies inside the region, which `new` promises to be readable memory.
        let mut from = unsafe { self.base.add(offset as usize) };
        for byte in bytes {
            // SAFETY: as above, byte by byte; the last step goes one past the range at most.
            unsafe {
                *byte = ptr::read_volatile(from);
                from = from.add(1);
            }
        }
        Ok(())
    }

    #[inline]
    fn read_u32(&self, offset: u32) -> Result<u32, Error> {
        if ATOM == 4 && offset % 4 == 0 {
            self.check_range(offset, 4)?;
            // SAFETY: inside the region and aligned: the base is, and the offset is a multiple of 4.
            return Ok(unsafe { ptr::read_volatile(self.base.add(offset as usize).cast()) });
        }
        let mut bytes = [0; 4];
        self.read(offset, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    #[inline]
    fn write(&self, _class: Class, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        self.check_range(offset, bytes.len() as u32)?;
        let (mut at, mut rest) = (offset, bytes);
        while !rest.is_empty() {
            let len = atom_len(at, rest.len(), ATOM);
            self.store_atom(at, rest, len);
            at += len as u32;
            rest = rest.get(len..).unwrap_or_default();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(align(4))]
    struct Memory([u8; 16]);

    fn at_every_offset_and_length<const ATOM: usize>() {
        for offset in 0..16usize {
            for len in 0..=16 - offset {
                let mut memory = Memory([0xEE; 16]);
                // SAFETY: the array outlives the region and is used through it alone.
                let nvm = unsafe { MappedNvm::<ATOM>::new(memory.0.as_mut_ptr(), 16) };
                let bytes: Vec<u8> = (1..=len as u8).collect();
                nvm.write(Class::Data, offset as u32, &bytes).unwrap();
                let mut all = [0; 16];
                nvm.read(0, &mut all).unwrap();
                let mut expected = [0xEE; 16];
                expected[offset..offset + len].copy_from_slice(&bytes);
                assert_eq!(all, expected, "ATOM {ATOM}, offset {offset}, len {len}");
                if len >= 4 {
                    assert_eq!(nvm.read_u32(offset as u32).unwrap(), 0x0403_0201);
                }
            }
        }
    }

    extern crate std;
    use std::vec::Vec;

    #[test]
    fn stores_every_range_at_every_atom() {
        at_every_offset_and_length::<1>();
        at_every_offset_and_length::<2>();
        at_every_offset_and_length::<4>();
    }

    #[test]
    fn a_range_outside_is_an_error() {
        let mut memory = Memory([0; 16]);
        // SAFETY: the array outlives the region and is used through it alone.
        let nvm = unsafe { MappedNvm::<4>::new(memory.0.as_mut_ptr(), 16) };
        for (offset, len) in [(13, 4), (16, 1), (u32::MAX, 4), (0, 17)] {
            let bytes = [0; 17];
            let error = Error::OutOfRange {
                offset,
                len: len as u32,
                size: 16,
            };
            assert_eq!(nvm.write(Class::Data, offset, &bytes[..len]), Err(error));
        }
    }
}
