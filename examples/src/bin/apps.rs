//! The applications of the paper on the host, with as many power losses as you like.
//!
//! `cargo run --release -p examples --bin apps -- --all` runs all of them.

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};
use examples::applications::application::Application;
use examples::applications::check::{self, Progress, Trial, Verdict};
use examples::applications::list::{self, APPLICATIONS};
use examples::applications::supply::Losses;
use examples::applications::{duration, report};
use indicatif::{ProgressBar, ProgressStyle};

/// Runs the applications of the paper (OSDI '24) with power losses, and checks their results.
///
/// Each result is compared with the expected one (at scale 1), with the same computation written plainly, and with a run
/// without power loss. The power goes before arbitrary accesses to the simulated NVM, after this was formatted.
///
/// Time passes with accesses: on the host a microsecond is one access to the NVM, a load or an atomic store of up to 4
/// bytes.
///
/// Exit status: 0 if all results agree, 1 if one does not or if a program comes to no end, 2 on bad use.
#[derive(Debug, Parser)]
#[command(name = "apps", version)]
struct Options {
    /// Which applications.
    #[arg(value_name = "NAME", value_parser = names())]
    names: Vec<String>,
    /// All of them.
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// The power goes N times in each application, spread at random over its run. An application that is too short for
    /// so many runs again, with other seeds, until it went N times in all.
    #[arg(long, value_name = "N", default_value_t = 300)]
    losses: u64,
    /// The power goes after random times of DURATION on average instead: `1ms`, `200us`. A microsecond is one access to
    /// the NVM.
    #[arg(long, value_name = "DURATION", value_parser = duration::accesses, conflicts_with = "losses")]
    losses_every: Option<u64>,
    /// What all random decisions follow from: the same seed gives the same runs, to the last store.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Multiplies the outer iterations of each application.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    scale: u16,
}

fn names() -> PossibleValuesParser {
    APPLICATIONS
        .iter()
        .map(|application| application.name)
        .into()
}

impl Options {
    /// The applications, each once.
    fn applications(&self) -> Vec<&'static Application> {
        if self.all {
            return APPLICATIONS.iter().collect();
        }
        let mut chosen: Vec<&Application> = Vec::new();
        for application in self.names.iter().filter_map(|name| list::find(name)) {
            if !chosen.iter().any(|other| other.name == application.name) {
                chosen.push(application);
            }
        }
        chosen
    }

    fn trial(&self) -> Trial {
        Trial {
            losses: match self.losses_every {
                Some(mean) => Losses::Every(mean),
                None => Losses::InTotal(self.losses),
            },
            seed: self.seed,
            scale: self.scale,
        }
    }

    /// The command that repeats the trial of one application.
    fn repeat(&self, application: &Application) -> String {
        let losses = match self.losses_every {
            Some(mean) => format!("--losses-every {mean}us"),
            None => format!("--losses {}", self.losses),
        };
        format!(
            "cargo run --release -p examples --bin apps -- {} {losses} --seed {} --scale {}",
            application.name, self.seed, self.scale
        )
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let applications = options.applications();
    if applications.is_empty() {
        let names: Vec<&str> = APPLICATIONS.iter().map(|of| of.name).collect();
        let reason = format!("name applications ({}), or give --all", names.join(", "));
        Options::command()
            .error(ErrorKind::MissingRequiredArgument, reason)
            .exit();
    }
    if run(&options, &applications) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    }
}

/// Puts the applications through their trials, and answers whether all results are right.
fn run(options: &Options, applications: &[&'static Application]) -> bool {
    let mut verdicts = Vec::new();
    let mut errors = Vec::new();
    for application in applications {
        let bar = progress_bar(application.name);
        let show = &mut |progress| show(&bar, progress);
        let verdict = check::check(application, options.trial(), show);
        bar.finish_and_clear();
        match verdict {
            Ok(verdict) => verdicts.push((*application, verdict)),
            Err(error) => errors.push((*application, error)),
        }
    }
    if !verdicts.is_empty() {
        let rows: Vec<report::Row<'_>> = verdicts
            .iter()
            .map(|(of, verdict)| (*of, verdict))
            .collect();
        println!("{}\n{}", report::results(&rows), report::bytes(&rows));
    }
    let is_right = errors.is_empty() && verdicts.iter().all(|(_, verdict)| verdict.is_right());
    println!(
        "same results as {}computed plainly and without power loss: {}",
        if options.scale == 1 { "expected, " } else { "" },
        if is_right { "yes" } else { "no" }
    );
    for (application, verdict) in &verdicts {
        tell_disagreements(options, application, verdict);
    }
    for (application, error) in &errors {
        eprintln!("error: {}: {error}", application.name);
        eprintln!("  repeat with: {}", options.repeat(application));
    }
    is_right
}

fn tell_disagreements(options: &Options, application: &Application, verdict: &Verdict) {
    for disagreement in &verdict.disagreements {
        println!("  {}, {disagreement}", application.name);
    }
    if !verdict.is_right() {
        println!("  repeat with: {}", options.repeat(application));
    }
}

fn progress_bar(name: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(1);
    if let Ok(style) = ProgressStyle::with_template("{prefix:5} {wide_bar} {percent:3}%, {msg}") {
        bar.set_style(style);
    }
    bar.set_prefix(name);
    bar.set_message("power losses: 0");
    bar
}

fn show(bar: &ProgressBar, progress: Progress) {
    if bar.position() != progress.done {
        bar.set_length(progress.all);
        bar.set_position(progress.done);
        bar.set_message(format!("power losses: {}", progress.power_losses));
    }
}
