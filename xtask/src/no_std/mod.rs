//! `cargo xtask no-std`: what is checked here becomes programs in `cargo xtask firmware build`.

mod features;

use std::process::Command;

use crate::toolchain;

/// All that must compile without the standard library, by package.
const PACKAGES: [&str; 12] = [
    "nvm-core",
    "nvm-tx",
    "nvm-alloc",
    "nvm-ptr",
    "nvm-list",
    "intos-spi-fram",
    "intos-replay",
    "intos-sched",
    "intos-ipc",
    "intos",
    "example-programs",
    "example-applications",
];

/// A core of each kind that the ports are made for, and what is checked for it.
const TARGETS: [(&str, &str); 4] = [
    ("thumbv7m-none-eabi", "intos/critical-section"),
    ("thumbv7em-none-eabihf", "intos/critical-section"),
    ("thumbv6m-none-eabi", "intos/critical-section"),
    // Its `usize` has 16 bits, and it has no atomic operations.
    (
        "msp430-none-elf",
        "intos/msp430,intos/critical-section,nvm-core/embedded-storage",
    ),
];

/// What else to do.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Also checks each combination of the features that a device may have, of each crate and of firmware.
    #[arg(long)]
    features: bool,
}

/// Checks them, and answers how many failed.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    for (target, features) in TARGETS {
        let mut check = check(target)?;
        check.args(["--features", features]);
        check.args(PACKAGES.map(|package| format!("--package={package}")));
        toolchain::run(&mut check)?;
    }
    println!(
        "{} packages checked for {}",
        PACKAGES.len(),
        TARGETS.map(|(target, _)| target).join(", ")
    );
    if options.features {
        features::check_all()
    } else {
        Ok(0)
    }
}

/// `cargo check` for a target, without any default feature and as on an ordinary computer without warnings. All of them share
/// what the library is compiled to.
fn check(target: &str) -> Result<Command, String> {
    let mut check = toolchain::check(target, &toolchain::target_dir("no-std"))?;
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    check
        .args(["--quiet", "--no-default-features"])
        .env("RUSTFLAGS", format!("{flags} -D warnings").trim_start());
    Ok(check)
}
