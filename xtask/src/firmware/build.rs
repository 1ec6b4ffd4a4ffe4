//! Which programs there are, and their build.

use std::fs;
use std::path::PathBuf;

use super::board::Board;
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

/// Builds a program, with a mistake made on purpose or without, and answers where it lies.
pub(super) fn build(board: Board, program: &str, is_broken: bool) -> Result<PathBuf, String> {
    let programs = programs()?;
    if !programs.iter().any(|name| name == program) {
        return Err(format!(
            "there is no program `{program}`; there are {}",
            programs.join(", ")
        ));
    }
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
    Ok(target_dir.join(target).join("release").join(program))
}
