//! The part of `BENCHMARKS.md` about an MSP430.

use std::fmt::Write;

use super::{costs, footprint};
use crate::benchmarks::{self, Kind, Part};
use crate::table::Table;

/// How it was measured.
const METHOD: &str = include_str!("method.md");

/// Writes it.
pub(super) fn write(tables: &[Table]) -> Result<(), String> {
    let mut text = format!("{}\n\n", METHOD.trim_end());
    for table in tables {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "## {}\n\n{table}", table.title);
    }
    benchmarks::write(Part::Msp430, &text)
}

/// Prints what does not fit to the document any more, and answers how much.
pub(super) fn check(tables: &[Table]) -> Result<u64, String> {
    let kind = |_: &str, column: &str| {
        if costs::EXACT.contains(&column) || column == footprint::EXACT {
            Kind::Exact
        } else if costs::BY_COMPILER.contains(&column) || column == footprint::BY_COMPILER {
            Kind::ByCompiler
        } else {
            Kind::Other
        }
    };
    benchmarks::check(tables, kind, "cargo xtask bench --target msp430")
}
