//! What programs take of FRAM and SRAM.

use crate::bench::image;
use crate::firmware::build::Profile;
use crate::firmware::msp430::build;
use crate::table::{Table, number};

/// The column that depends on the compiler, and the one that does not.
pub(super) const BY_COMPILER: &str = "program in FRAM";
pub(super) const EXACT: &str = "variables in SRAM";

/// Bytes of each program, built for little text.
pub(super) fn measure() -> Result<Table, String> {
    let header = ["program", BY_COMPILER, EXACT];
    let mut table = Table::new("Footprint on an MSP430", &header);
    let mut row = |label: String, program: &str| {
        let program = build::build_with(program, Profile::Release, "")?;
        let sizes = image::sizes(&program.path)?;
        table
            .rows
            .push(vec![label, number(sizes.flash), number(sizes.ram)]);
        Ok::<(), String>(())
    };
    row(
        "`nvm-core` alone: an atomic counter".into(),
        "double-buffer",
    )?;
    row("`nvm-tx` alone: an atomic counter".into(), "counter")?;
    for program in build::programs()? {
        row(format!("example `{program}`"), &program)?;
    }
    Ok(table)
}
