//! The one door: every load from and store to NVM goes through [`Nvm`].

use crate::{Error, Offset, Persist, RawOffset};

/// What a store is for. The simulator counts stores by class; a device ignores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Objects of the program.
    Data,
    /// Undo logs and commit words.
    UndoLog,
    /// Replay tables: records and loop counters.
    Replay,
    /// The allocator's bitmap.
    Allocator,
    /// Kernel state: tasks, lists, IPC objects.
    Kernel,
}

impl Class {
    /// All classes, in the order of [`Class::index`].
    pub const ALL: [Self; 5] = [
        Self::Data,
        Self::UndoLog,
        Self::Replay,
        Self::Allocator,
        Self::Kernel,
    ];

    /// Position in [`Class::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::UndoLog => "undo log",
            Self::Replay => "replay",
            Self::Allocator => "allocator",
            Self::Kernel => "kernel",
        }
    }
}

/// A region of non-volatile memory: the one door through which everything is loaded and stored.
///
/// # What an implementation promises
///
/// * **Program order.** When [`write`](Nvm::write) returns, its bytes are stored; no later store is
///   stored before them. Within one `write` the bytes are stored in ascending order of offset.
/// * **Atoms do not tear.** `write` stores *atoms*: pieces of 1, 2 or 4 bytes, at most
///   [`ATOM`](Nvm::ATOM), aligned to their own length, each as long as it can be. A power loss leaves
///   each atom old or new. So an aligned value of `ATOM` bytes is stored whole or not at all; of any
///   other `write` a prefix of atoms has been stored, and the atom with its **last** byte comes last:
///   every protocol of this workspace puts the byte that publishes at the end.
/// * **Checked.** A range outside the region is [`Error::OutOfRange`], never undefined behaviour; a backend that says so
///   ([`FixedNvm`](crate::FixedNvm)) may take offsets modulo the region's size instead.
///
/// Stores take `&self`: an NVM is a device that several tasks use, and no reference into it exists.
pub trait Nvm {
    /// The widest store that cannot tear, in bytes: 1 (SPI FRAM), 2 (MSP430) or 4 (32-bit cores).
    const ATOM: usize;

    /// Whether offsets are taken modulo the region's size: then one that is too large need not be kept from coming round.
    const WRAPS: bool = false;

    /// Bytes in the region: at most [`MAX_REGION_BYTES`](crate::MAX_REGION_BYTES).
    fn size(&self) -> RawOffset;

    /// Loads `bytes.len()` bytes from `offset`.
    fn read(&self, offset: RawOffset, bytes: &mut [u8]) -> Result<(), Error>;

    /// Stores `bytes` at `offset`, in ascending order, atom by atom.
    fn write(&self, class: Class, offset: RawOffset, bytes: &[u8]) -> Result<(), Error>;

    /// Loads one byte.
    #[inline]
    fn read_u8(&self, offset: RawOffset) -> Result<u8, Error> {
        let mut bytes = [0; 1];
        self.read(offset, &mut bytes)?;
        Ok(bytes[0])
    }

    /// Loads two bytes, little-endian.
    #[inline]
    fn read_u16(&self, offset: RawOffset) -> Result<u16, Error> {
        let mut bytes = [0; 2];
        self.read(offset, &mut bytes)?;
        Ok(u16::from_le_bytes(bytes))
    }

