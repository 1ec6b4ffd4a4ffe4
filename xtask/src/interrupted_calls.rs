//! `cargo xtask interrupted-calls`.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};

use clap::Args;
use intos_simulation::cases::{self, Case, Peers};
use intos_simulation::explore::{Depth, explore};

use crate::parallel;

/// Each call is made in several situations, with peers that are less urgent, as urgent and more urgent, for memories
/// that store 1, 2 and 4 bytes at once. The power is cut before every store, and again in the recovery.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often each recovery is cut again.
    #[arg(long, value_name = "N", default_value_t = 40)]
    second_cuts: u64,
    /// Among how many of the first stores of the recovery; all of them are cut where `--second-cuts` is as large.
    #[arg(long, value_name = "N", default_value_t = 40)]
    among: u64,
    /// A third cut follows each second one.
    #[arg(long)]
    thrice: bool,
    /// Only the calls whose names contain this.
    #[arg(long, value_name = "NAME")]
    call: Option<String>,
    /// On how many threads; all processors where it is left out.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

const ATOMS: [usize; 3] = [1, 2, 4];

/// Runs them, and answers how many failed.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    let cases: Vec<Case> = cases::all()
        .into_iter()
        .filter(|case| {
            options
                .call
                .as_ref()
                .is_none_or(|name| case.call.contains(name.as_str()))
        })
        .collect();
    if cases.is_empty() {
        let name = options.call.as_deref().unwrap_or_default();
        return Err(format!("no call's name contains `{name}`"));
    }
    let depth = Depth {
        second_cuts: options.second_cuts,
        among: options.among,
        thrice: options.thrice,
    };
    let all: Vec<(&Case, Peers, usize)> = cases
        .iter()
        .flat_map(|case| Peers::ALL.map(|peers| (case, peers)))
        .flat_map(|(case, peers)| ATOMS.map(|atom| (case, peers, atom)))
        .collect();
    let bar = parallel::progress_bar(all.len() as u64, "programs");
    let (mut cuts, mut failed) = (0, 0);
    parallel::for_each(
        all.len() as u64,
        options.jobs,
        |piece| {
            let Some((case, peers, atom)) = all.get(piece as usize) else {
                return Err("there is no such program".into());
            };
            catch_unwind(AssertUnwindSafe(|| {
                explore(&case.plan(*peers), case.settings(*atom), depth)
            }))
            .unwrap_or_else(|_| Err("it panics".into()))
        },
        |piece, result| {
            match (result, all.get(piece as usize)) {
                (Ok(explored), _) => cuts += explored,
                (Err(error), Some((case, peers, atom))) => {
                    failed += 1;
                    bar.suspend(|| {
                        println!(
                            "{}, {}, peers {peers:?}, ATOM {atom}: {error}",
                            case.call, case.situation
                        );
                    });
                }
                (Err(_), None) => failed += 1,
            }
            bar.inc(1);
            bar.set_message(format!("{cuts} power losses, {failed} failed"));
            true
        },
    );
    bar.finish_and_clear();
    println!(
        "{} situations, {} programs: {cuts} power losses, {failed} failed",
        cases.len(),
        all.len()
    );
    Ok(failed)
}
