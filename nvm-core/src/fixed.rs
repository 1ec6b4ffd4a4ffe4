//! Mapped NVM whose place and size are known when the program is built.
//!
//! As [`mapped`](crate::MappedNvm), with two differences that make accesses as short as those of C code: the handle
//! takes no memory, and offsets are *masked* into the region instead of compared with its end, so that no access can
//! fail and the compiler drops every error path behind one.
//!
//! Addresses are made with `wrapping_add`, which is defined for every offset; what needs an argument is only the access
//! itself.
#![allow(unsafe_code)]

use core::fmt;
use core::marker::PhantomData;
use core::mem::take;
use core::ptr;

use crate::{Class, Error, Nvm, RawOffset};

/// Where a region of [`FixedNvm`] lies: what [`FixedNvm::new`] promises holds for it.
pub trait FixedPlace: 'static {
    /// Bytes of the region: a power of two, 64 at least; 32 KiB at most where a `usize` has 16 bits.
    const BYTES: RawOffset;

    /// Its address.
    fn start() -> *mut u8;
}

/// A region that is mapped into the address space, at a place and of a size that are known when the program is built.
///
/// `ATOM` is 1, 2 or 4: the widest aligned store that the memory completes or does not begin.
///
/// **Offsets are taken modulo the size**: an offset outside of the region, which only a damaged image or a program's own
/// mistake can hold, reads or writes somewhere inside, and never fails. It is never undefined behaviour. Where it shall
/// be an error, use [`MappedNvm`](crate::MappedNvm), at the price of a comparison and an error path for each access.
pub struct FixedNvm<P, const ATOM: usize>(PhantomData<fn() -> P>);

impl<P: FixedPlace, const ATOM: usize> FixedNvm<P, ATOM> {
    /// The region: a handle that takes no memory.
    ///
    /// # Safety
    ///
    /// * The place's [`start`](FixedPlace::start) always answers the same address, a multiple of 4;
    /// * [`BYTES`](FixedPlace::BYTES) bytes from it on are readable and writable memory for as long as a copy of the
    ///   handle is used;
    /// * nothing else writes them meanwhile, and no Rust reference to them exists.
    #[must_use]
    pub const unsafe fn new() -> Self {
        const {
            assert!(ATOM == 1 || ATOM == 2 || ATOM == 4, "ATOM is 1, 2 or 4");
            assert!(
                P::BYTES.is_power_of_two() && P::BYTES >= 64,
                "the region's size is a power of two, 64 bytes at least"
            );
        }
        Self(PhantomData)
    }

    /// The address of `len` bytes (1, 2 or 4) at a multiple of `len`, made so where it is not.
    #[inline]
    fn address(offset: RawOffset, len: RawOffset) -> *mut u8 {
        P::start().wrapping_add((offset & (P::BYTES - len)) as usize)
    }

    #[inline]
    const fn is_whole(offset: RawOffset, len: RawOffset) -> bool {
        ATOM as RawOffset >= len && offset & (len - 1) == 0
    }

    /// Reads in the widest pieces.
    #[inline(never)]
    fn read_pieces(offset: RawOffset, bytes: &mut [u8]) {
        let (mut at, mut rest) = (offset, bytes);
        // Up to a multiple of an atom.
        if ATOM >= 2
            && at & 1 != 0
            && let Some((byte, tail)) = take(&mut rest).split_first_mut()
        {
            *byte = Self::read_byte(at);
            (at, rest) = (at.wrapping_add(1), tail);
        }
        if ATOM >= 4
            && at & 2 != 0
            && rest.len() >= 2
            && let Some((half, tail)) = take(&mut rest).split_first_chunk_mut::<2>()
        {
            *half = Self::read_half(at);
            (at, rest) = (at.wrapping_add(2), tail);
        }
        let (words, mut rest) = rest.as_chunks_mut::<4>();
        for word in words {
            *word = Self::read_word(at);
            at = at.wrapping_add(4);
        }
        if rest.len() >= 2
            && let Some((half, tail)) = take(&mut rest).split_first_chunk_mut::<2>()
        {
            *half = Self::read_half(at);
            (at, rest) = (at.wrapping_add(2), tail);
        }
        if let [byte] = rest {
            *byte = Self::read_byte(at);
        }
    }

