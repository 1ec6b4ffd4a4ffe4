//! Tables of Markdown: written, and read again.

use std::fmt;

/// A table under a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(title: &str, header: &[&str]) -> Self {
        Self {
            title: title.to_owned(),
            header: header.iter().map(|&cell| cell.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// The row that begins with this cell.
    pub(crate) fn row(&self, first: &str) -> Option<&[String]> {
        let row = self.rows.iter().find(|row| row[0] == first)?;
        Some(row)
    }

    /// All tables of a document that stand under a heading of the second level.
    pub(crate) fn parse(document: &str) -> Vec<Self> {
        let mut tables = Vec::new();
        let mut title = "";
        let mut open: Option<Self> = None;
        for line in document.lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                title = heading;
            }
            let Some(cells) = cells(line) else {
                tables.extend(open.take());
                continue;
            };
            match &mut open {
                None => {
                    open = Some(Self {
                        title: title.to_owned(),
                        header: cells,
                        rows: Vec::new(),
                    });
                }
                Some(_) if cells.iter().all(|cell| cell.starts_with("--")) => {}
                Some(table) => table.rows.push(cells),
            }
        }
        tables.extend(open);
        tables
    }
}

fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(
        inner
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect(),
    )
}

impl fmt::Display for Table {
    /// Without its title; numbers to the right.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.header.len())
            .map(|column| {
                let cells = self.rows.iter().chain([&self.header]);
                let lengths = cells.filter_map(|row| Some(row.get(column)?.chars().count()));
                lengths.max().unwrap_or(0).max(3)
            })
            .collect();
        let line = |f: &mut fmt::Formatter<'_>, row: &[String]| {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if column == 0 {
                    write!(f, "| {cell:<width$} ")?;
                } else {
                    write!(f, "| {cell:>width$} ")?;
                }
            }
            writeln!(f, "|")
        };
        line(f, &self.header)?;
        for (column, width) in widths.iter().enumerate() {
            let end = if column == 0 { '-' } else { ':' };
            write!(f, "| {}{end} ", "-".repeat(width - 1))?;
        }
        writeln!(f, "|")?;
        self.rows.iter().try_for_each(|row| line(f, row))
    }
}

/// A number for people: `12,345`.
pub(crate) fn number(value: impl Into<u64>) -> String {
    let digits = value.into().to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Such a number, read again.
pub(crate) fn parse_number(text: &str) -> Option<u64> {
    text.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_as_it_was_written() {
        let mut table = Table::new("costs", &["operation", "bytes"]);
        table.rows.push(vec!["a long one".into(), number(1_234u32)]);
        table.rows.push(vec!["none".into(), String::new()]);
        let document = format!("# all\n\n## costs\n\ntext\n\n{table}\n## more\n\ntext\n");
        assert_eq!(Table::parse(&document), [table]);
    }

    #[test]
    fn numbers_have_commas() {
        for (value, text) in [
            (0u32, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(number(value), text);
            assert_eq!(parse_number(text), Some(value.into()));
        }
    }
}
