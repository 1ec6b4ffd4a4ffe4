//! An image: the bytes of an NVM, taken out of it.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::sim::SimNvm;
use crate::{HEADER_BYTES, RegionHeader};

/// The memory that an image is looked at in.
pub type Memory = SimNvm<4>;

/// The most bytes that are read.
const MOST_BYTES: u64 = 256 << 20;

/// An image: a copy of an NVM's bytes. Nothing here ever stores to the file that it was read from.
pub struct Image {
    memory: Memory,
    header: RegionHeader,
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Image")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// Why something is no image that could be looked at.
#[derive(Debug)]
#[non_exhaustive]
pub enum ImageError {
    /// The file cannot be read.
    File(io::Error),
    /// Something else than a file.
    NotAFile,
    /// Fewer bytes than a region's header has.
    TooShort {
        /// How many there are.
        bytes: usize,
    },
    /// More bytes than any memory of this kind has.
    TooLong,
    /// It does not begin as a region does, nor is it blank.
    NotAnImage {
        /// What it begins with.
        found: [u8; 4],
    },
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::NotAFile => f.write_str("it is not a file"),
            Self::TooShort { bytes } => write!(
                f,
                "it has {bytes} bytes, and a region's header alone has {HEADER_BYTES}"
            ),
            Self::TooLong => f.write_str("it has more bytes than images have: 256 MiB at most"),
            Self::NotAnImage { found } => write!(
                f,
                "it is no image of an NVM region: it begins with \"{}\", a region with \"{}\"",
                found.escape_ascii(),
                RegionHeader::MAGIC.escape_ascii()
            ),
        }
    }
}

impl std::error::Error for ImageError {}

impl Image {
    /// Takes bytes as an image. A blank one, all 0 or all 0xFF, is one too.
    ///
    /// # Errors
    ///
    /// Where they are none of a region.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ImageError> {
        let size = u32::try_from(bytes.len()).map_err(|_| ImageError::TooLong)?;
        let memory = Memory::new(size);
        memory.set_image(bytes);
        let header =
            RegionHeader::load(&memory).map_err(|_| ImageError::TooShort { bytes: bytes.len() })?;
        let image = Self { memory, header };
        if header.magic != RegionHeader::MAGIC && !image.is_blank() {
            let found = header.magic;
            return Err(ImageError::NotAnImage { found });
        }
        Ok(image)
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or is no image.
    pub fn read(path: &Path) -> Result<Self, ImageError> {
        // Not opened before it is known to be a file: a pipe would wait for its other end.
        let metadata = std::fs::metadata(path).map_err(ImageError::File)?;
        if !metadata.is_file() {
            return Err(ImageError::NotAFile);
        }
        if metadata.len() > MOST_BYTES {
            return Err(ImageError::TooLong);
        }
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(ImageError::File)?;
        file.take(MOST_BYTES)
            .read_to_end(&mut bytes)
            .map_err(ImageError::File)?;
        Self::from_bytes(&bytes)
    }

    /// The header, as it stands there.
    pub const fn header(&self) -> RegionHeader {
        self.header
    }

    /// How many bytes there are.
    pub fn bytes(&self) -> u32 {
        crate::Nvm::size(&self.memory)
    }

    /// Whether nothing was ever stored in it, but perhaps the beginning of a first header: the next start formats it.
    pub fn is_blank(&self) -> bool {
        let image = self.memory.image();
        let (header, rest) = image.split_at(image.len().min(HEADER_BYTES as usize));
        [0x00, 0xFF].into_iter().any(|blank| {
            let begun = header.iter().rposition(|byte| *byte != blank);
            let begun = begun.map_or(0, |last| last + 1);
            let mut magic = header.iter().zip(RegionHeader::MAGIC).take(begun);
            rest.iter().all(|byte| *byte == blank)
                && begun < header.len()
                && magic.all(|(byte, magic)| *byte == magic)
        })
    }

    /// The memory with its bytes.
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// A copy, to be recovered.
    pub fn copy(&self) -> Memory {
        let copy = Memory::new(self.bytes());
        copy.set_image(&self.memory.image());
        copy
    }
}
