//! The builds of the program that is measured.

use std::fs;
use std::path::PathBuf;

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

/// Builds a program, and answers where it lies: a copy, since a build with other features would replace it.
pub(super) fn build(program: &str, build: Build) -> Result<PathBuf, String> {
    let (profile, features) = match build {
        Build::Small => (Profile::Release, ""),
        Build::Fast => (Profile::Fast, ""),
        Build::Counting => (Profile::Release, "counting"),
    };
    let built = build::build_with(program, profile, features)?;
    let folder = toolchain::target_dir("firmware").join("bench");
    let copy = folder.join(format!("{program}-{build:?}").to_lowercase());
    fs::create_dir_all(&folder)
        .and_then(|()| fs::copy(&built, &copy))
        .map_err(|error| format!("{} cannot be written: {error}", copy.display()))?;
    Ok(copy)
}
