//! `BENCHMARKS.md`: three parts, each of them written by a command of its own; and whether it still says what is measured.

use std::fs;
use std::path::PathBuf;

use crate::table::{Table, number, parse_number};
use crate::toolchain;

/// Between the parts.
const BORDER: &str = "<!-- What follows is written by `cargo xtask ablation`, what is above it by `cargo xtask bench`. -->";
const BORDER_OF_MSP430: &str =
    "<!-- What follows is written by `cargo xtask bench --target msp430`. -->";

/// By how many percent instructions and sizes may be more than the document says: another version of the compiler may
/// come to other ones. What is stored in NVM does not depend on it.
const TOLERANCE_PERCENT: u64 = 3;

/// A part of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// What operations cost.
    Operations,
    /// What applications cost, and what each thing that is done about power losses adds to that.
    Applications,
    /// What operations cost on another processor.
    Msp430,
}

/// How a column's numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// They depend on the compiler.
    ByCompiler,
    /// They do not.
    Exact,
    /// They are not compared.
    Other,
}

fn path() -> PathBuf {
    toolchain::root().join("BENCHMARKS.md")
}

/// The document.
pub(crate) fn read() -> Result<String, String> {
    let path = path();
    fs::read_to_string(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

/// Writes a part, and leaves the other one as it is.
pub(crate) fn write(part: Part, text: &str) -> Result<(), String> {
    let path = path();
    let old = if path.exists() {
        read()?
    } else {
        String::new()
    };
    let (rest, msp430) = old.split_once(BORDER_OF_MSP430).unwrap_or((&old, ""));
    let (operations, applications) = rest.split_once(BORDER).unwrap_or((rest, ""));
    let [operations, applications, msp430] = match part {
        Part::Operations => [text, applications, msp430],
        Part::Applications => [operations, text, msp430],
        Part::Msp430 => [operations, applications, text],
    }
    .map(str::trim);
    let new =
        format!("{operations}\n\n{BORDER}\n\n{applications}\n\n{BORDER_OF_MSP430}\n\n{msp430}\n");
    fs::write(&path, new).map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

/// Prints what does not fit to the document any more, and answers how much. `command` writes it anew; `kind` tells of a
/// table's title and column how it is compared.
pub(crate) fn check(
    measured: &[Table],
    kind: impl Fn(&str, &str) -> Kind,
    command: &str,
) -> Result<u64, String> {
    let complaints = compare(&Table::parse(&read()?), measured, kind);
    for complaint in &complaints {
        println!("{complaint}");
    }
    if complaints.is_empty() {
        println!("BENCHMARKS.md says what was measured");
    } else {
        println!("where that is as it should be: {command}");
    }
    Ok(complaints.len() as u64)
}

/// What differs between the tables of a document and those that were measured now.
fn compare(
    documented: &[Table],
    measured: &[Table],
    kind: impl Fn(&str, &str) -> Kind,
) -> Vec<String> {
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
                    complaints.push(format!("{}: there is no column `{column}`", table.title));
                    continue;
                };
                let (Some(now), Some(before)) = (parse_number(cell), parse_number(old_cell)) else {
                    continue;
                };
                let differs = match kind(&table.title, column) {
                    Kind::Exact => now != before,
                    Kind::ByCompiler => now > before + before * TOLERANCE_PERCENT / 100,
                    Kind::Other => false,
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

    fn kind(_: &str, column: &str) -> Kind {
        match column {
            "insn, fast" => Kind::ByCompiler,
            "NVM bytes" => Kind::Exact,
            _ => Kind::Other,
        }
    }

    fn compare(documented: &[Table], measured: &[Table]) -> Vec<String> {
        super::compare(documented, measured, kind)
    }

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
