//! `cargo xtask manifests`: what manifests say must be true, and all that a registry shows must be there.

mod registry;
mod rust_version;

pub(crate) use registry::SHARED_FILES;

use crate::toolchain;
use crate::workspace;

/// What to be strict about.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Fails where the compiler is not of the version that the manifests state: what runs with another one does not show
    /// that the statement is true.
    #[arg(long)]
    stated_compiler: bool,
}

/// Answers how many statements are wrong or missing.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    let root = toolchain::root();
    let mut packages = workspace::packages(&root)?;
    for folder in workspace::others()? {
        packages.extend(workspace::packages(&folder)?);
    }
    let mut wrong = rust_version::check(&root, &packages, options.stated_compiler)?;
    let published: Vec<_> = packages
        .iter()
        .filter(|package| package.is_published)
        .collect();
    for package in &published {
        wrong.extend(registry::check(&root, package, &published));
    }
    for wrong in &wrong {
        println!("{wrong}");
    }
    println!(
        "{} packages, {} of them for the registry: {} statements wrong or missing",
        packages.len(),
        published.len(),
        wrong.len()
    );
    Ok(wrong.len() as u64)
}
