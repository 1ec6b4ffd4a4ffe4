//! The part of `BENCHMARKS.md` about operations: what was measured between what was written by hand.

use std::fmt::Write;

use super::report::{BY_COMPILER, EXACT, Report};
use crate::benchmarks::{self, Kind, Part};

/// How it was measured.
const METHOD: &str = include_str!("method.md");
/// Why goals are not met, and what was tried.
const NOTES: &str = include_str!("notes.md");

/// The whole document.
fn render(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{}\n\n{}", METHOD.trim_end(), report.summary());
    for table in report.tables() {
        let _ = writeln!(text, "## {}\n\n{table}", table.title);
    }
    let missed = report.missed();
    let _ = writeln!(text, "## {}\n", missed.title);
    if missed.rows.is_empty() {
        let _ = writeln!(text, "None: all are met.\n");
    } else {
        let _ = writeln!(text, "{missed}");
    }
    let _ = writeln!(text, "{}", NOTES.trim_end());
    text
}

/// Writes it.
pub(super) fn write(report: &Report) -> Result<(), String> {
    benchmarks::write(Part::Operations, &render(report))
}

/// Prints what does not fit to the document any more, and answers how much.
pub(super) fn check(report: &Report) -> Result<u64, String> {
    let kind = |_: &str, column: &str| {
        if EXACT.contains(&column) {
            Kind::Exact
        } else if BY_COMPILER.contains(&column) {
            Kind::ByCompiler
        } else {
            Kind::Other
        }
    };
    benchmarks::check(&report.tables(), kind, "cargo xtask bench")
}
