//! The region's header: whose region it is, and of which layout.
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..4 | magic, `NVMR` |
//! | 4..8 | format version of the header and the crates' own structures |
//! | 8..12 | layout fingerprint ([`Layout::fingerprint`](crate::Layout::fingerprint)) |
//! | 12..16 | size of the region in bytes |
//! | 16..24 | reserved, 0 |
//! | 24..28 | checksum of bytes 0..24: see [`checksum`] |
//! | 28..32 | phase: `FORMATTING` or `READY`, which differ in each byte |
//!
//! Formatting stores the header with the phase `FORMATTING`, then what the program's first boot
//! stores, then the phase `READY`:
//!
//! | power lost | next start finds | and |
//! | --- | --- | --- |
//! | in the first header of a blank region | the beginning of a header, all else blank | formats from the beginning |
//! | in the first header over older data | the old phase or a damaged header | opens the old image, or reports it |
//! | before the first byte of `READY` | the phase `FORMATTING` | formats from the beginning |
//! | after it | a byte of `READY`: everything else is stored | completes the phase and goes on |
//!
//! No damage of three bytes or less can turn a formatted region into one that is formatted again.

#[cfg(feature = "inspect")]
mod inspect;

use core::fmt;

use zerocopy::IntoBytes;

#[cfg(feature = "inspect")]
pub use self::inspect::{Phase, RegionHeader};
use crate::layout::{HASH_OF_NOTHING, mixed};
use crate::offset::widened;
use crate::{Class, Error, Layout, MAX_REGION_BYTES, Nvm, RawOffset};

/// Bytes of a region's header.
pub const HEADER_BYTES: RawOffset = 32;

const MAGIC: [u8; 4] = *b"NVMR";
/// Raised when a crate of this workspace changes what it stores.
const FORMAT_VERSION: u32 = 1;
const MAGIC_AT: usize = 0;
const VERSION_AT: usize = 4;
const FINGERPRINT_AT: usize = 8;
const SIZE_AT: usize = 12;
const RESERVED_AT: usize = 16;
const CHECKSUM_AT: usize = 24;
const PHASE_AT: usize = 28;
const FORMATTING: [u8; 4] = [0xC3, 0x5A, 0x96, 0x69];
const READY: [u8; 4] = *b"DONE";

/// In words, as which it is loaded and compared.
type Header = [u32; HEADER_BYTES as usize / 4];

/// Why a region cannot be used. The region is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegionError {
    /// Nothing was ever formatted here, or the power went during the first formatting.
    Blank,
    /// The first bytes are not a region's: foreign data.
    NotARegion {
        /// What stands in place of the magic number.
        found: [u8; 4],
    },
    /// The header's checksum is wrong: the image is damaged.
    Damaged {
        /// Checksum stored.
        stored: u32,
        /// Checksum of what is there.
        computed: u32,
    },
    /// Written by another version of these crates.
    Version {
        /// Format version of the image.
        found: u32,
        /// Format version of this program.
        expected: u32,
    },
    /// Written by another program, or by another layout of this one.
    Layout {
        /// Fingerprint of the image.
        found: u32,
        /// Fingerprint of this program.
        expected: u32,
    },
    /// The region's size is not the one it was formatted with: the image is truncated or extended.
    Size {
        /// Bytes according to the header.
        formatted: u32,
        /// Bytes there are.
        actual: u32,
    },
    /// The layout needs more bytes than the region has.
    TooSmall {
        /// Bytes that the layout needs.
        needed: u32,
        /// Bytes there are.
        actual: u32,
    },
    /// The region has more bytes than [`MAX_REGION_BYTES`](crate::MAX_REGION_BYTES), which can be where a `usize` has 16 bits.
    TooLarge {
        /// Bytes that it may have.
        most: u32,
        /// Bytes there are.
        actual: u32,
    },
    /// The NVM did not answer.
    Nvm(Error),
}

impl From<Error> for RegionError {
    fn from(error: Error) -> Self {
        Self::Nvm(error)
    }
}

