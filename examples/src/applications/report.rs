//! The tables.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table, presets};
use nvm_core::Class;

use super::application::Application;
use super::check::Verdict;

/// An application, and what came of it.
pub type Row<'v> = (&'static Application, &'v Verdict);

/// The results, and how they came about.
pub fn results(rows: &[Row<'_>]) -> Table {
    let mut table = table(&[
        "",
        "result",
        "",
        "runs",
        "power\nlosses",
        "transactions\nrun",
        "\nbypassed",
        "\nrolled back",
    ]);
    for (application, verdict) in rows {
        let result = if verdict.is_right() { "right" } else { "WRONG" };
        let work = &verdict.work;
        table.add_row([
            application.name.to_owned(),
            result.to_owned(),
            numbers(application, verdict),
            verdict.runs.to_string(),
            work.power_losses.to_string(),
            work.transactions_run.to_string(),
            work.transactions_bypassed.to_string(),
            work.transactions_rolled_back.to_string(),
        ]);
    }
    align(&mut table, 3);
    table
}

/// The bytes stored, by what they are for: in each run on average.
pub fn bytes(rows: &[Row<'_>]) -> Table {
    let mut heading = vec!["NVM bytes of a run"];
    heading.extend(Class::ALL.map(Class::name));
    heading.extend(["all", "without power loss"]);
    let mut table = table(&heading);
    for (application, verdict) in rows {
        let runs = verdict.runs.max(1);
        let classes = verdict.work.bytes.iter();
        let mut row = vec![application.name.to_owned()];
        row.extend(classes.map(|bytes| (bytes / runs).to_string()));
        row.push((verdict.work.all_bytes() / runs).to_string());
        row.push(verdict.undisturbed.work.all_bytes().to_string());
        table.add_row(row);
    }
    align(&mut table, 1);
    table
}

fn table(heading: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_BORDERS_ONLY)
        .set_header(heading);
    table
}

/// Aligns the numbers, which are in the columns from `first` on.
fn align(table: &mut Table, first: usize) {
    for column in table.column_iter_mut().skip(first) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// The results by their names, one a line.
fn numbers(application: &Application, verdict: &Verdict) -> String {
    let mut lines = String::new();
    for (name, number) in application.names.iter().zip(verdict.results) {
        let border = if lines.is_empty() { "" } else { "\n" };
        // A string takes everything.
        let _ = write!(lines, "{border}{name}: {number}");
    }
    lines
}
