//! `cargo xtask readme-programs`: the complete program of each README, copied out as a reader would, built and run.
//!
//! A program becomes a package of its own in a temporary folder, outside of the workspace: what its README does not
//! name as a dependency or a feature it does not have. The only thing that is added to the `Cargo.toml` lines of the
//! README is where this workspace's crates lie.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::toolchain;

/// The folders of the crates whose README has one.
const CRATES: [&str; 6] = [
    "nvm-core",
    "nvm-tx",
    "nvm-alloc",
    "nvm-ptr",
    "nvm-list",
    "replay",
];
/// The section that it stands in.
const SECTION: &str = "## A complete program\n";

/// A program as a README has it.
#[derive(Debug, PartialEq)]
struct Program<'a> {
    /// The lines for `Cargo.toml`.
    manifest: &'a str,
    /// `src/main.rs`.
    source: &'a str,
}

/// Answers how many of the programs failed.
pub(crate) fn run() -> Result<u64, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let mut failed = 0;
    for name in CRATES {
        match check(name, &folder.path().join(name)) {
            Ok(said) => println!("{name}: builds and runs\n{said}"),
            Err(error) => {
                println!("{name}: {error}");
                failed += 1;
            }
        }
    }
    println!(
        "{} of {} programs build and run as they stand",
        CRATES.len() as u64 - failed,
        CRATES.len()
    );
    Ok(failed)
}

/// Copies the program of a crate's README into a folder, builds it and runs it; answers what it printed.
fn check(name: &str, package: &Path) -> Result<String, String> {
    let root = toolchain::root();
    let readme = root.join(name).join("README.md");
    let readme = fs::read_to_string(&readme)
        .map_err(|error| format!("cannot read {}: {error}", readme.display()))?;
    let program = extract(&readme)?;
    let manifest = format!(
        "[package]\nname = \"readme-of-{name}\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [lints.rust]\nwarnings = \"deny\"\n\n{}",
        with_paths(program.manifest, &root)?
    );
    write(&package.join("Cargo.toml"), &manifest)?;
    write(&package.join("src/main.rs"), program.source)?;
    // The versions of everything else are those of the workspace.
    let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
    write(&package.join("Cargo.lock"), &lock)?;

    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let output = Command::new(cargo)
        .args(["run", "--quiet", "--target-dir"])
        .arg(toolchain::target_dir("readme-programs"))
        .current_dir(package)
        .stdin(Stdio::null())
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

fn write(path: &Path, text: &str) -> Result<(), String> {
    let failed = |error| format!("cannot write {}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
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
fn with_paths(manifest: &str, root: &Path) -> Result<String, String> {
    let mut lines = Vec::new();
    for line in manifest.lines() {
        let Some((name, value)) = line.split_once(" = ") else {
            lines.push(line.to_owned());
            continue;
        };
        if !CRATES.contains(&name) {
            return Err(format!("`{name}` is not one of this workspace's crates"));
        }
        let path = root.join(name);
        let path = format!("path = {:?}", path.display().to_string());
        lines.push(match value.strip_prefix("{ ") {
            Some(rest) => format!("{name} = {{ {path}, {rest}"),
            None => format!("{name} = {{ {path}, version = {value} }}"),
        });
    }
    Ok(lines.join("\n") + "\n")
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
            with_paths(manifest, Path::new("/w")).unwrap(),
            "[dependencies]\n\
             nvm-core = { path = \"/w/nvm-core\", version = \"0.1\", features = [\"sim\"] }\n\
             nvm-tx = { path = \"/w/nvm-tx\", version = \"0.1\" }\n"
        );
        assert!(with_paths("serde = \"1\"\n", Path::new("/w")).is_err());
    }
}
