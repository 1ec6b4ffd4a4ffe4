//! The tables of costs in the READMEs of single crates and in the book: projections of `BENCHMARKS.md`, between two marks.
//!
//! `cargo xtask bench` writes both; `cargo xtask bench --readmes` writes these alone, from the document as it is, and
//! measures nothing.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use crate::benchmarks;
use crate::table::{Table, number, parse_number};
use crate::toolchain;

const BEGIN: &str = "<!-- `cargo xtask bench` writes this table. -->";
const END: &str = "<!-- Behind it all is written by hand. -->";
/// By how many percent a README's instructions may differ from the document's.
const TOLERANCE_PERCENT: u64 = 5;
const INSTRUCTIONS: &str = "instructions, small / fast";

/// What a file shows of a table of the document.
struct Projection {
    file: &'static str,
    title: &'static str,
    rows: Rows,
    /// Its columns but the first, each with those of the document that it is made of.
    columns: &'static [(&'static str, &'static [&'static str])],
}

/// Which rows.
enum Rows {
    /// Those that begin so, without that.
    Of(&'static str),
    /// Those with these labels.
    Named(&'static [&'static str]),
}

const OF_A_CRATE: &[(&str, &[&str])] = &[
    (INSTRUCTIONS, &["insn, small", "insn, fast"]),
    ("NVM bytes", &["NVM bytes"]),
    ("stores", &["stores"]),
];

const fn of_crate(file: &'static str, prefix: &'static str) -> Projection {
    Projection {
        file,
        title: "Single crates, without the kernel",
        rows: Rows::Of(prefix),
        columns: OF_A_CRATE,
    }
}

/// All of them; those of a file in their order in it.
const PROJECTIONS: [Projection; 8] = [
    of_crate("nvm-core/README.md", "`nvm-core`: "),
    of_crate("nvm-tx/README.md", "`nvm-tx`: "),
    of_crate("nvm-alloc/README.md", "`nvm-alloc`: "),
    of_crate("nvm-ptr/README.md", "`nvm-ptr`: "),
    of_crate("nvm-list/README.md", "`nvm-list`: "),
    of_crate("replay/README.md", "`replay`: "),
    Projection {
        file: "book/src/cost-model.md",
        title: "Operations of the kernel",
        rows: Rows::Named(&[
            "transaction, empty",
            "transaction, one 4-byte write, logged",
            "queue: send + receive of one word, not blocking",
            "queue: ping-pong between two tasks, round trip",
            "semaphore: take + give",
            "allocate 16 bytes, and free them",
            "yield to a peer and back (2 switches)",
            "the same, 4 tasks",
        ]),
        columns: &[
            ("bytes stored", &["NVM bytes"]),
            (INSTRUCTIONS, &["insn, small", "insn, fast"]),
        ],
    },
    Projection {
        file: "book/src/cost-model.md",
        title: "Footprint",
        rows: Rows::Named(&[
            "the kernel: tasks, a queue, a semaphore, delays",
            "`nvm-core` alone: an atomic counter",
            "`nvm-tx` alone: an atomic counter",
        ]),
        columns: &[("flash", &["flash"]), ("RAM", &["RAM"]), ("NVM", &["NVM"])],
    },
];

fn path(file: &str) -> PathBuf {
    toolchain::root().join(file)
}

