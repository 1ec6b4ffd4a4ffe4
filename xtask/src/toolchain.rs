//! Finds a compiler for a target without an operating system.
//!
//! Where rustup has the target, its own toolchain will do. Elsewhere `core` is built from source, with Debian's compiler,
//! which brings the source along.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest compiler that will do.
pub(crate) const RUST_VERSION: &str = env!("CARGO_PKG_RUST_VERSION");
/// Debian's compiler, and its library's source.
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CLIPPY: &str = "/usr/bin/cargo-clippy";
const DEBIAN_CORE: &str = "/usr/lib/rustlib/src/rust/library/core";

/// The workspace's top folder.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// The packages of others that Debian's library consists of, where it is built from its source.
pub(crate) fn library_packages() -> Option<PathBuf> {
    let vendor = Path::new(DEBIAN_CORE).parent()?.join("vendor");
    vendor.is_dir().then_some(vendor)
}

/// Where what is built for other targets goes: two compilers would build everything anew for each other.
pub(crate) fn target_dir(name: &str) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), PathBuf::from)
        .join(name)
}

/// `cargo build --release` for a target.
pub(crate) fn build(target: &str, target_dir: &Path) -> Result<Command, String> {
    build_with(target, target_dir, "release")
}

/// `cargo build` for a target, by a profile.
pub(crate) fn build_with(
    target: &str,
    target_dir: &Path,
    profile: &str,
) -> Result<Command, String> {
    cargo("build", target, target_dir, profile)
}

/// `cargo check` for a target.
pub(crate) fn check(target: &str, target_dir: &Path) -> Result<Command, String> {
    cargo("check", target, target_dir, "dev")
}

/// `cargo clippy` for a target.
pub(crate) fn clippy(target: &str, target_dir: &Path) -> Result<Command, String> {
    let mut clippy = cargo("clippy", target, target_dir, "dev")?;
    let cargo = Path::new(clippy.get_program()).to_owned();
    if cargo == Path::new(DEBIAN_CARGO) {
        if !is_there(DEBIAN_CLIPPY) {
            return Err(
                "no clippy for Debian's compiler: `apt-get install rust-web-clippy`".into(),
            );
        }
        // It takes the first one of the path, which may be another compiler's.
        let folders = env::var_os("PATH").unwrap_or_default();
        let folders = cargo
            .parent()
            .map(Path::to_owned)
            .into_iter()
            .chain(env::split_paths(&folders));
        let path = env::join_paths(folders).map_err(|error| format!("PATH: {error}"))?;
        clippy.env("PATH", path);
    }
    Ok(clippy)
}

fn cargo(
    subcommand: &str,
    target: &str,
    target_dir: &Path,
    profile: &str,
) -> Result<Command, String> {
    let mut build;
    if is_installed(target) {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        build = Command::new(cargo);
        build.arg(subcommand);
    } else if Path::new(DEBIAN_CORE).is_dir() && is_new_enough() {
        build = Command::new(DEBIAN_CARGO);
        build
            .args([subcommand, "-Z", "build-std=core"])
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", DEBIAN_RUSTC);
        // Debian's compiler comes without the linker that the target asks for.
        let target = target.replace('-', "_").to_uppercase();
        build.env(format!("CARGO_TARGET_{target}_LINKER"), "ld.lld");
    } else if target.starts_with("msp430") {
        return Err(format!(
            "no compiler with the source of its library, which {target} needs: on Debian `apt-get install rustc-web \
             cargo-web rust-web-src lld` (Rust {RUST_VERSION} or later)"
        ));
    } else {
        return Err(format!(
            "no core library for {target}: run `rustup target add {target}`, or on Debian `apt-get install rustc-web \
             cargo-web rust-web-src lld` (Rust {RUST_VERSION} or later)"
        ));
    }
    build
        .args(["--profile", profile, "--target", target, "--target-dir"])
        .arg(target_dir)
        .current_dir(root());
    Ok(build)
}

/// Runs a build.
pub(crate) fn run(build: &mut Command) -> Result<(), String> {
    let program = build.get_program().to_string_lossy().into_owned();
    match build.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{program}` failed: {status}")),
        Err(error) => Err(format!("`{program}` does not start: {error}")),
    }
}

/// Whether a program is there.
pub(crate) fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version");
    text(&mut command).is_some()
}

/// Whether rustup has the target.
fn is_installed(target: &str) -> bool {
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "list", "--installed"]);
    text(&mut rustup).is_some_and(|targets| targets.lines().any(|line| line == target))
}

/// Whether Debian's compiler is there, and new enough.
fn is_new_enough() -> bool {
    let mut rustc = Command::new(DEBIAN_RUSTC);
    rustc.arg("--version");
    let Some(answer) = text(&mut rustc) else {
        return false;
    };
    match (
        answer.split(' ').nth(1).and_then(version),
        version(RUST_VERSION),
    ) {
        (Some(found), Some(wanted)) => found >= wanted,
        _ => false,
    }
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// What a program prints, if it is there and succeeds.
fn text(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(version("1.96.0"), Some((1, 96)));
        assert!(version("1.100.0") > version("1.95"));
        assert_eq!(version("nightly"), None);
    }
}
