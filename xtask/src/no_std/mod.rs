//! `cargo xtask no-std`.

mod features;

use crate::toolchain;

/// All that must build without the standard library, by package.
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

/// A core of each kind that the ports are made for, and what is built for it.
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

/// Builds them, and answers how many failed.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    for (target, features) in TARGETS {
        let mut build = toolchain::build(target, &toolchain::target_dir("no-std"))?;
        build.args(["--no-default-features", "--features", features]);
        build.args(PACKAGES.map(|package| format!("--package={package}")));
        toolchain::run(&mut build)?;
    }
    println!(
        "{} packages built for {}",
        PACKAGES.len(),
        TARGETS.map(|(target, _)| target).join(", ")
    );
    if options.features {
        features::check_all()
    } else {
        Ok(0)
    }
}
