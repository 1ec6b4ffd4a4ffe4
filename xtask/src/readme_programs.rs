//! `cargo xtask readme-programs`: the complete program of each README, copied out as a reader would, built and run.
//!
//! A program becomes a package of its own in a temporary folder, outside of the workspace: what its README does not
//! name as a dependency or a feature it does not have. The only thing that is added to the `Cargo.toml` lines of the
//! README is where this workspace's crates lie.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::write;
use crate::{toolchain, workspace};

/// The folders of the crates whose README has one.
pub(crate) const CRATES: [&str; 8] = [
    "nvm-core",
    "nvm-tx",
    "nvm-alloc",
    "nvm-ptr",
    "nvm-list",
    "spi-fram",
    "replay",
    "intos",
];
/// The section that it stands in.
const SECTION: &str = "## A complete program\n";

/// A program as a README has it.
#[derive(Debug, PartialEq)]
pub(crate) struct Program<'a> {
    /// The lines for `Cargo.toml`.
    pub(crate) manifest: &'a str,
    /// `src/main.rs`.
    pub(crate) source: &'a str,
}

/// Answers how many of the programs failed.
pub(crate) fn run() -> Result<u64, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let target_dir = toolchain::target_dir("readme-programs");
    let failed = run_all(folder.path(), &target_dir, |manifest| {
        with_paths(manifest, &toolchain::root())
    });
    println!(
        "{} of {} programs build and run as they stand",
        CRATES.len() as u64 - failed,
        CRATES.len()
    );
    Ok(failed)
}

/// Copies all programs into a folder, builds and runs them; `dependencies` makes of a README's lines what stands in
/// `Cargo.toml`. Answers how many failed.
pub(crate) fn run_all(
    folder: &Path,
    target_dir: &Path,
    dependencies: impl Fn(&str) -> String,
) -> u64 {
    let mut failed = 0;
    for name in CRATES {
        match check(name, &folder.join(name), target_dir, &dependencies) {
            Ok(said) => println!("{name}: builds and runs\n{said}"),
            Err(error) => {
                println!("{name}: {error}");
                failed += 1;
            }
        }
    }
    failed
}

/// Copies the program of a crate's README into a folder, builds it and runs it; answers what it printed.
fn check(
    name: &str,
    package: &Path,
    target_dir: &Path,
    dependencies: impl Fn(&str) -> String,
) -> Result<String, String> {
    let readme = readme(&toolchain::root().join(name))?;
    let program = extract(&readme)?;
    lay_out(package, &dependencies(program.manifest), program.source)?;
    let output = workspace::cargo()
        .args(["run", "--quiet", "--target-dir"])
        .arg(target_dir)
        .current_dir(package)
        .output()
        .map_err(|error| format!("cargo does not start: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(format!(
        "{}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    ))
}

/// The README in a folder.
pub(crate) fn readme(folder: &Path) -> Result<String, String> {
    let readme = folder.join("README.md");
    fs::read_to_string(&readme)
        .map_err(|error| format!("cannot read {}: {error}", readme.display()))
}

/// Makes a package of lines for `Cargo.toml` and a program.
pub(crate) fn lay_out(package: &Path, dependencies: &str, source: &str) -> Result<(), String> {
    let manifest = format!(
        "[package]\nname = \"program-of-a-reader\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [lints.rust]\nwarnings = \"deny\"\n\n{dependencies}"
    );
    write(&package.join("Cargo.toml"), &manifest)?;
    write(&package.join("src/main.rs"), source)?;
    // The versions of everything else are those of the workspace.
    let lock = fs::read_to_string(toolchain::root().join("Cargo.lock")).unwrap_or_default();
    write(&package.join("Cargo.lock"), &lock)
}

/// The first block of `toml` and the first of `rust` of the section.
fn extract(readme: &str) -> Result<Program<'_>, String> {
    let (_, section) = readme
        .split_once(SECTION)
        .ok_or_else(|| format!("the README has no section `{}`", SECTION.trim_end()))?;
    let section = section
        .split_once("\n## ")
        .map_or(section, |(section, _)| section);
    let block = |language: &str| {
        let begin = format!("```{language}\n");
        section
            .split_once(&begin)
            .and_then(|(_, rest)| rest.split_once("```"))
            .map(|(block, _)| block)
            .ok_or_else(|| format!("the section has no block of {language}"))
    };
    let (manifest, source) = (block("toml")?, block("rust")?);
    // Lines that rustdoc hides, and GitHub does not.
    if let Some(hidden) = source
        .lines()
        .find(|line| *line == "#" || line.trim_start().starts_with("# "))
    {
        return Err(format!("the program has a hidden line: {hidden}"));
    }
    Ok(Program { manifest, source })
}

/// Says where the workspace's crates lie: `name = "0.1"` or `name = { … }` gets a path.
fn with_paths(manifest: &str, root: &Path) -> String {
    let mut lines = Vec::new();
    for line in manifest.lines() {
        let own = line
            .split_once(" = ")
            .and_then(|(name, value)| Some((name, value, folder_of(name, root)?)));
        let Some((name, value, folder)) = own else {
            lines.push(line.to_owned());
            continue;
        };
        let path = format!("path = {:?}", folder.display().to_string());
        lines.push(match value.strip_prefix("{ ") {
            Some(rest) => format!("{name} = {{ {path}, {rest}"),
            None => format!("{name} = {{ {path}, version = {value} }}"),
        });
    }
    lines.join("\n") + "\n"
}

/// Where a crate of the workspace lies, by what a program calls it.
fn folder_of(name: &str, root: &Path) -> Option<PathBuf> {
    let folder = match name {
        "intos-spi-fram" => "spi-fram",
        name => name,
    };
    CRATES.contains(&folder).then(|| root.join(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# x\n\n## A complete program\n\nIt is:\n\n```toml\n[dependencies]\nnvm-tx = \"0.1\"\n```\n\n\
                          ```rust\nfn main() {}\n```\n\n## Costs\n\n```rust\nfn other() {}\n```\n";

    #[test]
    fn the_program_is_what_stands_in_its_section() {
        let program = Program {
            manifest: "[dependencies]\nnvm-tx = \"0.1\"\n",
            source: "fn main() {}\n",
        };
        assert_eq!(extract(README), Ok(program));
        assert!(extract("# x\n").is_err());
        assert!(extract(&README.replace("toml", "text")).is_err());
    }

    #[test]
    fn hidden_lines_are_refused() {
        let hidden = README.replace("fn main", "# use x;\nfn main");
        assert!(extract(&hidden).unwrap_err().contains("# use x;"));
        let attribute = README.replace("fn main", "#[test]\nfn main");
        assert!(extract(&attribute).is_ok());
    }

    #[test]
    fn dependencies_get_a_path_and_keep_what_they_ask_for() {
        let manifest = "[dependencies]\nnvm-core = { version = \"0.1\", features = [\"sim\"] }\nnvm-tx = \"0.1\"\n";
        assert_eq!(
            with_paths(manifest, Path::new("/w")),
            "[dependencies]\n\
             nvm-core = { path = \"/w/nvm-core\", version = \"0.1\", features = [\"sim\"] }\n\
             nvm-tx = { path = \"/w/nvm-tx\", version = \"0.1\" }\n"
        );
        let others = "embedded-hal = \"1.0\"\n";
        assert_eq!(with_paths(others, Path::new("/w")), others);
    }
}