    #[inline]
    fn read_byte(at: RawOffset) -> u8 {
        // SAFETY: masked into the region, by the contract of `new`.
        unsafe { ptr::read_volatile(Self::address(at, 1)) }
    }

    /// Two bytes, at a multiple of 2 or of an atom.
    #[inline]
    fn read_half(at: RawOffset) -> [u8; 2] {
        if ATOM < 2 {
            return [Self::read_byte(at), Self::read_byte(at.wrapping_add(1))];
        }
        // SAFETY: masked into the region and to a multiple of 2, by the contract of `new`.
        let half: u16 = unsafe { ptr::read_volatile(Self::address(at, 2).cast()) };
        half.to_le_bytes()
    }

    /// Four bytes, at a multiple of 4 or of an atom.
    #[inline]
    fn read_word(at: RawOffset) -> [u8; 4] {
        if ATOM < 4 {
            let ([a, b], [c, d]) = (Self::read_half(at), Self::read_half(at.wrapping_add(2)));
            return [a, b, c, d];
        }
        // SAFETY: masked into the region and to a multiple of 4, by the contract of `new`.
        let word: u32 = unsafe { ptr::read_volatile(Self::address(at, 4).cast()) };
        word.to_le_bytes()
    }

    /// Reads a word that lies at a multiple of 2, as those in records do, or anywhere.
    #[inline(never)]
    fn read_halves(offset: RawOffset) -> u32 {
        let half = |at| {
            if Self::is_whole(offset, 2) {
                Self::read_half(at)
            } else {
                [Self::read_byte(at), Self::read_byte(at.wrapping_add(1))]
            }
        };
        let ([a, b], [c, d]) = (half(offset), half(offset.wrapping_add(2)));
        u32::from_le_bytes([a, b, c, d])
    }

    /// Reads two bytes that lie anywhere.
    #[inline(never)]
    fn read_two(offset: RawOffset) -> u16 {
        u16::from_le_bytes([
            Self::read_byte(offset),
            Self::read_byte(offset.wrapping_add(1)),
        ])
    }

    /// Stores two bytes that lie anywhere but at a multiple of 2, or of an atom.
    #[inline(never)]
    fn write_two(offset: RawOffset, value: u16) {
        let [low, high] = value.to_le_bytes();
        Self::write_byte(offset, low);
        Self::write_byte(offset.wrapping_add(1), high);
    }

    /// Stores such a word, its lowest byte first, in the widest pieces.
    #[inline(never)]
    fn write_halves(offset: RawOffset, word: u32) {
        let half_from = |bit: u32| ((word >> bit) as u16).to_le_bytes();
        if ATOM >= 2 && offset & 1 != 0 {
            Self::write_byte(offset, word as u8);
            Self::write_half(offset.wrapping_add(1), half_from(8));
            Self::write_byte(offset.wrapping_add(3), (word >> 24) as u8);
        } else {
            Self::write_half(offset, half_from(0));
            Self::write_half(offset.wrapping_add(2), half_from(16));
        }
    }

    /// Stores in the widest pieces, in order.
    #[inline(never)]
    fn write_pieces(offset: RawOffset, bytes: &[u8]) {
        let (mut at, mut rest) = (offset, bytes);
        // Up to a multiple of an atom.
        if ATOM >= 2
            && at & 1 != 0
            && let Some((byte, tail)) = rest.split_first()
        {
            Self::write_byte(at, *byte);
            (at, rest) = (at.wrapping_add(1), tail);
        }
        if ATOM >= 4
            && at & 2 != 0
            && let Some((half, tail)) = rest.split_first_chunk::<2>()
        {
            Self::write_half(at, *half);
            (at, rest) = (at.wrapping_add(2), tail);
        }
        let (words, mut rest) = rest.as_chunks::<4>();
        for word in words {
            Self::write_word(at, *word);
            at = at.wrapping_add(4);
        }
        if let Some((half, tail)) = rest.split_first_chunk::<2>() {
            Self::write_half(at, *half);
            (at, rest) = (at.wrapping_add(2), tail);
        }
        if let [byte] = rest {
            Self::write_byte(at, *byte);
        }
    }

