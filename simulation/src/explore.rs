//! Cuts a program before every store from its first boot on, and again in the recovery.

use intos::host::{Random, Settings};

use crate::history::{End, Run};
use crate::plan::Plan;

/// How thoroughly a program is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Of each recovery, the power goes again before so many stores of the first ones: before each of them, or
    /// before a random one of them if there are fewer to be cut.
    pub second_cuts: u64,
    /// Among how many of the first stores of the recovery.
    pub among: u64,
    /// A third cut follows each second one, in the next recovery.
    pub thrice: bool,
}

/// Runs the program once for each store, with the power cut there, and once more for each second cut. Answers how
/// many power losses there were.
///
/// # Errors
///
/// What did not agree with the model, and at which cuts.
pub fn explore(plan: &Plan, settings: Settings, depth: Depth) -> Result<u64, String> {
    let start = Run::new(plan, settings).first_boot()?;
    let whole = Run::from_first_boot(plan, settings, &start);
    finish(&whole).map_err(|error| format!("without a cut: {error}"))?;
    let stores = whole.stores();
    let mut random = Random::new(settings.seed);
    let mut power_losses = 0;
    for cut in 0..stores {
        let cuts = cut_at(plan, settings, &start, &[cut])?;
        power_losses += cuts.0;
        let among = depth.among.min(cuts.1);
        for nth in 0..depth.second_cuts.min(among) {
            let second = if depth.second_cuts >= among {
                nth
            } else {
                random.below(among)
            };
            let third = random.below(8);
            let all = [cut, second, third];
            let used = if depth.thrice { &all[..] } else { &all[..2] };
            power_losses += cut_at(plan, settings, &start, used)?.0;
        }
    }
    Ok(power_losses)
}

/// Runs the program with these cuts, each so many stores after the one before. Answers how many power losses there
/// were, and how many stores the last recovery and all after it took.
fn cut_at(
    plan: &Plan,
    settings: Settings,
    start: &[u8],
    cuts: &[u64],
) -> Result<(u64, u64), String> {
    let run = Run::from_first_boot(plan, settings, start);
    let mut power_losses = 0;
    let failed = |error| format!("cuts {cuts:?}: {error}");
    for cut in cuts {
        run.machine.cut_after(*cut);
        if run.power_cycle().map_err(failed)? != End::PowerLost {
            return Ok((power_losses, 0));
        }
        power_losses += 1;
    }
    let before = run.stores();
    finish(&run).map_err(failed)?;
    Ok((power_losses, run.stores() - before))
}

fn finish(run: &Run) -> Result<(), String> {
    run.machine.cut_never();
    if run.power_cycle()? == End::PowerLost {
        return Err("the power went without a cut".into());
    }
    run.verdict()
}
