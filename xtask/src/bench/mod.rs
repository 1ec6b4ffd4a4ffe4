//! `cargo xtask bench`: what operations cost on a Cortex-M3 in QEMU, and on an MSP430 in mspdebug's simulator.
//!
//! | module | owns |
//! | --- | --- |
//! | `rows` | which operations there are, with the peers' numbers and the goals |
//! | `firmware` | the builds of the program that is measured |
//! | `emulate` | a run of an operation: clocks, and stores by class |
//! | `costs` | what an operation costs by itself |
//! | `profile` | the executed instructions of an operation by function |
//! | `image` | what lies in a program's file: sections, functions |
//! | `footprint` | what programs take of flash, RAM and NVM |
//! | `report` | what was measured, as tables and as JSON |
//! | `document` | its part of `BENCHMARKS.md`, and whether that still says so |
//! | `readmes` | the tables in the READMEs of single crates, which are projections of that |
//! | `msp430` | all of it for the other processor |

mod costs;
mod document;
pub(crate) mod emulate;
pub(crate) mod firmware;
mod footprint;
mod image;
mod msp430;
pub(crate) mod profile;
mod readmes;
mod report;
mod rows;

use std::fs;
use std::path::PathBuf;

use clap::Args;

use crate::firmware::{Target, emulator};
use firmware::Build;
use report::Report;
use rows::{GROUPS, Row};

/// Executed instructions, and bytes and stores of NVM by class, as tables and as `BENCHMARKS.md`. They repeat exactly,
/// with the same compiler.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // flags of a command line
pub(crate) struct Options {
    /// Only these operations, by the names that `--list` tells: as tables, and nothing is written.
    operations: Vec<String>,
    /// What it is measured on.
    #[arg(long, value_enum, default_value_t)]
    target: Target,
    /// Lists the operations.
    #[arg(long)]
    list: bool,
    /// Writes what was measured to a file, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes no `BENCHMARKS.md`, and fails where that does not fit any more: where it has other bytes or stores, or less
    /// than 97 % of the instructions or of the flash; or where a README does not fit to it.
    #[arg(long, conflicts_with = "operations")]
    check: bool,
    /// Writes the tables of costs in the crates' READMEs anew from `BENCHMARKS.md`, and measures nothing.
    #[arg(long, conflicts_with_all = ["operations", "check"])]
    readmes: bool,
    /// Counts the executed instructions of each operation by function; what is inlined counts for the function that it is
    /// inlined in.
    #[arg(long, requires = "operations")]
    profile: bool,
    /// With `--profile` or `--functions`: of the build for few instructions, in place of that for little text.
    #[arg(long)]
    fast: bool,
    /// Lists the functions of a program, the largest first: of `small-kernel`, `counter`, `bench`, or one of
    /// `cargo xtask firmware list`.
    #[arg(long, value_name = "PROGRAM")]
    functions: Option<String>,
}

/// Measures, and answers how much does not fit.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    if options.target == Target::Msp430 {
        return msp430::run(options);
    }
    if options.list {
        for row in GROUPS.iter().flat_map(|group| group.rows) {
            println!("{:<24} {}", row.name, row.label);
        }
        return Ok(0);
    }
    if options.readmes {
        readmes::write()?;
        return Ok(0);
    }
    let build = if options.fast {
        Build::Fast
    } else {
        Build::Small
    };
    if let Some(program) = &options.functions {
        image::print_functions(&firmware::build(program, build)?.path)?;
        return Ok(0);
    }
    emulator::check()?;
    if options.profile {
        let program = firmware::build("bench", build)?;
        for name in &options.operations {
            let row = find(name)?;
            profile::run(&program, row.name, row.label)?;
        }
        return Ok(0);
    }
    let report = measure(&options.operations)?;
    if let Some(file) = &options.json {
        let text = format!("{:#}\n", report.json());
        fs::write(file, text)
            .map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    }
    for table in report.tables() {
        println!("\n{}\n\n{table}", table.title);
    }
    println!("{}", report.summary());
    if options.check {
        return Ok(document::check(&report)? + readmes::check()?);
    }
    if options.operations.is_empty() {
        document::write(&report)?;
        readmes::write()?;
    }
    Ok(0)
}

/// Measures operations; all of them, and the footprint, where none is named.
fn measure(names: &[String]) -> Result<Report, String> {
    for name in names {
        find(name)?;
    }
    let programs = costs::Programs::build()?;
    let mut groups = Vec::new();
    for group in GROUPS {
        let mut rows = Vec::new();
        for row in group.rows {
            if names.is_empty() || names.iter().any(|name| name == row.name) {
                rows.push((row, programs.measure(row)?));
            }
        }
        if !rows.is_empty() {
            groups.push((group, rows));
        }
    }
    Ok(Report {
        groups,
        footprints: if names.is_empty() {
            footprint::measure()?
        } else {
            Vec::new()
        },
        nvm_of_a_task: footprint::nvm_of_a_task()?,
    })
}

fn find(name: &str) -> Result<&'static Row, String> {
    GROUPS
        .iter()
        .flat_map(|group| group.rows)
        .find(|row| row.name == name)
        .ok_or_else(|| format!("there is no operation `{name}`: see `cargo xtask bench --list`"))
}
