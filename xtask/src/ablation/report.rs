//! What was measured, as tables and as JSON.
#![allow(clippy::cast_precision_loss)] // of numbers that are shown to a few digits

use std::fmt::Write;

use serde_json::{Value, json};

use super::applications::Application;
use super::chart;
use super::measure::{Costs, Results};
use super::variant::Variant;
use crate::bench::emulate::{CLASS_NAMES, stored_json};
use crate::benchmarks::Kind;
use crate::table::{Table, number};

const APPLICATIONS: &str = "The applications";
const INSTRUCTIONS: &str = "Instructions of the applications, by what is done about power losses";
const BYTES: &str = "NVM bytes of the applications, by what is done about power losses";
/// Between the numbers of a build and what they are of those without crash consistency.
const RELATIVE: &str = "times";

/// How a column is compared.
pub(super) fn kind(title: &str, column: &str) -> Kind {
    match title {
        APPLICATIONS if column.starts_with("insn") => Kind::ByCompiler,
        APPLICATIONS if column == "NVM bytes" || column == "stores" => Kind::Exact,
        INSTRUCTIONS if !column.starts_with(RELATIVE) => Kind::ByCompiler,
        BYTES if !column.starts_with(RELATIVE) => Kind::Exact,
        _ => Kind::Other,
    }
}

/// An application's costs in each build.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) application: &'static Application,
    /// Instructions of the whole, built for few of them.
    fast: u64,
    costs: [Costs; Variant::ALL.len()],
}

impl Row {
    pub(super) const fn costs(&self, variant: Variant) -> &Costs {
        &self.costs[variant as usize]
    }

    fn all(&self) -> &Costs {
        self.costs(Variant::All)
    }
}

/// Everything.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) rows: Vec<Row>,
}

impl Report {
    pub(super) fn new(
        applications: &[&'static Application],
        results: &Results,
    ) -> Result<Self, String> {
        let row = |application: &&'static Application| {
            let costs: Result<Vec<Costs>, String> = Variant::ALL
                .iter()
                .map(|variant| results.costs(application, *variant))
                .collect();
            Ok(Row {
                application,
                fast: results.fast(application)?,
                costs: costs?
                    .try_into()
                    .map_err(|_| "a build was not measured".to_owned())?,
            })
        };
        let rows: Result<Vec<Row>, String> = applications.iter().map(row).collect();
        Ok(Self { rows: rows? })
    }

    /// All tables.
    pub(super) fn tables(&self) -> Vec<Table> {
        vec![
            self.applications(),
            self.by_variant(
                INSTRUCTIONS,
                |costs| costs.small,
                |application| [application.intos_none.0, application.intos.0],
            ),
            self.by_variant(BYTES, Costs::bytes, |application| {
                [application.intos_none.1, application.intos.1]
            }),
        ]
    }

    fn applications(&self) -> Table {
        let mut header = vec![
            "application",
            "insn, small",
            "insn, fast",
            "IntOS, insn",
            "NVM bytes",
            "stores",
        ];
        header.extend(CLASS_NAMES);
        header.extend(["IntOS, bytes", "of IntOS's bytes"]);
        let mut table = Table::new(APPLICATIONS, &header);
        for row in &self.rows {
            let (all, intos) = (row.all(), row.application.intos);
            let mut cells = vec![
                row.application.name.to_owned(),
                number(all.small),
                number(row.fast),
                thousands(intos.0),
                number(all.bytes()),
                number(all.stores()),
            ];
            cells.extend(all.stored.map(|(bytes, stores)| match stores {
                0 => String::new(),
                _ => format!("{} / {}", number(bytes), number(stores)),
            }));
            let percent = all.bytes() as f64 / intos.1 / 10.0;
            cells.extend([thousands(intos.1), format!("{percent:.0} %")]);
            table.rows.push(cells);
        }
        table
    }

    fn by_variant(
        &self,
        title: &str,
        of: impl Fn(&Costs) -> u64,
        intos: impl Fn(&Application) -> [f64; 2],
    ) -> Table {
        let relative = Variant::ALL[1..]
            .iter()
            .map(|variant| format!("{RELATIVE}, {}", variant.label()));
        let header: Vec<String> = std::iter::once("application".to_owned())
            .chain(Variant::ALL.map(|variant| variant.label().to_owned()))
            .chain(relative)
            .chain([format!("{RELATIVE}, IntOS")])
            .collect();
        let mut table = Table {
            title: title.to_owned(),
            header,
            rows: Vec::new(),
        };
        for row in &self.rows {
            let none = of(row.costs(Variant::None)) as f64;
            let values = row.costs.map(|costs| of(&costs));
            let [intos_none, intos] = intos(row.application);
            let mut cells = vec![row.application.name.to_owned()];
            cells.extend(values.map(number));
            cells.extend(values[1..].iter().map(|value| times(*value as f64, none)));
            cells.push(times(intos, intos_none));
            table.rows.push(cells);
        }
        table
    }

    /// How many goals there are, and how many are met.
    pub(super) fn summary(&self) -> String {
        let count =
            |is_met: &dyn Fn(&Row) -> bool| self.rows.iter().filter(|row| is_met(row)).count();
        let all = self.rows.len();
        let bytes =
            count(&|row| row.all().bytes() as f64 * 4.0 <= row.application.intos.1 * 1000.0);
        let fast = count(&|row| (row.fast as f64) < row.application.intos.0 * 1000.0);
        let small = count(&|row| (row.all().small as f64) < row.application.intos.0 * 1000.0);
        format!(
            "- at most a quarter of IntOS's NVM bytes: {bytes} of {all} applications\n\
             - fewer instructions than IntOS, build for few of them: {fast} of {all}\n\
             - fewer instructions than IntOS, build for little text: {small} of {all}\n"
        )
    }

    /// The part of `BENCHMARKS.md`.
    pub(super) fn document(&self, method: &str, notes: &str) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}\n\n{}", method.trim_end(), self.summary());
        for table in self.tables() {
            let _ = writeln!(text, "## {}\n\n{table}", table.title);
        }
        let _ = writeln!(text, "{}\n", chart::markdown());
        let _ = writeln!(text, "{}", notes.trim_end());
        text
    }

    /// All of it, for programs.
    pub(super) fn json(&self) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(row_json).collect();
        json!({ "applications": rows })
    }
}

fn row_json(row: &Row) -> Value {
    let variants: serde_json::Map<String, Value> = Variant::ALL
        .iter()
        .map(|&variant| {
            let costs = row.costs(variant);
            let value = json!({
                "description": variant.description(),
                "instructions_small": costs.small,
                "bytes": costs.bytes(),
                "stores": costs.stores(),
                "stored": stored_json(costs.stored),
            });
            (variant.label().to_owned(), value)
        })
        .collect();
    let intos = |(instructions, bytes): (f64, f64)| json!({ "kilo_instructions": instructions, "kilobytes": bytes });
    json!({
        "name": row.application.name,
        "instructions_fast": row.fast,
        "builds": variants,
        "intos": intos(row.application.intos),
        "intos_without_crash_consistency": intos(row.application.intos_none),
    })
}

/// How often `other` is in a value.
fn times(value: f64, other: f64) -> String {
    if other > 0.0 {
        format!("{:.2}", value / other)
    } else {
        String::new()
    }
}

/// Thousands, for people.
#[allow(clippy::cast_sign_loss)]
fn thousands(value: f64) -> String {
    number((value * 1000.0).round() as u64)
}