    #[inline]
    fn write_byte(at: RawOffset, byte: u8) {
        // SAFETY: masked into the region, by the contract of `new`.
        unsafe { ptr::write_volatile(Self::address(at, 1), byte) }
    }

    /// Two bytes, at a multiple of 2 or of an atom.
    #[inline]
    fn write_half(at: RawOffset, half: [u8; 2]) {
        if ATOM < 2 {
            Self::write_byte(at, half[0]);
            Self::write_byte(at.wrapping_add(1), half[1]);
            return;
        }
        // SAFETY: masked into the region and to a multiple of 2, by the contract of `new`.
        unsafe { ptr::write_volatile(Self::address(at, 2).cast(), u16::from_le_bytes(half)) }
    }

    /// Four bytes, at a multiple of 4 or of an atom.
    #[inline]
    fn write_word(at: RawOffset, word: [u8; 4]) {
        if ATOM < 4 {
            let [a, b, c, d] = word;
            Self::write_half(at, [a, b]);
            Self::write_half(at.wrapping_add(2), [c, d]);
            return;
        }
        // SAFETY: masked into the region and to a multiple of 4, by the contract of `new`.
        unsafe { ptr::write_volatile(Self::address(at, 4).cast(), u32::from_le_bytes(word)) }
    }
}

impl<P, const ATOM: usize> Clone for FixedNvm<P, ATOM> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<P, const ATOM: usize> Copy for FixedNvm<P, ATOM> {}

impl<P: FixedPlace, const ATOM: usize> fmt::Debug for FixedNvm<P, ATOM> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FixedNvm({:?}, {} bytes)", P::start(), P::BYTES)
    }
}

impl<P: FixedPlace, const ATOM: usize> Nvm for FixedNvm<P, ATOM> {
    const ATOM: usize = ATOM;
    const WRAPS: bool = true;

    #[inline]
    fn size(&self) -> RawOffset {
        P::BYTES
    }

    #[inline]
    fn read(&self, offset: RawOffset, bytes: &mut [u8]) -> Result<(), Error> {
        Self::read_pieces(offset, bytes);
        Ok(())
    }

    #[inline]
    fn write(&self, _class: Class, offset: RawOffset, bytes: &[u8]) -> Result<(), Error> {
        Self::write_pieces(offset, bytes);
        Ok(())
    }

    #[inline]
    fn read_u8(&self, offset: RawOffset) -> Result<u8, Error> {
        // SAFETY: masked into the region, by the contract of `new`.
        Ok(unsafe { ptr::read_volatile(Self::address(offset, 1)) })
    }

    #[inline]
    fn read_u16(&self, offset: RawOffset) -> Result<u16, Error> {
        if Self::is_whole(offset, 2) {
            // SAFETY: masked into the region and to a multiple of 2, by the contract of `new`.
            return Ok(unsafe { ptr::read_volatile(Self::address(offset, 2).cast()) });
        }
        Ok(Self::read_two(offset))
    }

    #[inline]
    fn read_u32(&self, offset: RawOffset) -> Result<u32, Error> {
        if Self::is_whole(offset, 4) {
            // SAFETY: masked into the region and to a multiple of 4, by the contract of `new`.
            return Ok(unsafe { ptr::read_volatile(Self::address(offset, 4).cast()) });
        }
        Ok(Self::read_halves(offset))
    }

    #[inline]
    fn write_u8(&self, _class: Class, offset: RawOffset, value: u8) -> Result<(), Error> {
        // SAFETY: masked into the region, by the contract of `new`.
        unsafe { ptr::write_volatile(Self::address(offset, 1), value) }
        Ok(())
    }

    #[inline]
    fn write_u16(&self, _class: Class, offset: RawOffset, value: u16) -> Result<(), Error> {
        if Self::is_whole(offset, 2) {
            // SAFETY: masked into the region and to a multiple of 2, by the contract of `new`.
            unsafe { ptr::write_volatile(Self::address(offset, 2).cast(), value) }
        } else {
            Self::write_two(offset, value);
        }
        Ok(())
    }

