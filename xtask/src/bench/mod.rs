//! `cargo xtask bench`: what operations cost on a Cortex-M3 in QEMU.
//!
//! | module | owns |
//! | --- | --- |
//! | `rows` | which operations there are, with the peers' numbers and the goals |
//! | `firmware` | the builds of the program that is measured |
//! | `emulate` | a run of an operation: clocks, and stores by class |
//! | `costs` | what an operation costs by itself |
//! | `profile` | the executed instructions of an operation by function |
//! | `image` | what lies in a program's file: sections, functions |
mod costs;
mod emulate;
mod firmware;
mod image;
mod profile;
mod rows;

use clap::Args;

use crate::firmware::emulator;
use costs::Costs;
use firmware::Build;
use rows::{GROUPS, Row};

/// Executed instructions, and bytes and stores of NVM by class. They repeat exactly, with the same compiler.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these operations, by the names that `--list` tells.
    operations: Vec<String>,
    /// Lists the operations.
    #[arg(long)]
    list: bool,
    /// Counts the executed instructions of each operation by function; what is inlined counts for the function that it is
    /// inlined in.
    #[arg(long, requires = "operations")]
    profile: bool,
    /// With `--profile`: of the build for few instructions, in place of that for little text.
    #[arg(long)]
    fast: bool,
    /// Lists the largest functions of a program: `bench`, or one of `cargo xtask firmware list`.
    #[arg(long, value_name = "PROGRAM")]
    functions: Option<String>,
}

/// Measures, and answers 0.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    if options.list {
        for row in GROUPS.iter().flat_map(|group| group.rows) {
            println!("{:<24} {}", row.name, row.label);
        }
        return Ok(0);
    }
    let build = if options.fast {
        Build::Fast
    } else {
        Build::Small
    };
    if let Some(program) = &options.functions {
        image::print_functions(&firmware::build(program, build)?)?;
        return Ok(0);
    }
    emulator::check()?;
    if options.profile {
        let program = firmware::build("bench", build)?;
        for name in &options.operations {
            profile::run(&program, find(name)?)?;
        }
        return Ok(0);
    }
    let programs = costs::Programs::build()?;
    for group in GROUPS {
        let rows: Vec<&Row> = group
            .rows
            .iter()
            .filter(|row| {
                options.operations.is_empty()
                    || options.operations.iter().any(|name| name == row.name)
            })
            .collect();
        if rows.is_empty() {
            continue;
        }
        println!("\n{}", group.title);
        for row in rows {
            let costs = programs.measure(row)?;
            print_row(row, &costs);
        }
    }
    Ok(0)
}

fn print_row(row: &Row, costs: &Costs) {
    let goal = row.goal.map_or_else(String::new, |(instructions, bytes)| {
        format!("{instructions} / {bytes}")
    });
    println!(
        "{:<64} small {:>6} fast {:>6} bytes {:>4} stores {:>3} goal {goal}",
        row.label,
        costs.small,
        costs.fast,
        costs.bytes(),
        costs.stores()
    );
}

fn find(name: &str) -> Result<&'static Row, String> {
    GROUPS
        .iter()
        .flat_map(|group| group.rows)
        .find(|row| row.name == name)
        .ok_or_else(|| format!("there is no operation `{name}`: see `cargo xtask bench --list`"))
}
