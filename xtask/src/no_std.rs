//! `cargo xtask no-std`.

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

/// A core of each kind that the ports are made for.
const TARGETS: [&str; 3] = [
    "thumbv7m-none-eabi",
    "thumbv7em-none-eabihf",
    "thumbv6m-none-eabi",
];

/// Builds them, and answers how many failed.
pub(crate) fn run() -> Result<u64, String> {
    for target in TARGETS {
        let mut build = toolchain::build(target, &toolchain::target_dir("no-std"))?;
        build.args(["--no-default-features", "--features=intos/critical-section"]);
        build.args(PACKAGES.map(|package| format!("--package={package}")));
        toolchain::run(&mut build)?;
    }
    println!(
        "{} packages built for {}",
        PACKAGES.len(),
        TARGETS.join(", ")
    );
    Ok(0)
}