    #[inline]
    fn write_u32(&self, _class: Class, offset: RawOffset, value: u32) -> Result<(), Error> {
        if Self::is_whole(offset, 4) {
            // SAFETY: masked into the region and to a multiple of 4, by the contract of `new`.
            unsafe { ptr::write_volatile(Self::address(offset, 4).cast(), value) }
        } else {
            Self::write_halves(offset, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::cell::Cell;
    use std::thread_local;
    use std::vec::Vec;

    use super::*;
    use crate::MappedNvm;

    const SIZE: usize = 64;

    #[repr(align(4))]
    struct Memory([u8; SIZE]);

    thread_local! {
        static START: Cell<*mut u8> = const { Cell::new(ptr::null_mut()) };
    }

    struct OfTest;

    impl FixedPlace for OfTest {
        const BYTES: RawOffset = SIZE as u32;

        fn start() -> *mut u8 {
            START.get()
        }
    }

    fn with_fresh<const ATOM: usize>(test: impl FnOnce(FixedNvm<OfTest, ATOM>)) -> [u8; SIZE] {
        let mut memory = Memory(core::array::from_fn(|i| i as u8));
        START.set(memory.0.as_mut_ptr());
        // SAFETY: the array outlives the region, and is used through it alone.
        test(unsafe { FixedNvm::new() });
        START.set(ptr::null_mut());
        memory.0
    }

    /// Inside of the region, each access does what that of a checked region does.
    fn like_mapped<const ATOM: usize>() {
        for offset in 0..SIZE as u32 {
            for len in 0..=SIZE as u32 - offset {
                let bytes: Vec<u8> = (100..100 + len as u8).collect();
                let ours = with_fresh::<ATOM>(|nvm| {
                    nvm.write(Class::Data, offset, &bytes).unwrap();
                    let mut back = std::vec![0; len as usize];
                    nvm.read(offset, &mut back).unwrap();
                    assert_eq!(back, bytes, "ATOM {ATOM}, offset {offset}, len {len}");
                    match len {
                        1 => assert_eq!(nvm.read_u8(offset).unwrap(), 100),
                        2 => assert_eq!(nvm.read_u16(offset).unwrap(), 0x6564),
                        4 => assert_eq!(nvm.read_u32(offset).unwrap(), 0x6766_6564),
                        _ => {}
                    }
                });
                let typed = with_fresh::<ATOM>(|nvm| match len {
                    1 => nvm.write_u8(Class::Data, offset, 100).unwrap(),
                    2 => nvm.write_u16(Class::Data, offset, 0x6564).unwrap(),
                    4 => nvm.write_u32(Class::Data, offset, 0x6766_6564).unwrap(),
                    _ => nvm.write(Class::Data, offset, &bytes).unwrap(),
                });
                let mut memory = Memory(core::array::from_fn(|i| i as u8));
                // SAFETY: the array outlives the region and is used through it alone.
                let mapped = unsafe { MappedNvm::<ATOM>::new(memory.0.as_mut_ptr(), SIZE as u32) };
                mapped.write(Class::Data, offset, &bytes).unwrap();
                assert_eq!(ours, memory.0, "ATOM {ATOM}, offset {offset}, len {len}");
                assert_eq!(typed, memory.0, "ATOM {ATOM}, offset {offset}, len {len}");
            }
        }
    }

    #[test]
    fn accesses_are_those_of_checked_memory() {
        like_mapped::<1>();
        like_mapped::<2>();
        like_mapped::<4>();
    }

    #[test]
    fn an_offset_outside_stays_inside() {
        for offset in [64, 65, 66, 68, 1 << 20, u32::MAX, u32::MAX - 3] {
            let memory = with_fresh::<4>(|nvm| {
                nvm.write_u32(Class::Data, offset, 0xFFFF_FFFF).unwrap();
                assert_eq!(nvm.read_u32(offset).unwrap(), 0xFFFF_FFFF);
                nvm.write(Class::Data, offset, &[0xFF; 3]).unwrap();
            });
            #[allow(clippy::naive_bytecount)] // a few bytes
            let changed = memory.iter().filter(|byte| **byte == 0xFF).count();
            assert_eq!(changed, 4, "offset {offset:#x}");
        }
    }
}
