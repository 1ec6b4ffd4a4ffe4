//! What `cargo metadata` tells about the project's packages.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::toolchain;

/// A package of a workspace.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The folder of its manifest.
    pub(crate) folder: PathBuf,
    /// Whether it goes to the registry.
    pub(crate) is_published: bool,
    /// Each feature, with what it switches on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    /// All that `cargo metadata` says of it.
    pub(crate) metadata: Value,
}

/// `cargo`, as the one that runs this.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo.stdin(Stdio::null());
    cargo
}

/// The packages of the workspace at a folder.
pub(crate) fn packages(folder: &Path) -> Result<Vec<Package>, String> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--format-version=1"])
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("`cargo metadata` failed in {}", folder.display()));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("`cargo metadata` is not understood: {error}"))?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice);
    Ok(packages.unwrap_or_default().iter().map(package).collect())
}

/// The folders of the workspaces beside the main one, which excludes them.
pub(crate) fn others() -> Result<Vec<PathBuf>, String> {
    let root = toolchain::root();
    let manifest = root.join("Cargo.toml");
    let text = fs::read_to_string(&manifest)
        .map_err(|error| format!("cannot read {}: {error}", manifest.display()))?;
    let excluded = text
        .split_once("\nexclude = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .map(|(excluded, _)| excluded)
        .ok_or_else(|| format!("{} excludes nothing", manifest.display()))?;
    // What is between the first quotation mark and the second, the third and the fourth, …
    let folders = excluded.split('"').skip(1).step_by(2);
    Ok(folders.map(|folder| root.join(folder)).collect())
}

/// Those of the main workspace that go to the registry, each behind those that it is made of.
pub(crate) fn published() -> Result<Vec<Package>, String> {
    let mut rest = packages(&toolchain::root())?;
    rest.retain(|package| package.is_published);
    let mut sorted: Vec<Package> = Vec::new();
    while !rest.is_empty() {
        let is_ready = |package: &Package| !rest.iter().any(|other| package.needs(&other.name));
        let Some(index) = rest.iter().position(is_ready) else {
            return Err("the packages depend on each other in a circle".into());
        };
        sorted.push(rest.remove(index));
    }
    Ok(sorted)
}

impl Package {
    /// Whether it depends on a package, other than for its tests.
    fn needs(&self, name: &str) -> bool {
        list(&self.metadata["dependencies"])
            .any(|dependency| dependency["kind"] != "dev" && dependency["name"] == name)
    }
}

/// The elements of a list; none of what is not one.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
}

/// The strings of a list.
pub(crate) fn strings(value: &Value) -> impl Iterator<Item = &str> {
    list(value).filter_map(Value::as_str)
}

fn package(metadata: &Value) -> Package {
    let text = |name: &str| metadata[name].as_str().unwrap_or_default().to_owned();
    let manifest = PathBuf::from(text("manifest_path"));
    let features = metadata["features"].as_object();
    Package {
        name: text("name"),
        version: text("version"),
        folder: manifest.parent().unwrap_or(&manifest).to_owned(),
        // `null`: to any registry.
        is_published: metadata["publish"].is_null(),
        features: features
            .into_iter()
            .flatten()
            .map(|(name, parts)| (name.clone(), strings(parts).map(str::to_owned).collect()))
            .collect(),
        metadata: metadata.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn firmware_has_workspaces_of_its_own() {
        let others = others().unwrap();
        assert!(others.contains(&toolchain::root().join("examples/firmware")));
        assert!(
            others
                .iter()
                .all(|folder| folder.join("Cargo.toml").is_file())
        );
    }

    #[test]
    fn a_package_comes_behind_those_that_it_is_made_of() {
        let packages = published().unwrap();
        for (index, package) in packages.iter().enumerate() {
            let needed_later = packages[index..]
                .iter()
                .find(|later| package.needs(&later.name));
            assert!(
                needed_later.is_none(),
                "{} needs {needed_later:?}",
                package.name
            );
        }
        assert_eq!(
            packages.last().map(|last| last.name.as_str()),
            Some("intos")
        );
        assert!(packages.iter().all(|package| package.name != "xtask"));
    }
}
