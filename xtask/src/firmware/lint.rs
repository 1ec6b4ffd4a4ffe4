//! `cargo xtask firmware lint`.

use super::board::Board;
use super::msp430;
use crate::toolchain;

/// The packages that are none of the workspace, with what each is built for, and what of it.
fn packages() -> [(&'static str, &'static str, &'static [&'static str]); 4] {
    let cortex_m = Board::default().target();
    [
        ("examples/firmware", cortex_m, &[]),
        // Not each program fits a Cortex-M0's machine.
        ("examples/firmware", Board::Microbit.target(), &["--lib"]),
        ("examples/board-template", cortex_m, &[]),
        ("examples/msp430", msp430::build::TARGET, &[]),
    ]
}

/// Runs clippy on each, whose warnings are errors.
pub(super) fn run() -> Result<u64, String> {
    for (package, target, parts) in packages() {
        println!("{package} for {target}:");
        let mut clippy = toolchain::clippy(target, &toolchain::target_dir("no-std"))?;
        clippy.current_dir(toolchain::root().join(package));
        clippy.args(parts).args(["--", "-D", "warnings"]);
        toolchain::run(&mut clippy)?;
    }
    Ok(0)
}
