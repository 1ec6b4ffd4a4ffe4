//! `cargo xtask packages`: what would be published, looked into and used as by a stranger: by programs outside of the
//! workspace, which know the crates by name and version only.

mod contents;
mod source;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::{self, Package};
use crate::{files, readme_programs, template, toolchain};

/// How the template for a board says where `intos` is: `BOARD:` lines beside it tell to change it.
const TEMPLATE_PATH: &str = "path = \"../../intos\"";

/// Packages all crates that are published, looks at what is in them, and builds and runs programs on them; answers how
/// much was wrong.
pub(crate) fn run() -> Result<u64, String> {
    let scratch = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let scratch = scratch.path();
    let packages = workspace::published()?;
    // Always a new folder: cargo keeps what it has unpacked of a package by its folder and version.
    let packed = pack(&packages, &scratch.join("packing"))?;
    let registry = scratch.join("registry");
    let board = scratch.join("board");
    files::copy(&toolchain::root().join("examples/board-template"), &board)?;
    let mut wrong = 0;

    // First, since it empties the folder.
    source::vendor(&registry)?;
    for package in &packages {
        let archive = packed.join(format!("{}-{}.crate", package.name, package.version));
        source::unpack(&archive, &registry)?;
    }
    wrong += contents::check(&packages, &packed, &registry)?;
    source::replace(scratch, &registry)?;

    let programs = scratch.join("programs");
    let target_dir = scratch.join("target");
    let failed = readme_programs::run_all(&programs, &target_dir, str::to_owned);
    println!(
        "{} of {} programs build and run on the packages",
        readme_programs::CRATES.len() as u64 - failed,
        readme_programs::CRATES.len()
    );
    wrong += failed;
    wrong += lines(&packages, &scratch.join("lines"))?;
    use_package(&board, &packages)?;
    wrong += template::try_packaged(&board, &scratch.join("firmware"))?;
    Ok(wrong)
}

/// Makes the packages, and builds each from what is in it; answers where they are.
fn pack(packages: &[Package], target_dir: &Path) -> Result<PathBuf, String> {
    let mut pack = workspace::cargo();
    pack.args(["package", "--quiet", "--allow-dirty", "--target-dir"])
        .arg(target_dir)
        .args(
            packages
                .iter()
                .map(|package| format!("--package={}", package.name)),
        )
        .current_dir(toolchain::root());
    succeed(&mut pack)?;
    println!("{} packages build from what is in them", packages.len());
    Ok(target_dir.join("package"))
}

/// What a README tells to write into `Cargo.toml`, anywhere in it, must be there: the crate, its version, its features.
fn lines(packages: &[Package], folder: &Path) -> Result<u64, String> {
    let (mut found, mut wrong) = (0, 0);
    for package in packages {
        let readme = readme_programs::readme(&package.folder)?;
        for block in readme.split("```toml\n").skip(1) {
            let block = block.split("```").next().unwrap_or(block);
            if !block.contains("dependencies]") {
                continue;
            }
            found += 1;
            let program = folder.join(found.to_string());
            readme_programs::lay_out(&program, block, "fn main() {}\n")?;
            let mut resolve = workspace::cargo();
            resolve
                .args(["tree", "--quiet", "--edges=all", "--depth=1"])
                .current_dir(&program);
            let output = resolve
                .output()
                .map_err(|error| format!("cargo does not start: {error}"))?;
            if !output.status.success() {
                let told = String::from_utf8_lossy(&output.stderr);
                println!(
                    "{}: its README's lines are refused:\n{block}{told}",
                    package.name
                );
                wrong += 1;
            }
        }
    }
    println!(
        "{} of {found} places that tell what to write into Cargo.toml are right",
        found - wrong
    );
    Ok(wrong)
}

/// Makes the template for a board ask for `intos` by its version, as its user does.
fn use_package(board: &Path, packages: &[Package]) -> Result<(), String> {
    let manifest = board.join("Cargo.toml");
    let failed = |error| format!("{}: {error}", manifest.display());
    let text = fs::read_to_string(&manifest).map_err(failed)?;
    let version = packages
        .iter()
        .find(|package| package.name == "intos")
        .map(|package| format!("version = {:?}", package.version))
        .ok_or("`intos` is not published")?;
    if !text.contains(TEMPLATE_PATH) {
        return Err(format!(
            "{} does not say {TEMPLATE_PATH}",
            manifest.display()
        ));
    }
    fs::write(&manifest, text.replace(TEMPLATE_PATH, &version)).map_err(failed)
}

/// Runs a command that must succeed.
fn succeed(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let first = command
        .get_args()
        .next()
        .map(OsStr::to_owned)
        .unwrap_or_default();
    let name = format!("{name} {}", first.to_string_lossy());
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{name}` failed: {status}")),
        Err(error) => Err(format!("`{name}` does not start: {error}")),
    }
}
