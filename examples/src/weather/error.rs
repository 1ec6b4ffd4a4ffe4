//! Why a run of the weather logger cannot be made, and what its user can do about it.

use std::fmt;
use std::io;
use std::path::Path;

use intos::host::HostError;
use nvm_core::{FileError, RegionError};

/// Why a run cannot be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum StationError {
    /// The NVM's file cannot be used.
    File(FileError),
    /// The file is not this program's, or damaged.
    Region {
        /// Which file.
        path: String,
        /// What is wrong with it.
        error: RegionError,
    },
    /// The file was begun with other readings.
    OtherInput {
        /// Which file.
        path: String,
    },
    /// The program could not go on with what an earlier run left in the file.
    Image {
        /// Which file.
        path: String,
        /// What it said.
        error: HostError,
    },
    /// The program could not go on.
    Program(HostError),
    /// The results could not be read.
    Nvm(nvm_core::Error),
    /// The trace's file cannot be written.
    Trace {
        /// Which file.
        path: String,
        /// What the operating system said.
        error: io::Error,
    },
}

impl StationError {
    /// Whether it is for the user to mend, rather than for us.
    pub fn is_bad_use(&self) -> bool {
        !matches!(self, Self::Program(_) | Self::Nvm(_))
    }

    /// A failure of the program, where the file held something before, is laid to the file.
    pub(super) fn about(self, path: &Path, is_new: bool) -> Self {
        match self {
            Self::Program(error) if !is_new => Self::Image {
                path: path.display().to_string(),
                error,
            },
            other => other,
        }
    }
}

impl fmt::Display for StationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.fmt(f),
            Self::Region { path, error } => write!(
                f,
                "{path}: {error}; it is left as it is: name another file with --nvm, or overwrite it \
                 with --format"
            ),
            Self::Image { path, error } => write!(
                f,
                "{path} cannot be gone on with, it seems to be damaged: {error}; name another file with \
                 --nvm, or overwrite it with --format"
            ),
            Self::OtherInput { path } => write!(
                f,
                "{path} was begun with other readings; give the same --input, name another file with \
                 --nvm, or begin anew with --format"
            ),
            Self::Program(error) => error.fmt(f),
            Self::Nvm(error) => error.fmt(f),
            Self::Trace { path, error } => write!(
                f,
                "{path}: the trace cannot be written: {error}; name another file with --trace"
            ),
        }
    }
}

impl std::error::Error for StationError {}

impl From<FileError> for StationError {
    fn from(error: FileError) -> Self {
        Self::File(error)
    }
}

impl From<HostError> for StationError {
    fn from(error: HostError) -> Self {
        Self::Program(error)
    }
}

impl From<nvm_core::Error> for StationError {
    fn from(error: nvm_core::Error) -> Self {
        Self::Nvm(error)
    }
}
