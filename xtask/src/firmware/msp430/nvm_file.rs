//! A file that keeps the NVM from one run to the next.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use tempfile::NamedTempFile;

/// The simulator works on a copy, since its commands take no path with a blank in it.
#[derive(Debug)]
pub(super) struct NvmFile<'a> {
    path: &'a Path,
    copy: NamedTempFile,
    is_blank: bool,
}

impl<'a> NvmFile<'a> {
    /// What the file has of an NVM of so many bytes, or a blank one where there is no such file yet.
    pub(super) fn open(path: &'a Path, nvm_bytes: u64) -> Result<Self, String> {
        let cannot = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
        let copy = NamedTempFile::new().map_err(|error| format!("no temporary file: {error}"))?;
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(cannot(&error)),
        };
        if !bytes.is_empty() && bytes.len() as u64 != nvm_bytes {
            return Err(cannot(&format!(
                "has {} bytes, the program's NVM has {nvm_bytes}",
                bytes.len(),
            )));
        }
        fs::write(&copy, &bytes).map_err(|error| format!("no temporary file: {error}"))?;
        Ok(Self {
            path,
            copy,
            is_blank: bytes.is_empty(),
        })
    }

    /// What the simulator is to load, where there is something.
    pub(super) fn loaded(&self) -> Option<&Path> {
        (!self.is_blank).then(|| self.copy.path())
    }

    /// Where it is to save the NVM.
    pub(super) fn saved(&self) -> &Path {
        self.copy.path()
    }

    /// Keeps what it has saved.
    pub(super) fn keep(&self) -> Result<(), String> {
        let saved = fs::read(&self.copy).map_err(|error| format!("no temporary file: {error}"))?;
        fs::write(self.path, saved).map_err(|error| format!("{}: {error}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_loaded() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("an nvm");
        let blank = NvmFile::open(&path, 1_024)?;
        assert_eq!(blank.loaded(), None);
        fs::write(blank.saved(), vec![7; 1_024])?;
        blank.keep()?;
        let kept = NvmFile::open(&path, 1_024)?;
        assert_eq!(fs::read(kept.loaded().ok_or("blank")?)?[0], 7);
        Ok(())
    }

    #[test]
    fn what_is_no_nvm_is_refused() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("nvm");
        fs::write(&path, [7; 9])?;
        let error = NvmFile::open(&path, 1_024).err().ok_or("opened")?;
        assert!(error.contains("has 9 bytes"), "{error}");
        assert_eq!(fs::read(&path)?, [7; 9]);
        Ok(())
    }
}
