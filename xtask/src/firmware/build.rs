//! Which programs there are, and their build.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::board::Board;
use super::image::Image;
use crate::toolchain;

fn folder() -> PathBuf {
    toolchain::root().join("examples/firmware")
}

/// The programs' names.
pub(super) fn programs() -> Result<Vec<String>, String> {
    programs_in(&folder())
}

/// Those of a package.
pub(super) fn programs_in(folder: &Path) -> Result<Vec<String>, String> {
    let sources = folder.join("src/bin");
    let entries = fs::read_dir(&sources)
        .map_err(|error| format!("{} cannot be read: {error}", sources.display()))?;
    let mut programs: Vec<String> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            (path.extension()? == "rs").then_some(path.file_stem()?.to_str()?.to_owned())
        })
        .collect();
    programs.sort();
    Ok(programs)
}

/// Builds a program for a board, with a mistake made on purpose or without, and reads it.
pub(super) fn build(board: Board, program: &str, is_broken: bool) -> Result<Image, String> {
    check_name(program, &programs()?)?;
    let features = if is_broken { "broken" } else { "" };
    let folder = build_with(board, &[program], Profile::Release, features)?;
    Image::read(&folder.join(program))
}

/// An error where there is no such program.
pub(super) fn check_name(program: &str, programs: &[String]) -> Result<(), String> {
    if programs.iter().any(|name| name == program) {
        return Ok(());
    }
    Err(format!(
        "there is no program `{program}`; there are {}",
        programs.join(", ")
    ))
}

/// How a program is optimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// For little text.
    Release,
    /// For few instructions.
    Fast,
}

impl Profile {
    /// What the package calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Fast => "fast",
        }
    }
}

/// Builds any of the package's programs, with features, and answers in which folder they lie.
pub(crate) fn build_with<S: AsRef<str>>(
    board: Board,
    programs: &[S],
    profile: Profile,
    features: &str,
) -> Result<PathBuf, String> {
    build_without(board, programs, profile, features, &[])
}

/// The same without some of what the crates do: see `nvm_core::ablation`.
pub(crate) fn build_without<S: AsRef<str>>(
    board: Board,
    programs: &[S],
    profile: Profile,
    features: &str,
    left_out: &[&str],
) -> Result<PathBuf, String> {
    let target = board.target();
    let target_dir = toolchain::target_dir("firmware");
    let mut build = toolchain::build_with(target, &target_dir, profile.name())?;
    for program in programs {
        build.args(["--bin", program.as_ref()]);
    }
    build
        .args(["--features", features, "--manifest-path"])
        .arg(folder().join("Cargo.toml"));
    if !left_out.is_empty() {
        let mut flags = env::var("RUSTFLAGS").unwrap_or_default();
        for part in left_out {
            // Writing to a string cannot fail.
            let _ = write!(flags, " --cfg intos_without=\"{part}\"");
        }
        build.env("RUSTFLAGS", flags);
    }
    toolchain::run(&mut build)?;
    Ok(target_dir.join(target).join(profile.name()))
}
