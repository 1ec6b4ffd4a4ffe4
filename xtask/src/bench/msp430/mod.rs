//! `cargo xtask bench --target msp430`: what operations of single crates cost on an MSP430FR5994 in mspdebug's simulator.
//!
//! | module | owns |
//! | --- | --- |
//! | `operations` | which operations there are |
//! | `costs` | what one costs by itself |
//! | `footprint` | what programs take of FRAM and SRAM |
//! | `document` | its part of `BENCHMARKS.md`, and whether that still says so |

mod costs;
mod document;
mod footprint;
mod operations;

use super::Options;
use crate::firmware::msp430::simulator;
use costs::Programs;

/// Measures, and answers how much does not fit.
pub(super) fn run(options: &Options) -> Result<u64, String> {
    if options.json.is_some() || options.profile || options.functions.is_some() {
        return Err("of an MSP430 there are the tables alone".into());
    }
    if options.list {
        for row in operations::rows() {
            println!("{:<24} {}", row.name, row.label);
        }
        return Ok(0);
    }
    simulator::check()?;
    let is_wanted = |name: &str| {
        options.operations.is_empty() || options.operations.iter().any(|wanted| wanted == name)
    };
    for name in &options.operations {
        if !operations::rows().any(|row| row.name == name) {
            return Err(format!(
                "there is no operation `{name}`: see `cargo xtask bench --list --target msp430`"
            ));
        }
    }
    let programs = Programs::build()?;
    let mut measured = Vec::new();
    for row in operations::rows().filter(|row| is_wanted(row.name)) {
        measured.push((row, programs.measure(row)?));
    }
    let mut tables = vec![costs::table(&measured)];
    if options.operations.is_empty() {
        tables.push(footprint::measure()?);
    }
    for table in &tables {
        println!("\n{}\n\n{table}", table.title);
    }
    if options.check {
        return document::check(&tables);
    }
    if options.operations.is_empty() {
        document::write(&tables)?;
    }
    Ok(0)
}
