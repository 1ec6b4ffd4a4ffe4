//! A region in a file: what a host program uses, and what survives its `kill -9`.
#![allow(unsafe_code)]

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use memmap2::{MmapOptions, MmapRaw};

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
    /// Empty, or too large for 32-bit offsets.
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
            Self::BadLength { path, bytes: 0 } => write!(
                f,
                "{} is empty: it was truncated, or its overwriting was interrupted; \
                 make it anew to start from the beginning",
                path.display()
            ),
            Self::BadLength { path, bytes } => write!(
                f,
                "{} has {bytes} bytes, too many for an NVM region",
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

/// A region in a file that is mapped into memory, `ATOM` 4, locked against a second use.
///
/// A killed process (`kill -9`) leaves every store that it had made; a machine that loses its power
/// may lose the last of them, in any order, since the operating system writes the file back later
/// ([`flush`](FileNvm::flush) waits for it).
///
/// Opening changes nothing: whether the file holds a region, whose, and whether it is whole, is
/// [`Region`](crate::Region)'s to say. A program that truncates the file while it is in use takes the
/// memory away, and the system ends this process at its next access (`SIGBUS`).
///
/// ```
/// use nvm_core::{Class, FileNvm, Nvm};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("meter.nvm");
/// let nvm = if path.exists() { FileNvm::open(&path)? } else { FileNvm::create(&path, 4096)? };
/// nvm.write_u32(Class::Data, 0, 7)?;
/// drop(nvm); // or kill -9
/// assert_eq!(FileNvm::open(&path)?.read_u32(0)?, 7);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FileNvm {
    mapped: MappedNvm<4>,
    map: MmapRaw,
    /// Holds the lock for as long as the map is used.
    _locked: File,
}

impl FileNvm {
    /// Opens a file that is there, whole.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let mut options = OpenOptions::new();
        Self::map(lock(path, options.read(true).write(true), path)?, path)
    }

    /// Makes a new file of `size` zero bytes; one that is already there is an error.
    ///
    /// The file is made under another name (`.new` appended) and appears under its own when it is whole:
    /// a process that is killed on the way leaves no file, and the next one begins again.
    pub fn create(path: impl AsRef<Path>, size: u32) -> Result<Self, FileError> {
        let path = path.as_ref();
        absent(path)?;
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".new");
        let unfinished = PathBuf::from(unfinished);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let file = lock(&unfinished, options, path)?;
        // Another process may have finished the same file before the lock.
        absent(path)?;
        let made = fill(&file, path, size).and_then(|()| {
            fs::rename(&unfinished, path).map_err(|source| failed("name", path, source))
        });
        if let Err(error) = made {
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        Self::map(file, path)
    }

    /// Makes a file of `size` zero bytes **in place of** what is there, unless another process uses it.
    ///
    /// A process that is killed on the way leaves the old contents, an empty file (which
    /// [`open`](FileNvm::open) answers with [`FileError::BadLength`]) or the zeros: never part of the
    /// old contents, and nothing that would pass for a region.
    pub fn overwrite(path: impl AsRef<Path>, size: u32) -> Result<Self, FileError> {
        let path = path.as_ref();
        if !path.exists() {
            return Self::create(path, size);
        }
        let mut options = OpenOptions::new();
        let file = lock(path, options.read(true).write(true), path)?;
        fill(&file, path, size)?;
        Self::map(file, path)
    }

    fn map(file: File, path: &Path) -> Result<Self, FileError> {
        let bytes = length(&file, path)?;
        let size = u32::try_from(bytes).ok().filter(|size| *size > 0);
        let size = size.ok_or_else(|| FileError::BadLength {
            path: path.to_path_buf(),
            bytes,
        })?;
        let map = MmapOptions::new()
            .len(size as usize)
            .map_raw(&file)
            .map_err(|source| failed("map", path, source))?;
        // SAFETY: `map` is `size` bytes of readable and writable memory at a page boundary; it lives as
        // long as the value, which never hands out a reference into it, and the lock keeps others that
        // use this type away.
        let mapped = unsafe { MappedNvm::new(map.as_mut_ptr(), size) };
        Ok(Self {
            mapped,
            map,
            _locked: file,
        })
    }

    /// Asks the operating system to write everything to the disk now, and waits for it.
    pub fn flush(&self) -> io::Result<()> {
        self.map.flush()
    }
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> FileError {
    FileError::Io {
        action,
        path: path.to_path_buf(),
        source,
    }
}

/// Opens a file and locks it, as long as it is open, against others that do the same. Errors say the
/// name that the user knows it by.
fn lock(path: &Path, options: &OpenOptions, named: &Path) -> Result<File, FileError> {
    let file = options
        .open(path)
        .map_err(|source| failed("open", named, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FileError::InUse {
            path: named.to_path_buf(),
        }),
        Err(TryLockError::Error(source)) => Err(failed("lock", named, source)),
    }
}

/// The length of a regular file. A device or a pipe has none, and is nothing to be overwritten.
fn length(file: &File, path: &Path) -> Result<u64, FileError> {
    let metadata = file
        .metadata()
        .map_err(|source| failed("examine", path, source))?;
    if metadata.is_file() {
        return Ok(metadata.len());
    }
    let reason = io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
    Err(failed("use", path, reason))
}

fn absent(path: &Path) -> Result<(), FileError> {
    match path.symlink_metadata() {
        Ok(_) => Err(failed("create", path, io::ErrorKind::AlreadyExists.into())),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(failed("examine", path, source)),
    }
}

/// Makes the file `size` zero bytes, and has the disk space allocated: a full disk is an error here
/// and not a signal at some later store.
fn fill(file: &File, path: &Path, size: u32) -> Result<(), FileError> {
    length(file, path)?;
    if size == 0 {
        let path = path.to_path_buf();
        return Err(FileError::BadLength { path, bytes: 0 });
    }
    let mut file = file;
    let written = (|| {
        file.set_len(0)?;
        file.set_len(u64::from(size))?;
        io::copy(&mut io::repeat(0).take(u64::from(size)), &mut file).map(|_| ())
    })();
    written.map_err(|source| failed("write", path, source))
}

impl Nvm for FileNvm {
    const ATOM: usize = 4;

    #[inline]
    fn size(&self) -> u32 {
        self.mapped.size()
    }

    #[inline]
    fn read(&self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        self.mapped.read(offset, bytes)
    }

    #[inline]
    fn write(&self, class: Class, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        self.mapped.write(class, offset, bytes)
    }

    #[inline]
    fn read_u8(&self, offset: u32) -> Result<u8, Error> {
        self.mapped.read_u8(offset)
    }

    #[inline]
    fn read_u16(&self, offset: u32) -> Result<u16, Error> {
        self.mapped.read_u16(offset)
    }

    #[inline]
    fn read_u32(&self, offset: u32) -> Result<u32, Error> {
        self.mapped.read_u32(offset)
    }

    #[inline]
    fn write_u8(&self, class: Class, offset: u32, value: u8) -> Result<(), Error> {
        self.mapped.write_u8(class, offset, value)
    }

    #[inline]
    fn write_u16(&self, class: Class, offset: u32, value: u16) -> Result<(), Error> {
        self.mapped.write_u16(class, offset, value)
    }

    #[inline]
    fn write_u32(&self, class: Class, offset: u32, value: u32) -> Result<(), Error> {
        self.mapped.write_u32(class, offset, value)
    }
}
