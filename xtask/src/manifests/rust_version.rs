//! The oldest Rust that will do: one version, in all manifests and texts, and the one that the tests run with.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::toolchain;
use crate::workspace::Package;

/// Before the version, in texts.
const WORD: &str = "Rust ";

/// What is not as it is stated.
pub(super) fn check(
    root: &Path,
    packages: &[Package],
    is_strict: bool,
) -> Result<Vec<String>, String> {
    let stated = toolchain::RUST_VERSION;
    let mut wrong = Vec::new();
    for package in packages {
        let own = package.metadata["rust_version"].as_str();
        if own != Some(stated) {
            let own = own.unwrap_or("none");
            wrong.push(format!(
                "{}: rust-version is {own}, elsewhere {stated}",
                package.name
            ));
        }
    }
    for path in texts(root, packages)? {
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let is_front_page = path.ends_with("README.md");
        let path = path.strip_prefix(root).unwrap_or(&path).display();
        let versions = versions(&text);
        if is_front_page && versions.is_empty() {
            wrong.push(format!("{path}: does not say which Rust it takes"));
        }
        for version in versions.iter().filter(|version| *version != stated) {
            wrong.push(format!(
                "{path}: speaks of Rust {version}, the manifests of {stated}"
            ));
        }
    }
    let running = running()?;
    if same(&running, stated) {
        println!("the compiler is {running}, of the version that the manifests state");
    } else {
        let told = format!("the compiler is {running}, not the {stated} that the manifests state");
        if is_strict {
            wrong.push(told);
        } else {
            println!("{told}: nothing that it builds shows that {stated} will do");
        }
    }
    Ok(wrong)
}

/// Front pages, and the chapters of the book.
fn texts(root: &Path, packages: &[Package]) -> Result<Vec<PathBuf>, String> {
    let mut texts = vec![root.join("README.md"), root.join("docs/releasing.md")];
    for package in packages.iter().filter(|package| package.is_published) {
        texts.push(package.folder.join("README.md"));
    }
    let chapters = root.join("book/src");
    let entries = fs::read_dir(&chapters)
        .map_err(|error| format!("cannot read {}: {error}", chapters.display()))?;
    texts.extend(entries.filter_map(Result::ok).map(|entry| entry.path()));
    texts.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    texts.sort();
    Ok(texts)
}

/// All versions of Rust that a text speaks of.
fn versions(text: &str) -> Vec<String> {
    // Between the word and the number a line may end.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut versions: Vec<String> = text
        .split(WORD)
        .skip(1)
        .map(|rest| {
            let end = rest
                .find(|character: char| !character.is_ascii_digit() && character != '.')
                .unwrap_or(rest.len());
            rest[..end].trim_end_matches('.').to_owned()
        })
        .filter(|version| version.contains('.'))
        .collect();
    versions.dedup();
    versions
}

/// The version of the compiler that cargo takes.
fn running() -> Result<String, String> {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let output = Command::new(compiler)
        .arg("--version")
        .output()
        .map_err(|error| format!("rustc does not start: {error}"))?;
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    answer
        .split(' ')
        .nth(1)
        .map(str::to_owned)
        .ok_or_else(|| format!("rustc answers: {answer}"))
}

/// Whether a compiler is of a version, whatever its patches.
fn same(running: &str, stated: &str) -> bool {
    running == stated
        || running
            .strip_prefix(stated)
            .is_some_and(|rest| rest.starts_with('.') && !rest.contains('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_a_text() {
        let text = "Built with Rust\n1.95, edition 2024. You need Rust 1.94. In Rust, Rust 2 and Rust 1.95.0";
        assert_eq!(versions(text), ["1.95", "1.94", "1.95.0"]);
        assert!(versions("none").is_empty());
    }

    #[test]
    fn patches_make_no_other_version() {
        assert!(same("1.95.0", "1.95") && same("1.95.3", "1.95") && same("1.95.0", "1.95.0"));
        assert!(!same("1.96.0", "1.95") && !same("1.950.0", "1.95"));
        assert!(!same("1.95.0-beta.2", "1.95"));
    }

    #[test]
    fn another_version_is_told() {
        let root = toolchain::root();
        let mut packages = crate::workspace::packages(&root).unwrap();
        assert_eq!(check(&root, &packages, false), Ok(Vec::new()));
        packages[0].metadata["rust_version"] = "1.80".into();
        assert_eq!(check(&root, &packages, false).unwrap().len(), 1);
    }
}