fn read(file: &str) -> Result<String, String> {
    let path = path(file);
    fs::read_to_string(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

/// The projections of each file.
fn by_file() -> Vec<(&'static str, Vec<&'static Projection>)> {
    let mut files: Vec<(&str, Vec<&Projection>)> = Vec::new();
    for projection in &PROJECTIONS {
        match files.iter_mut().find(|(file, _)| *file == projection.file) {
            Some((_, projections)) => projections.push(projection),
            None => files.push((projection.file, vec![projection])),
        }
    }
    files
}

/// Writes all tables.
pub(super) fn write() -> Result<(), String> {
    let document = Table::parse(&benchmarks::read()?);
    for (file, projections) in by_file() {
        let old = read(file)?;
        let (mut new, mut rest) = (String::new(), old.as_str());
        for projection in projections {
            let (before, _, behind) = parts(rest).ok_or_else(|| unmarked(file))?;
            let table = projected(&document, projection)?;
            // Writing to a string cannot fail.
            let _ = write!(new, "{before}{BEGIN}\n\n{table}\n{END}");
            rest = behind;
        }
        new.push_str(rest);
        if new != old {
            let path = path(file);
            fs::write(&path, new)
                .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        }
    }
    Ok(())
}

/// What of the tables does not fit to the document.
fn complaints() -> Result<Vec<String>, String> {
    let document = Table::parse(&benchmarks::read()?);
    let mut complaints = Vec::new();
    for (file, projections) in by_file() {
        let text = read(file)?;
        let mut rest = text.as_str();
        for projection in projections {
            let Some((_, shown, behind)) = parts(rest) else {
                complaints.push(unmarked(file));
                break;
            };
            let shown = Table::parse(shown).into_iter().next();
            let shown = shown.unwrap_or_else(|| Table::new("", &[]));
            let what = compare(&shown, &projected(&document, projection)?);
            complaints.extend(what.into_iter().map(|what| format!("{file}: {what}")));
            rest = behind;
        }
    }
    Ok(complaints)
}

fn unmarked(file: &str) -> String {
    format!("{file}: there are not enough tables between `{BEGIN}` and `{END}`")
}

/// What stands before the table, the table, and what stands behind it.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (table, behind) = rest.split_once(END)?;
    Some((before, table, behind))
}

/// A table as it is to be shown.
fn projected(document: &[Table], projection: &Projection) -> Result<Table, String> {
    let missing = |what: &str| {
        let title = projection.title;
        format!("BENCHMARKS.md has no `{what}` in `{title}`: `cargo xtask bench` writes it")
    };
    let whole = document
        .iter()
        .find(|table| table.title == projection.title)
        .ok_or_else(|| missing("row"))?;
    let rows: Vec<(&str, &[String])> = match &projection.rows {
        Rows::Of(prefix) => whole
            .rows
            .iter()
            .filter_map(|row| Some((row.first()?.strip_prefix(prefix)?, row.as_slice())))
            .collect(),
        Rows::Named(labels) => labels
            .iter()
            .map(|label| Ok((*label, whole.row(label).ok_or_else(|| missing(label))?)))
            .collect::<Result<_, String>>()?,
    };
    if let (true, Rows::Of(prefix)) = (rows.is_empty(), &projection.rows) {
        return Err(missing(prefix));
    }
    let mut header = vec!["operation"];
    header.extend(projection.columns.iter().map(|(name, _)| *name));
    let mut table = Table::new("", &header);
    for (label, row) in rows {
        let mut cells = vec![label.to_owned()];
        for (_, parts) in projection.columns {
            let mut numbers = Vec::new();
            for part in *parts {
                let position = whole.header.iter().position(|name| name == part);
                let cell = position.and_then(|position| row.get(position));
                numbers.push(cell.ok_or_else(|| missing(part))?.as_str());
            }
            cells.push(numbers.join(" / "));
        }
        table.rows.push(cells);
    }
    Ok(table)
}

/// What of a README's table does not fit to what it should be.
fn compare(shown: &Table, expected: &Table) -> Vec<String> {
    let mut complaints = Vec::new();
    for row in &shown.rows {
        if expected.row(&row[0]).is_none() {
            complaints.push(format!("`{}` is not measured", row[0]));
        }
    }
    for row in &expected.rows {
        let Some(old) = shown.row(&row[0]) else {
            complaints.push(format!("`{}` is missing", row[0]));
            continue;
        };
        for ((column, cell), old) in expected.header.iter().zip(row).zip(old).skip(1) {
            let fits = if column == INSTRUCTIONS || column == "flash" {
                are_near(cell, old)
            } else {
                cell == old
            };
            if !fits {
                let what = format!("{}: {column}: {old}, and BENCHMARKS.md says {cell}", row[0]);
                complaints.push(what);
            }
        }
        if old.len() != row.len() {
            complaints.push(format!("`{}` has other columns", row[0]));
        }
    }
    complaints
}

/// Whether `a / b` is near to `c / d`.
fn are_near(expected: &str, shown: &str) -> bool {
    let numbers =
        |text: &str| -> Option<Vec<u64>> { text.split(" / ").map(parse_number).collect() };
    let (Some(expected), Some(shown)) = (numbers(expected), numbers(shown)) else {
        return false;
    };
    let is_near = |(expected, shown): (&u64, &u64)| {
        expected.abs_diff(*shown) * 100 <= expected * TOLERANCE_PERCENT
    };
    expected.len() == shown.len() && expected.iter().zip(&shown).all(is_near)
}

/// Prints what does not fit, and answers how much.
pub(super) fn check() -> Result<u64, String> {
    let complaints = complaints()?;
    for complaint in &complaints {
        println!("{complaint}");
    }
    if complaints.is_empty() {
        println!("the READMEs and the book say what BENCHMARKS.md says");
    } else {
        let all = number(complaints.len() as u64);
        println!(
            "{all} numbers in READMEs and the book: `cargo xtask bench --readmes` writes them anew"
        );
    }
    Ok(complaints.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readmes_and_the_book_say_what_the_document_says() {
        let complaints = complaints();
        assert_eq!(
            complaints,
            Ok(Vec::new()),
            "`cargo xtask bench --readmes` writes them anew"
        );
    }

    fn table(rows: &[[&str; 4]]) -> Table {
        let mut table = Table::new("", &["operation", INSTRUCTIONS, "NVM bytes", "stores"]);
        for row in rows {
            table.rows.push(row.map(str::to_owned).to_vec());
        }
        table
    }

    #[test]
    fn instructions_may_be_near_and_bytes_must_be_equal() {
        let measured = table(&[["a word", "1,000 / 100", "16", "4"]]);
        let complaints = |row| compare(&table(&[row]), &measured);
        assert!(complaints(["a word", "1,050 / 95", "16", "4"]).is_empty());
        assert_eq!(
            complaints(["a word", "1,051 / 100", "16", "4"]),
            ["a word: instructions, small / fast: 1,051 / 100, and BENCHMARKS.md says 1,000 / 100"]
        );
        assert_eq!(
            complaints(["a word", "1,000 / 100", "17", "4"]),
            ["a word: NVM bytes: 17, and BENCHMARKS.md says 16"]
        );
        assert_eq!(
            complaints(["a byte", "1,000 / 100", "16", "4"]),
            ["`a byte` is not measured", "`a word` is missing"]
        );
        assert!(!complaints(["a word", "many", "16", "4"]).is_empty());
    }

    #[test]
    fn a_crate_gets_its_own_rows() {
        let mut document = Table::new(
            "Single crates, without the kernel",
            &[
                "operation",
                "insn, small",
                "insn, fast",
                "NVM bytes",
                "stores",
                "data",
            ],
        );
        for label in ["`nvm-tx`: a word", "`replay`: a word"] {
            let cells = [label, "9", "8", "7", "6", "5"].map(str::to_owned);
            document.rows.push(cells.to_vec());
        }
        let projected = |prefix| {
            projected(
                std::slice::from_ref(&document),
                &of_crate("README.md", prefix),
            )
        };
        let expected = table(&[["a word", "9 / 8", "7", "6"]]);
        assert_eq!(projected("`nvm-tx`: "), Ok(expected));
        assert!(projected("`nvm-core`: ").is_err());
    }
}
