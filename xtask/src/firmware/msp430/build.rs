//! Which programs there are, and their build.

use std::fs;
use std::path::PathBuf;

use super::program::Program;
use crate::firmware::build::{self, Profile};
use crate::toolchain;

/// What all of them are built for.
pub(crate) const TARGET: &str = "msp430-none-elf";

fn folder() -> PathBuf {
    toolchain::root().join("examples/msp430")
}

/// The programs' names.
pub(crate) fn programs() -> Result<Vec<String>, String> {
    build::programs_in(&folder())
}

/// Builds a program, with a mistake made on purpose or without, and reads it.
pub(super) fn build(program: &str, is_broken: bool) -> Result<Program, String> {
    build::check_name(program, &programs()?)?;
    let features = if is_broken { "broken" } else { "" };
    build_with(program, Profile::Release, features)
}

/// Builds any of the package's programs, with features, and reads it.
pub(crate) fn build_with(
    program: &str,
    profile: Profile,
    features: &str,
) -> Result<Program, String> {
    let folder = build_together(&[program], profile, features)?;
    Program::read(&folder.join(program))
}

/// Builds several of them at once, and answers in which folder they lie.
pub(in crate::firmware) fn build_together<S: AsRef<str>>(
    programs: &[S],
    profile: Profile,
    features: &str,
) -> Result<PathBuf, String> {
    let target_dir = toolchain::target_dir("msp430");
    let mut build = toolchain::build_with(TARGET, &target_dir, profile.name())?;
    for program in programs {
        build.args(["--bin", program.as_ref()]);
    }
    build
        .args(["--features", features])
        // Its `.cargo/config.toml` counts there.
        .current_dir(folder());
    toolchain::run(&mut build)?;
    Ok(target_dir.join(TARGET).join(profile.name()))
}

/// The same, as a copy: a build with other features would replace it.
pub(crate) fn build_copy(
    program: &str,
    profile: Profile,
    features: &str,
) -> Result<Program, String> {
    let built = build_with(program, profile, features)?;
    let folder = toolchain::target_dir("msp430").join("copies");
    let copy = folder.join(format!("{program}-{}-{features}", profile.name()));
    fs::create_dir_all(&folder)
        .and_then(|()| fs::copy(&built.path, &copy))
        .map_err(|error| format!("{} cannot be written: {error}", copy.display()))?;
    Program::read(&copy)
}
