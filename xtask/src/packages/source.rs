//! A folder that stands for the registry: each package in a folder of its own, those of this project as they would be
//! published, and all that they and firmware depend on.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::succeed;
use crate::files::write;
use crate::{files, toolchain, workspace};

/// In each folder of such a registry. Without sums: nothing here was downloaded.
pub(super) const SUMS: (&str, &str) = (".cargo-checksum.json", "{\"files\":{}}\n");

/// Puts the packages of others into a new folder, in the versions that the project is tested with.
pub(super) fn vendor(registry: &Path) -> Result<(), String> {
    let root = toolchain::root();
    let mut vendor = workspace::cargo();
    vendor
        .args([
            "vendor",
            "--quiet",
            "--locked",
            "--versioned-dirs",
            "--sync",
        ])
        .arg(root.join("examples/board-template/Cargo.toml"))
        .arg(registry)
        // It prints what `replace` writes.
        .stdout(std::process::Stdio::null())
        .current_dir(&root);
    succeed(&mut vendor)?;
    // Where the core library is built from its source, with all that the library consists of.
    if let Some(packages) = toolchain::library_packages() {
        files::copy(&packages, registry)?;
    }
    Ok(())
}

/// Unpacks a package of the project beside them.
pub(super) fn unpack(archive: &Path, registry: &Path) -> Result<(), String> {
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(archive).arg("-C").arg(registry);
    succeed(&mut tar)?;
    let name = archive.file_stem().unwrap_or_default();
    write(&registry.join(name).join(SUMS.0), SUMS.1)
}

/// Programs in a folder, and below it, have this registry, and no other.
pub(super) fn replace(folder: &Path, registry: &Path) -> Result<(), String> {
    let settings = format!(
        "[source.crates-io]\nreplace-with = \"packages\"\n\n[source.packages]\ndirectory = {:?}\n\n[net]\noffline = true\n",
        registry.display().to_string()
    );
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    write(&folder.join(".cargo/config.toml"), &settings)
}
