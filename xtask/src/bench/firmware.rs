//! The builds of the program that is measured.

use std::fs;

use crate::firmware::build::{self, Profile};
use crate::firmware::{Board, Image};
use crate::toolchain;

/// What a program is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// Little text: what all firmware here is built for.
    Small,
    /// Few instructions.
    Fast,
    /// Counting stores, which takes instructions.
    Counting,
}

/// Builds a program, and reads it.
pub(crate) fn build(program: &str, build: Build) -> Result<Image, String> {
    let mut images = build_all(&[program], build)?;
    images.pop().ok_or_else(|| "nothing was built".into())
}

/// Builds programs, and reads them: copies, since a build with other features would replace them.
pub(crate) fn build_all(programs: &[&str], build: Build) -> Result<Vec<Image>, String> {
    build_without(programs, build, &[])
}

/// The same without some of what the crates do: see `nvm_core::ablation`.
pub(crate) fn build_without(
    programs: &[&str],
    build: Build,
    left_out: &[&str],
) -> Result<Vec<Image>, String> {
    let (profile, features) = match build {
        Build::Small => (Profile::Release, ""),
        Build::Fast => (Profile::Fast, ""),
        Build::Counting => (Profile::Release, "counting"),
    };
    let from = build::build_without(Board::default(), programs, profile, features, left_out)?;
    let folder = toolchain::target_dir("firmware").join("bench");
    let copied = |program: &&str| {
        let mut name = format!("{program}-{build:?}").to_lowercase();
        for part in left_out {
            name = format!("{name}-without-{part}");
        }
        let copy = folder.join(name);
        fs::create_dir_all(&folder)
            .and_then(|()| fs::copy(from.join(program), &copy))
            .map_err(|error| format!("{} cannot be written: {error}", copy.display()))?;
        Image::read(&copy)
    };
    programs.iter().map(copied).collect()
}
