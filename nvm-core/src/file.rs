//! A region in a file: what a host program uses, and what survives its `kill -9`.
#![allow(unsafe_code)]

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use memmap2::MmapRaw;

use crate::{Class, Error, MappedNvm, Nvm};

/// Why a file cannot be used as a region. The file is left as it is.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// The file system said no.
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
    /// Another process has the file open as a region.
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// Too large for 32-bit offsets, or empty.
    BadLength {
        /// Which file.
        path: PathBuf,
        /// Its length in bytes.
        bytes: u64,
    },
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io {
                action,
                path,
                source,
            } => write!(f, "cannot {action} {}: {source}", path.display()),
            Self::InUse { path } => write!(
                f,
                "{} is in use by another process; end that one first",
                path.display()
            ),
            Self::BadLength { path, bytes } => write!(
                f,
                "{} has {bytes} bytes, which cannot be an NVM region",
                path.display()
            ),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// A region in a file that is mapped into memory, `ATOM` 4, locked against a second process.
///
/// A killed process (`kill -9`) leaves every store that it had made; a machine that loses its power
/// may lose the last of them, in any order, since the operating system writes the file back later.
#[derive(Debug)]
pub struct FileNvm {
    mapped: MappedNvm<4>,
    map: MmapRaw,
    _locked: File,
}

impl FileNvm {
    /// Opens a file that is there, whole.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        Self::map(
            path.as_ref(),
            OpenOptions::new().read(true).write(true),
            None,
        )
    }

    /// Makes a new file of `size` zero bytes; one that is already there is an error.
    pub fn create(path: impl AsRef<Path>, size: u32) -> Result<Self, FileError> {
        Self::map(
            path.as_ref(),
            OpenOptions::new().read(true).write(true).create_new(true),
            Some(size),
        )
    }

    /// Makes a file of `size` zero bytes **in place of** what is there.
    pub fn overwrite(path: impl AsRef<Path>, size: u32) -> Result<Self, FileError> {
        Self::map(
            path.as_ref(),
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false),
            Some(size),
        )
    }

    fn map(path: &Path, options: &OpenOptions, size: Option<u32>) -> Result<Self, FileError> {
        let failed = |action| {
            move |source| FileError::Io {
                action,
                path: path.to_path_buf(),
                source,
            }
        };
        let file = options.open(path).map_err(failed("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(FileError::InUse {
                    path: path.to_path_buf(),
                });
            }
            Err(std::fs::TryLockError::Error(source)) => return Err(failed("lock")(source)),
        }
        if let Some(size) = size {
            file.set_len(0).map_err(failed("empty"))?;
            file.set_len(u64::from(size)).map_err(failed("size"))?;
        }
        let bytes = file.metadata().map_err(failed("examine"))?.len();
        let size =
            u32::try_from(bytes)
                .ok()
                .filter(|size| *size > 0)
                .ok_or(FileError::BadLength {
                    path: path.to_path_buf(),
                    bytes,
                })?;
        let map = MmapRaw::map_raw(&file).map_err(failed("map"))?;
        // SAFETY: `map` is `size` bytes of readable and writable memory at a page boundary; it lives as
        // long as the value, which never hands out a reference into it, and the lock keeps other
        // processes that use this type away.
        let mapped = unsafe { MappedNvm::new(map.as_mut_ptr(), size) };
        Ok(Self {
            mapped,
            map,
            _locked: file,
        })
    }

    /// Asks the operating system to write everything to the disk now.
    pub fn flush(&self) -> io::Result<()> {
        self.map.flush()
    }
}

impl Nvm for FileNvm {
    const ATOM: usize = 4;

    fn size(&self) -> u32 {
        self.mapped.size()
    }

    fn read(&self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        self.mapped.read(offset, bytes)
    }

    fn read_u32(&self, offset: u32) -> Result<u32, Error> {
        self.mapped.read_u32(offset)
    }

    fn write(&self, class: Class, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        self.mapped.write(class, offset, bytes)
    }
}