impl fmt::Display for RegionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => f.write_str("the NVM region is blank: it has never been formatted"),
            Self::NotARegion { found } => {
                write!(
                    f,
                    "this is no NVM region: it begins with \"{}\"",
                    found.escape_ascii()
                )
            }
            Self::Damaged { stored, computed } => write!(
                f,
                "the region's header is damaged: checksum {stored:#010x}, computed {computed:#010x}"
            ),
            Self::Version { found, expected } => write!(
                f,
                "the region has format version {found}, this program reads version {expected}"
            ),
            Self::Layout { found, expected } => write!(
                f,
                "the region belongs to another program or layout: fingerprint {found:#010x}, \
                 this program has {expected:#010x}"
            ),
            Self::Size { formatted, actual } => write!(
                f,
                "the region was formatted with {formatted} bytes and has {actual}: \
                 it was truncated or extended"
            ),
            Self::TooSmall { needed, actual } => write!(
                f,
                "the layout needs {needed} bytes and the region has {actual}"
            ),
            Self::TooLarge { most, actual } => write!(
                f,
                "the region has {actual} bytes, and offsets of this processor reach {most}"
            ),
            Self::Nvm(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for RegionError {}

/// A region whose header has been checked against the program's layout.
///
/// Costs [`HEADER_BYTES`] bytes of NVM, stored once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Region {
    first_boot: bool,
}

impl Region {
    /// Checks the header. Stores at most the missing bytes of the phase.
    pub fn open<N: Nvm>(nvm: &N, layout: &Layout) -> Result<Self, RegionError> {
        // Where a `usize` has 16 bits text counts most: there it is compared with the header that is made anyway.
        let is_compared_by_fields = !cfg!(target_pointer_width = "16");
        if is_compared_by_fields && is_ready(nvm, layout)? {
            return Ok(Self { first_boot: false });
        }
        let expected = formatting_header(nvm, layout);
        if !is_compared_by_fields && fits(nvm, layout) && is_ready_like(nvm, &expected)? {
            return Ok(Self { first_boot: false });
        }
        Self::open_other(nvm, layout, &expected)
    }

    /// Finds out what a region is whose header is not simply the program's, or which is too small.
    #[cold]
    fn open_other<N: Nvm>(
        nvm: &N,
        layout: &Layout,
        expected: &Header,
    ) -> Result<Self, RegionError> {
        if is_too_large(nvm) {
            return Err(RegionError::TooLarge {
                most: widened(MAX_REGION_BYTES),
                actual: widened(nvm.size()),
            });
        }
        let header = read_header(nvm)?;
        let misfit = misfit(&header, expected);
        if !fits(nvm, layout) {
            // A truncated image says so more precisely through its header, and one of another format version has no layout
            // that could be compared.
            return Err(match misfit {
                Some(error @ (RegionError::Size { .. } | RegionError::Version { .. })) => error,
                _ => RegionError::TooSmall {
                    needed: widened(layout.size()),
                    actual: widened(nvm.size()),
                },
            });
        }
        if is_virgin(nvm, &header, expected)? {
            return Err(RegionError::Blank);
        }
        if let Some(error) = misfit {
            return Err(error);
        }
        let phase = field(&header, PHASE_AT);
        if phase == u32::from_le_bytes(FORMATTING) {
            return Err(RegionError::Blank);
        }
        if phase != u32::from_le_bytes(READY) {
            if !is_between(phase) {
                return Err(RegionError::Damaged {
                    stored: phase,
                    computed: u32::from_le_bytes(READY),
                });
            }
            store_ready(nvm)?;
        }
        Ok(Self { first_boot: false })
    }

    /// Formats the region, whatever it holds: `first_boot` stores what the program's objects start
    /// with. A power loss on the way leaves a region that is [`Blank`](RegionError::Blank), so that the
    /// next start formats again.
    ///
    /// `first_boot` must store everything that it relies on: the memory may hold anything.
    pub fn format<N: Nvm, E: From<RegionError>>(
        nvm: &N,
        layout: &Layout,
        first_boot: impl FnOnce() -> Result<(), E>,
    ) -> Result<Self, E> {
        let header = formatting_header(nvm, layout);
        if !fits(nvm, layout) {
            return Ok(Self::open_other(nvm, layout, &header)?);
        }
        nvm.write(Class::Data, 0, header.as_bytes())
            .map_err(RegionError::from)?;
        first_boot()?;
        store_ready(nvm).map_err(RegionError::from)?;
        Ok(Self { first_boot: true })
    }

