//! What is in a package: what belongs there, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use super::source;
use crate::manifests::SHARED_FILES;
use crate::workspace::Package;
use crate::{files, toolchain};

/// What cargo adds.
const BY_CARGO: [&str; 4] = [
    "Cargo.toml",
    "Cargo.toml.orig",
    "Cargo.lock",
    ".cargo_vcs_info.json",
];
/// What makes of a folder a package of a registry.
const BY_REGISTRY: &str = source::SUMS.0;

/// Prints how large the packages are; answers how much of what is in them is wrong, and tells it.
pub(super) fn check(packages: &[Package], packed: &Path, registry: &Path) -> Result<u64, String> {
    let mut wrong = Vec::new();
    println!("| package | files | packed, bytes | unpacked, bytes |\n| --- | ---: | ---: | ---: |");
    let mut sums = (0, 0, 0);
    for package in packages {
        let name = format!("{}-{}", package.name, package.version);
        let folder = registry.join(&name);
        let mut files = files::find(&folder, None)?;
        files.retain(|file| !file.ends_with(BY_REGISTRY));
        let size = |path: &Path| {
            fs::metadata(path)
                .map(|metadata| metadata.len())
                .map_err(|error| format!("{}: {error}", path.display()))
        };
        let packed = size(&packed.join(format!("{name}.crate")))?;
        let mut unpacked = 0;
        for file in &files {
            unpacked += size(file)?;
        }
        println!("| {name} | {} | {packed} | {unpacked} |", files.len());
        sums = (sums.0 + files.len(), sums.1 + packed, sums.2 + unpacked);
        let told = wrong_in(&folder, &files, &toolchain::root())?;
        wrong.extend(told.into_iter().map(|told| format!("{name}: {told}")));
    }
    println!("| all | {} | {} | {} |", sums.0, sums.1, sums.2);
    for wrong in &wrong {
        println!("{wrong}");
    }
    Ok(wrong.len() as u64)
}

/// What does not belong into a package, or is missing in it.
fn wrong_in(folder: &Path, files: &[PathBuf], root: &Path) -> Result<Vec<String>, String> {
    let mut wrong = Vec::new();
    for file in files {
        let path = file.strip_prefix(folder).unwrap_or(file);
        let is_rust = path.extension().is_some_and(|it| it == "rs");
        let is_source = (path.starts_with("src") && is_rust) || path == Path::new("build.rs");
        // Of a linker.
        let is_script =
            path.components().count() == 1 && path.extension().is_some_and(|it| it == "x");
        let is_other = path.to_str().is_some_and(|name| {
            name == "README.md" || SHARED_FILES.contains(&name) || BY_CARGO.contains(&name)
        });
        if !is_source && !is_script && !is_other {
            wrong.push(format!("{} does not belong into it", path.display()));
        }
    }
    for name in SHARED_FILES {
        let own = fs::read(root.join(name)).map_err(|error| format!("{name}: {error}"))?;
        if fs::read(folder.join(name)).ok() != Some(own) {
            wrong.push(format!("{name} is not that of the top folder"));
        }
    }
    if !folder.join("README.md").is_file() {
        wrong.push("README.md is missing".into());
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::write;

    #[test]
    fn what_is_missing_and_what_does_not_belong_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (root, package) = (folder.path().join("root"), folder.path().join("package"));
        for name in SHARED_FILES {
            write(&root.join(name), name).unwrap();
            write(&package.join(name), name).unwrap();
        }
        write(&package.join("README.md"), "").unwrap();
        write(&package.join("src/a/b.rs"), "").unwrap();
        let told = || wrong_in(&package, &files::find(&package, None).unwrap(), &root).unwrap();
        assert_eq!(told(), Vec::<String>::new());

        // As a checkout without links has it.
        write(&package.join("LICENSE-MIT"), "../LICENSE-MIT").unwrap();
        write(&package.join("tests/data.bin"), "").unwrap();
        write(&package.join("src/image.nvm"), "").unwrap();
        assert_eq!(told().len(), 3);
        fs::remove_file(package.join("README.md")).unwrap();
        assert_eq!(told().len(), 4);
    }
}
