//! The builds of the program that is measured.

use std::fs;
use std::path::PathBuf;

use crate::firmware::Board;
use crate::firmware::build::{self, Profile};
use crate::toolchain;

/// What a program is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Build {
    /// Little text: what all firmware here is built for.
    Small,
    /// Few instructions.
    Fast,
    /// Counting stores, which takes instructions.
    Counting,
}

/// Builds a program, and answers where it lies.
pub(super) fn build(program: &str, build: Build) -> Result<PathBuf, String> {
    let mut files = build_all(&[program], build)?;
    files.pop().ok_or_else(|| "nothing was built".into())
}

/// Builds programs, and answers where they lie: copies, since a build with other features would replace them.
pub(super) fn build_all(programs: &[&str], build: Build) -> Result<Vec<PathBuf>, String> {
    let (profile, features) = match build {
        Build::Small => (Profile::Release, ""),
        Build::Fast => (Profile::Fast, ""),
        Build::Counting => (Profile::Release, "counting"),
    };
    let release = build::build_with(Board::default(), programs, profile, features)?;
    let folder = toolchain::target_dir("firmware").join("bench");
    let copy_of = |program: &&str| folder.join(format!("{program}-{build:?}").to_lowercase());
    let copies: Vec<PathBuf> = programs.iter().map(copy_of).collect();
    for (program, copy) in programs.iter().zip(&copies) {
        fs::create_dir_all(&folder)
            .and_then(|()| fs::copy(release.join(program), copy))
            .map_err(|error| format!("{} cannot be written: {error}", copy.display()))?;
    }
    Ok(copies)
}
