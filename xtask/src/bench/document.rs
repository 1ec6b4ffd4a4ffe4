//! `BENCHMARKS.md`: what was measured between what was written by hand; and whether it is still so.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use super::report::{BY_COMPILER, EXACT, Report};
use super::table::{Table, number, parse_number};
use crate::toolchain;

/// How it was measured.
const METHOD: &str = include_str!("method.md");
/// Why goals are not met, and what was tried.
const NOTES: &str = include_str!("notes.md");

/// By how many percent instructions and sizes may be more than the document says: another version of the compiler may
/// come to other ones. What is stored in NVM does not depend on it.
const TOLERANCE_PERCENT: u64 = 3;

fn path() -> PathBuf {
    toolchain::root().join("BENCHMARKS.md")
}

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
    let path = path();
    fs::write(&path, render(report))
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

/// Prints what does not fit to the document any more, and answers how much.
pub(super) fn check(report: &Report) -> Result<u64, String> {
    let path = path();
    let document = fs::read_to_string(&path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let complaints = compare(&Table::parse(&document), &report.tables());
    for complaint in &complaints {
        println!("{complaint}");
    }
    if complaints.is_empty() {
        println!("BENCHMARKS.md says what was measured");
    } else {
        println!("where that is as it should be: cargo xtask bench");
    }
    Ok(complaints.len() as u64)
}

/// What differs between the tables of a document and those that were measured now.
fn compare(documented: &[Table], measured: &[Table]) -> Vec<String> {
    let mut complaints = Vec::new();
    for table in measured {
        let Some(old) = documented.iter().find(|old| old.title == table.title) else {
            complaints.push(format!("there is no table `{}`", table.title));
            continue;
        };
        for row in &old.rows {
            if table.row(&row[0]).is_none() {
                complaints.push(format!("{}: is not measured any more", row[0]));
            }
        }
        for row in &table.rows {
            let Some(old_row) = old.row(&row[0]) else {
                complaints.push(format!("{}: is new", row[0]));
                continue;
            };
            for (column, cell) in table.header.iter().zip(row) {
                let position = old.header.iter().position(|name| name == column);
                let Some(old_cell) = position.and_then(|position| old_row.get(position)) else {
                    continue;
                };
                let (Some(now), Some(before)) = (parse_number(cell), parse_number(old_cell)) else {
                    continue;
                };
                let differs = if EXACT.contains(&column.as_str()) {
                    now != before
                } else if BY_COMPILER.contains(&column.as_str()) {
                    now > before + before * TOLERANCE_PERCENT / 100
                } else {
                    false
                };
                if differs {
                    complaints.push(format!(
                        "{}: {column} {}, not {}",
                        row[0],
                        number(now),
                        number(before)
                    ));
                }
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(instructions: u32, bytes: u32) -> Vec<Table> {
        let mut table = Table::new("t", &["operation", "insn, fast", "NVM bytes"]);
        let row = vec!["send".into(), number(instructions), number(bytes)];
        table.rows.push(row);
        vec![table]
    }

    #[test]
    fn more_bytes_or_fewer_are_told_and_much_more_instructions() {
        let document = table(1_000, 16);
        assert!(compare(&document, &table(1_000, 16)).is_empty());
        assert!(compare(&document, &table(1_030, 16)).is_empty());
        assert!(compare(&document, &table(500, 16)).is_empty());
        assert_eq!(compare(&document, &table(1_031, 16)).len(), 1);
        assert_eq!(compare(&document, &table(1_000, 17)).len(), 1);
        assert_eq!(compare(&document, &table(1_000, 15)).len(), 1);
    }

    #[test]
    fn a_row_that_is_new_or_gone_is_told() {
        let mut other = table(1, 1);
        other[0].rows[0][0] = "receive".into();
        assert_eq!(compare(&table(1, 1), &other).len(), 2);
    }
}