    /// Opens the region, and formats it if it is blank. Anything else that does not fit is an error:
    /// data is never overwritten without having been asked for.
    pub fn open_or_format<N: Nvm, E: From<RegionError>>(
        nvm: &N,
        layout: &Layout,
        first_boot: impl FnOnce() -> Result<(), E>,
    ) -> Result<Self, E> {
        match Self::open(nvm, layout) {
            Err(RegionError::Blank) => Self::format(nvm, layout, first_boot),
            other => Ok(other?),
        }
    }

    /// Whether this start formatted the region.
    pub const fn is_first_boot(self) -> bool {
        self.first_boot
    }
}

/// Whether the header is the program's, and the region is formatted: nearly always, and soon found out. Without a loop, so
/// that what is known when the program is built is not computed.
fn is_ready<N: Nvm>(nvm: &N, layout: &Layout) -> Result<bool, Error> {
    let (fingerprint, size) = (layout.fingerprint(), widened(nvm.size()));
    let is_at = |at: usize, word: u32| Ok(nvm.read_u32(at as RawOffset)? == word);
    let sum = mixed(
        mixed(HASH_OF_NOTHING, u32::from_le_bytes(MAGIC)),
        FORMAT_VERSION,
    );
    let sum = mixed(mixed(sum, fingerprint), size);
    Ok(widened(layout.size()) <= size
        && is_at(MAGIC_AT, u32::from_le_bytes(MAGIC))?
        && is_at(VERSION_AT, FORMAT_VERSION)?
        && is_at(FINGERPRINT_AT, fingerprint)?
        && is_at(SIZE_AT, size)?
        && is_at(RESERVED_AT, 0)?
        && is_at(RESERVED_AT + 4, 0)?
        && is_at(CHECKSUM_AT, mixed(mixed(sum, 0), 0))?
        && is_at(PHASE_AT, u32::from_le_bytes(READY))?)
}

