//! Each combination of features, for cores without an operating system.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::toolchain;
use crate::workspace::{self, Package};

/// ARMv7-M, and ARMv6-M, which has no atomic read-modify-write operations.
const TARGETS: [&str; 2] = ["thumbv7m-none-eabi", "thumbv6m-none-eabi"];
/// Features of packages that need the standard library or an allocator, and with them what switches them on: `cargo hack`
/// walks these on an ordinary computer.
const NOT_ON_A_DEVICE: [(&str, &str); 9] = [
    ("nvm-core", "std"),
    ("nvm-tx", "image"),
    ("nvm-alloc", "image"),
    ("nvm-list", "image"),
    ("intos-replay", "image"),
    ("intos-spi-fram", "model"),
    ("intos-sched", "broken"),
    ("intos", "broken"),
    ("intos", "host"),
];
/// Firmware, in workspaces of its own: for the first target, since not all of its programs are for boards with the second.
const FIRMWARE: [&str; 2] = ["examples/firmware", "examples/board-template"];

/// Checks all of them; answers how many failed.
pub(super) fn check_all() -> Result<u64, String> {
    let root = toolchain::root();
    let crates = workspace::published()?;
    let mut firmware = Vec::new();
    for folder in FIRMWARE {
        firmware.extend(workspace::packages(&root.join(folder))?);
    }
    let (mut checked, mut failed) = (0, 0);
    for target in TARGETS {
        let firmware = firmware.iter().filter(|_| target == TARGETS[0]);
        for package in crates.iter().chain(firmware) {
            for features in combinations(&package.name, &package.features) {
                checked += 1;
                let features = features.join(",");
                if let Err(error) = check(package, target, &features) {
                    println!("{} with {features:?} for {target}: {error}", package.name);
                    failed += 1;
                }
            }
        }
    }
    println!(
        "{checked} combinations of features checked for {}, {failed} failed",
        TARGETS.join(" and ")
    );
    Ok(failed)
}

fn check(package: &Package, target: &str, features: &str) -> Result<(), String> {
    let folder: &Path = &package.folder;
    let mut check = super::check(target)?;
    check
        .args([
            format!("--package={}", package.name),
            format!("--features={features}"),
        ])
        .current_dir(folder);
    toolchain::run(&mut check)
}

/// All sets of features that a device may have; but those which differ from a smaller one only by what that switches on
/// in any case.
fn combinations<'a>(
    package: &str,
    features: &'a BTreeMap<String, Vec<String>>,
) -> Vec<Vec<&'a str>> {
    let on_host = |name| {
        let all = switched_on(features, name);
        NOT_ON_A_DEVICE
            .iter()
            .any(|(of, host)| *of == package && all.contains(host))
    };
    let names: Vec<&str> = features
        .keys()
        .map(String::as_str)
        .filter(|name| *name != "default" && !on_host(name))
        .collect();
    let mut sets = vec![Vec::new()];
    for name in names {
        for index in 0..sets.len() {
            let mut larger = sets[index].clone();
            larger.push(name);
            sets.push(larger);
        }
    }
    sets.retain(|set| {
        !set.iter().any(|name| {
            set.iter()
                .any(|other| other != name && switched_on(features, other).contains(name))
        })
    });
    sets
}

/// A feature and all others of the package that it switches on.
fn switched_on<'a>(
    features: &'a BTreeMap<String, Vec<String>>,
    name: &'a str,
) -> BTreeSet<&'a str> {
    let mut all = BTreeSet::new();
    let mut rest = vec![name];
    while let Some(name) = rest.pop() {
        if all.insert(name) {
            rest.extend(features.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_that_are_the_same_are_checked_once() {
        let features: BTreeMap<String, Vec<String>> = [
            ("default", vec![]),
            ("std", vec![]),
            ("file", vec!["std", "dep:memmap2"]),
            ("port", vec![]),
            ("sections", vec!["port", "dep:sections"]),
            ("broken", vec!["other/broken"]),
        ]
        .into_iter()
        .map(|(name, parts)| {
            (
                name.to_owned(),
                parts.into_iter().map(str::to_owned).collect(),
            )
        })
        .collect();
        let mut sets = combinations("nvm-core", &features);
        sets.sort();
        assert_eq!(
            sets,
            [
                vec![],
                vec!["broken"],
                vec!["broken", "port"],
                vec!["broken", "sections"],
                vec!["port"],
                vec!["sections"],
            ]
        );
    }
}
