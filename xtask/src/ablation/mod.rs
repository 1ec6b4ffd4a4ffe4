//! `cargo xtask ablation`: what the applications of the paper cost, and what each thing that is done about power losses
//! adds to that.
//!
//! | module | owns |
//! | --- | --- |
//! | `applications` | which applications there are, and what `IntOS` takes |
//! | `variant` | what is built: the whole, and less |
//! | `measure` | each application in each build |
//! | `report` | what was measured, as tables and as JSON |
//! | `chart` | the same as a picture |

mod applications;
mod chart;
mod measure;
mod report;
mod variant;

use std::fs;
use std::path::PathBuf;

use clap::Args;

use crate::benchmarks::{self, Part};
use crate::firmware::emulator;
use applications::APPLICATIONS;
use report::Report;
use variant::Variant;

/// How it is measured, and what the columns mean.
const METHOD: &str = include_str!("method.md");
/// What follows from it.
const NOTES: &str = include_str!("notes.md");

/// Instructions and bytes of NVM of each application without crash consistency, with plain undo logging, and with each of
/// three optimisations, alone and together. They repeat exactly, with the same compiler. Writes tables and a chart into
/// `BENCHMARKS.md`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these applications: as tables, and nothing is written.
    applications: Vec<String>,
    /// Writes what was measured to a file, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Writes no `BENCHMARKS.md`, and fails where that does not fit any more: where it has other bytes or stores, or less
    /// than 97 % of the instructions.
    #[arg(long, conflicts_with = "applications")]
    check: bool,
    /// Counts the executed instructions of each of these applications by function, in place of all else: of the whole,
    /// built for little text.
    #[arg(long, requires = "applications", conflicts_with_all = ["json", "check"])]
    profile: bool,
}

/// Measures, and answers how much does not fit.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    emulator::check()?;
    let applications = if options.applications.is_empty() {
        APPLICATIONS.iter().collect()
    } else {
        let names = options.applications.iter();
        names
            .map(|name| applications::find(name))
            .collect::<Result<Vec<_>, _>>()?
    };
    if options.profile {
        measure::profile(&applications)?;
        return Ok(0);
    }
    let results = measure::measure(&applications, &Variant::ALL)?;
    let report = Report::new(&applications, &results)?;
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
        return benchmarks::check(&report.tables(), report::kind, "cargo xtask ablation");
    }
    if options.applications.is_empty() {
        chart::write(&report)?;
        benchmarks::write(Part::Applications, &report.document(METHOD, NOTES))?;
    }
    Ok(0)
}