/// The same for the header that formatting begins with, but for its phase.
fn is_ready_like<N: Nvm>(nvm: &N, expected: &Header) -> Result<bool, Error> {
    for (word, at) in expected.iter().zip((0..).step_by(4)) {
        let expected = if at == PHASE_AT {
            u32::from_le_bytes(READY)
        } else {
            *word
        };
        if nvm.read_u32(at as RawOffset)? != expected {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether each byte is one of `FORMATTING` or of `READY`: the power went in the store of the phase.
fn is_between(phase: u32) -> bool {
    let bytes = phase.to_le_bytes();
    let mut either = bytes.iter().zip(READY.iter().zip(&FORMATTING));
    either.all(|(byte, (ready, formatting))| byte == ready || byte == formatting)
}

/// Of a header's words before the checksum. Each step can be undone, so that any change of a single word is noticed;
/// other changes are with a probability of all but 2^-32.
// Where a `usize` has 16 bits text counts most: one copy.
#[cfg_attr(target_pointer_width = "16", inline(never))]
fn checksum(header: &Header) -> u32 {
    let words = header.iter().take(CHECKSUM_AT / 4);
    words.fold(HASH_OF_NOTHING, |sum, word| mixed(sum, *word))
}

fn read_header<N: Nvm>(nvm: &N) -> Result<Header, RegionError> {
    let mut header = Header::default();
    if nvm.size() < HEADER_BYTES {
        return Err(RegionError::TooSmall {
            needed: widened(HEADER_BYTES),
            actual: widened(nvm.size()),
        });
    }
    if N::ATOM > 1 {
        for (word, at) in header.iter_mut().zip((0..).step_by(4)) {
            *word = nvm.read_u32(at)?;
        }
    } else {
        nvm.read(0, header.as_mut_bytes())?;
    }
    Ok(header)
}

/// Whether the layout finds room in the region, which is not larger than it may be.
fn fits<N: Nvm>(nvm: &N, layout: &Layout) -> bool {
    !is_too_large(nvm) && layout.size() <= nvm.size()
}

/// Not where offsets have 32 bits: they reach all of it.
fn is_too_large<N: Nvm>(nvm: &N) -> bool {
    MAX_REGION_BYTES.checked_sub(nvm.size()).is_none()
}

/// What of a header is first found to be another program's or damaged, but for the phase.
fn misfit(header: &Header, expected: &Header) -> Option<RegionError> {
    let magic = field(header, MAGIC_AT);
    if magic != field(expected, MAGIC_AT) {
        return Some(RegionError::NotARegion {
            found: magic.to_le_bytes(),
        });
    }
    let (stored, computed) = (field(header, CHECKSUM_AT), checksum(header));
    if stored != computed {
        return Some(RegionError::Damaged { stored, computed });
    }
    // Version, fingerprint, size.
    let mut fields = header.iter().zip(expected).skip(1).take(3).enumerate();
    let (nth, (&found, &expected)) = fields.find(|(_, (found, expected))| found != expected)?;
    Some(match nth {
        0 => RegionError::Version { found, expected },
        1 => RegionError::Layout { found, expected },
        _ => RegionError::Size {
            formatted: found,
            actual: expected,
        },
    })
}

/// The header that formatting begins with.
#[inline(never)]
fn formatting_header<N: Nvm>(nvm: &N, layout: &Layout) -> Header {
    let mut header = [
        u32::from_le_bytes(MAGIC),
        FORMAT_VERSION,
        layout.fingerprint(),
        widened(nvm.size()),
        0,
        0,
        0,
        u32::from_le_bytes(FORMATTING),
    ];
    header[CHECKSUM_AT / 4] = checksum(&header);
    header
}

/// Completes the formatting.
fn store_ready<N: Nvm>(nvm: &N) -> Result<(), Error> {
    let ready = u32::from_le_bytes(READY);
    nvm.write_u32(Class::Data, PHASE_AT as RawOffset, ready)
}

const _: () = assert!(
    MAGIC_AT == 0
        && VERSION_AT == 4
        && FINGERPRINT_AT == 8
        && SIZE_AT == 12
        && RESERVED_AT == 16
        && CHECKSUM_AT == 24
        && PHASE_AT == 28,
    "the order in which the header is made"
);

/// The field that lies at so many bytes.
const fn field(header: &Header, at: usize) -> u32 {
    header[at / 4]
}

/// Whether nothing but perhaps the beginning of a first header was ever stored in the region: all
/// else is 0x00, or all else is 0xFF, as parts come.
fn is_virgin<N: Nvm>(nvm: &N, header: &Header, expected: &Header) -> Result<bool, Error> {
    let header = header.as_bytes();
    let begun = header
        .iter()
        .zip(expected.as_bytes())
        .take_while(|(found, expected)| found == expected)
        .count();
    // `begun` may be too long, by bytes of the header that look blank; never too short. None of its
    // last four looks blank, so that a whole header is never taken for a beginning.
    let rest = &header[begun..];
    let Some(blank @ (0x00 | 0xFF)) = rest.first().copied() else {
        return Ok(false);
    };
    if rest.iter().any(|byte| *byte != blank) {
        return Ok(false);
    }
    is_filled(nvm, HEADER_BYTES, blank)
}

/// Whether all bytes from `at` on, a multiple of 4, are `value`: a first boot reads the whole region, and stores nothing
/// on the way.
fn is_filled<N: Nvm>(nvm: &N, mut at: RawOffset, value: u8) -> Result<bool, Error> {
    // By words where they are loaded from memory, else by pieces, each of which may be a transfer on a bus.
    if N::ATOM > 1 {
        let word = u32::from_le_bytes([value; 4]);
        while at < nvm.size() & !3 {
            if nvm.read_u32(at)? != word {
                return Ok(false);
            }
            at += 4;
        }
    }
    let mut piece = [0; 32];
    while at < nvm.size() {
        let len = (nvm.size() - at).min(piece.len() as RawOffset);
        let piece = &mut piece[..len as usize];
        nvm.read(at, piece)?;
        if piece.iter().any(|byte| *byte != value) {
            return Ok(false);
        }
        at += len;
    }
    Ok(true)
}

#[cfg(all(test, feature = "sim"))]
#[allow(clippy::unwrap_used)] // a failure fails the test
mod tests {
    use zerocopy::FromBytes;

    use super::*;
    use crate::sim::{Explorer, SimNvm};

    const SIZE: u32 = 64;

    fn layout() -> Layout {
        let mut layout = Layout::new("region test", 1);
        let _ = layout.area("object", 8);
        layout
    }

    fn boot<N: Nvm>(nvm: &N) -> Result<Region, RegionError> {
        Region::open_or_format(nvm, &layout(), || {
            nvm.write(Class::Data, HEADER_BYTES, b"contents")
                .map_err(RegionError::from)
        })
    }

    #[test]
    fn a_first_boot_cut_anywhere_ends_formatted() {
        crate::for_each_atom!(ATOM => {
            for blank in [0x00, 0xFF] {
                Explorer::<ATOM>::new("first boot", SIZE)
                    .filled_with(blank)
                    .depth(2)
                    .explore(
                        |_| {},
                        |nvm| { let _ = boot(nvm).unwrap(); },
                        |nvm| { let _ = boot(nvm).unwrap(); },
                        |nvm| {
                            let mut contents = [0; 8];
                            nvm.read(HEADER_BYTES, &mut contents).unwrap();
                            if &contents == b"contents" { Ok(()) } else { Err(format!("{contents:?}")) }
                        },
                    )
                    .assert_clean();
            }
        });
    }

    #[test]
    fn no_damage_is_silently_formatted_over() {
        let nvm = SimNvm::<4>::new(SIZE);
        let _ = boot(&nvm).unwrap();
        let image = nvm.image();
        for at in 0..HEADER_BYTES {
            for value in 0..=255 {
                nvm.set_image(&image);
                nvm.write_u8(Class::Data, at, value).unwrap();
                if let Ok(region) = boot(&nvm) {
                    assert!(!region.is_first_boot(), "byte {at} := {value:#x}");
                }
            }
        }
        // The header wiped, the objects there.
        nvm.set_image(&image);
        nvm.write(Class::Data, 0, &[0; HEADER_BYTES as usize])
            .unwrap();
        assert_eq!(boot(&nvm), Err(RegionError::NotARegion { found: [0; 4] }));
    }

    #[test]
    fn a_single_byte_anywhere_is_not_blank() {
        crate::for_each_atom!(ATOM => {
            for size in [SIZE, SIZE + 1, SIZE + 3, SIZE + 39] {
                for (blank, at) in [0x00, 0xFF].into_iter().flat_map(|blank| {
                    (HEADER_BYTES..size).map(move |at| (blank, at))
                }) {
                    let nvm = SimNvm::<ATOM>::new(size);
                    let mut image = vec![blank; size as usize];
                    nvm.set_image(&image);
                    assert_eq!(Region::open(&nvm, &layout()), Err(RegionError::Blank));
                    image[at as usize] ^= 0x10;
                    nvm.set_image(&image);
                    assert_eq!(
                        boot(&nvm),
                        Err(RegionError::NotARegion { found: [blank; 4] }),
                        "byte {at} of {size}"
                    );
                    assert_eq!(nvm.image(), image);
                }
            }
        });
    }

    #[test]
    fn each_misfit_has_its_own_error() {
        let nvm = SimNvm::<4>::new(SIZE);
        assert_eq!(Region::open(&nvm, &layout()), Err(RegionError::Blank));
        let _ = boot(&nvm).unwrap();
        assert!(Region::open(&nvm, &layout()).is_ok());
        let other = Layout::new("other", 1);
        assert!(matches!(
            Region::open(&nvm, &other),
            Err(RegionError::Layout { .. })
        ));
        let larger = SimNvm::<4>::new(2 * SIZE);
        larger.set_image(&[nvm.image(), vec![0; SIZE as usize]].concat());
        assert_eq!(
            Region::open(&larger, &layout()),
            Err(RegionError::Size {
                formatted: SIZE,
                actual: 2 * SIZE
            })
        );
        let shorter = SimNvm::<4>::new(36);
        shorter.set_image(&nvm.image()[..36]);
        assert_eq!(
            Region::open(&shorter, &layout()),
            Err(RegionError::Size {
                formatted: SIZE,
                actual: 36
            })
        );
        nvm.write_u32(Class::Data, 4, 9).unwrap();
        let mut header = nvm.image();
        header.truncate(HEADER_BYTES as usize);
        let sum = checksum(&Header::read_from_bytes(&header).unwrap());
        nvm.write_u32(Class::Data, CHECKSUM_AT as u32, sum).unwrap();
        let version = Err(RegionError::Version {
            found: 9,
            expected: FORMAT_VERSION,
        });
        assert_eq!(Region::open(&nvm, &layout()), version);
        // Whatever its size.
        shorter.set_image(&nvm.image()[..36]);
        assert_eq!(Region::open(&shorter, &layout()), version);
    }
}
