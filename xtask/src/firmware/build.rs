//! Which programs there are, and their build.

use std::fs;
use std::path::PathBuf;

use super::board::Board;
use super::image::Image;
use crate::toolchain;

fn folder() -> PathBuf {
    toolchain::root().join("examples/firmware")
}

/// The programs' names.
pub(super) fn programs() -> Result<Vec<String>, String> {
    let sources = folder().join("src/bin");
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
    let programs = programs()?;
    if !programs.iter().any(|name| name == program) {
        return Err(format!(
            "there is no program `{program}`; there are {}",
            programs.join(", ")
        ));
    }
    build_any(board, program, is_broken)
}

/// The same for a program that is not among [those that are listed](programs).
pub(super) fn build_any(board: Board, program: &str, is_broken: bool) -> Result<Image, String> {
    let target = board.target();
    let target_dir = toolchain::target_dir("firmware");
    let mut build = toolchain::build(target, &target_dir)?;
    build
        .args(["--bin", program, "--manifest-path"])
        .arg(folder().join("Cargo.toml"));
    if is_broken {
        build.arg("--features=broken");
    }
    toolchain::run(&mut build)?;
    Image::read(&target_dir.join(target).join("release").join(program))
}