    /// Loads four bytes, little-endian.
    #[inline]
    fn read_u32(&self, offset: RawOffset) -> Result<u32, Error> {
        let mut bytes = [0; 4];
        self.read(offset, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Stores one byte: atomic everywhere.
    #[inline]
    fn write_u8(&self, class: Class, offset: RawOffset, value: u8) -> Result<(), Error> {
        self.write(class, offset, &[value])
    }

    /// Stores two bytes, little-endian; the upper byte never before the lower one.
    #[inline]
    fn write_u16(&self, class: Class, offset: RawOffset, value: u16) -> Result<(), Error> {
        self.write(class, offset, &value.to_le_bytes())
    }

    /// Stores four bytes, little-endian; the uppermost byte never before the others.
    #[inline]
    fn write_u32(&self, class: Class, offset: RawOffset, value: u32) -> Result<(), Error> {
        self.write(class, offset, &value.to_le_bytes())
    }

    /// Loads an object by value.
    #[inline]
    fn load<T: Persist>(&self, object: Offset<T>) -> Result<T, Error> {
        let mut value = T::new_zeroed();
        let (at, bytes) = (object.get(), value.as_mut_bytes());
        match size_of::<T>() {
            1 => bytes.copy_from_slice(&[self.read_u8(at)?]),
            2 => bytes.copy_from_slice(&self.read_u16(at)?.to_le_bytes()),
            _ if is_few_words::<T>(Self::ATOM) => {
                let word =
                    |nth: RawOffset| Ok(self.read_u32(at.wrapping_add(4 * nth))?.to_le_bytes());
                let (words, _) = bytes.as_chunks_mut::<4>();
                // Written out: a loop is not always unrolled where little text is asked for.
                match words {
                    [a] => *a = word(0)?,
                    [a, b] => (*a, *b) = (word(0)?, word(1)?),
                    [a, b, c] => (*a, *b, *c) = (word(0)?, word(1)?, word(2)?),
                    [a, b, c, d] => {
                        (*a, *b, *c, *d) = (word(0)?, word(1)?, word(2)?, word(3)?);
                    }
                    _ => {}
                }
            }
            _ => self.read(at, bytes)?,
        }
        Ok(value)
    }

    /// Stores an object. **Not atomic** where it is wider than an atom: use a transaction.
    #[inline]
    fn store<T: Persist>(&self, class: Class, object: Offset<T>, value: &T) -> Result<(), Error> {
        let (at, bytes) = (object.get(), value.as_bytes());
        if is_few_words::<T>(Self::ATOM) {
            let put = |nth: RawOffset, word: &[u8; 4]| {
                self.write_u32(class, at.wrapping_add(4 * nth), u32::from_le_bytes(*word))
            };
            let (words, _) = bytes.as_chunks::<4>();
            match words {
                [a] => put(0, a)?,
                [a, b] => {
                    put(0, a)?;
                    put(1, b)?;
                }
                [a, b, c] => {
                    put(0, a)?;
                    put(1, b)?;
                    put(2, c)?;
                }
                [a, b, c, d] => {
                    put(0, a)?;
                    put(1, b)?;
                    put(2, c)?;
                    put(3, d)?;
                }
                _ => {}
            }
            Ok(())
        } else if let Ok(half) = <[u8; 2]>::try_from(bytes) {
            self.write_u16(class, at, u16::from_le_bytes(half))
        } else if let [byte] = bytes {
            self.write_u8(class, at, *byte)
        } else {
            self.write(class, at, bytes)
        }
    }

    /// Answers whether `len` bytes at `offset` lie inside the region.
    #[inline]
    fn check_range(&self, offset: RawOffset, len: RawOffset) -> Result<(), Error> {
        let size = self.size();
        if len <= size && offset <= size - len {
            Ok(())
        } else {
            Err(Error::OutOfRange { offset })
        }
    }
}

/// Whether a value is loaded and stored word by word, in order: what `read` and `write` do as well, but only they find out
/// at run time that its length allows it. Where a word is several atoms it is worth it for one word.
const fn is_few_words<T>(atom: usize) -> bool {
    // A word is aligned to 4 bytes, or to 2 where the processor has 16 bits: there its length is no sign of whole words.
    let is_made_of_words = align_of::<T>() >= align_of::<u32>() && size_of::<T>().is_multiple_of(4);
    atom >= 4 && is_made_of_words && size_of::<T>() <= 16 || size_of::<T>() == 4
}

impl<N: Nvm + ?Sized> Nvm for &N {
    const ATOM: usize = N::ATOM;
    const WRAPS: bool = N::WRAPS;
    #[inline]
    fn size(&self) -> RawOffset {
        N::size(self)
    }
    #[inline]
    fn read(&self, offset: RawOffset, bytes: &mut [u8]) -> Result<(), Error> {
        N::read(self, offset, bytes)
    }
    #[inline]
    fn write(&self, class: Class, offset: RawOffset, bytes: &[u8]) -> Result<(), Error> {
        N::write(self, class, offset, bytes)
    }
    #[inline]
    fn read_u8(&self, offset: RawOffset) -> Result<u8, Error> {
        N::read_u8(self, offset)
    }
    #[inline]
    fn read_u16(&self, offset: RawOffset) -> Result<u16, Error> {
        N::read_u16(self, offset)
    }
    #[inline]
    fn read_u32(&self, offset: RawOffset) -> Result<u32, Error> {
        N::read_u32(self, offset)
    }
    #[inline]
    fn write_u8(&self, class: Class, offset: RawOffset, value: u8) -> Result<(), Error> {
        N::write_u8(self, class, offset, value)
    }
    #[inline]
    fn write_u16(&self, class: Class, offset: RawOffset, value: u16) -> Result<(), Error> {
        N::write_u16(self, class, offset, value)
    }
    #[inline]
    fn write_u32(&self, class: Class, offset: RawOffset, value: u32) -> Result<(), Error> {
        N::write_u32(self, class, offset, value)
    }
}

/// Length of the next atom of a write of `len` (at least 1) bytes at `offset`: the longest of 4, 2 and
/// 1 that is at most `atom`, fits, and to which `offset` is aligned, as one store instruction takes it.
#[cfg(any(feature = "sim", feature = "counted"))]
pub(crate) const fn atom_len(offset: RawOffset, len: usize, atom: usize) -> usize {
    let mut length = atom;
    while length > 1 && (length > len || offset as usize & (length - 1) != 0) {
        length /= 2;
    }
    length
}

/// [`Nvm::check_range`] for a buffer of `len` bytes. A buffer that a [`RawOffset`] cannot count fits nowhere.
#[inline]
pub(crate) fn check_buffer<N: Nvm + ?Sized>(
    nvm: &N,
    offset: RawOffset,
    len: usize,
) -> Result<(), Error> {
    match RawOffset::try_from(len) {
        Ok(len) => nvm.check_range(offset, len),
        Err(_) => Err(Error::OutOfRange { offset }),
    }
}

#[cfg(all(test, feature = "sim"))]
mod tests {
    use super::*;

    #[test]
    fn an_atom_is_one_aligned_store() {
        for atom in [1, 2, 4] {
            for offset in 0..8 {
                for len in 1..9 {
                    let next = atom_len(offset, len, atom);
                    assert!([1, 2, 4].contains(&next) && next <= atom && next <= len);
                    assert_eq!(
                        offset as usize % next,
                        0,
                        "an atom is aligned to its length"
                    );
                    let longer = next * 2;
                    assert!(
                        longer > atom || longer > len || !(offset as usize).is_multiple_of(longer),
                        "ATOM {atom}: {len} bytes at {offset} could begin with {longer}, not {next}"
                    );
                }
            }
        }
    }
}
