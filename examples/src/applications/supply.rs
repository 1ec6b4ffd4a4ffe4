//! When the power goes. Distances are in accesses to the NVM.

use intos::host::Random;

use super::run::Run;

/// How often the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Losses {
    /// So many times, in as many runs as that takes.
    InTotal(u64),
    /// After so many accesses on average.
    Every(u64),
}

/// What decides when the power goes.
pub trait Supply {
    /// After how many accesses it goes next; `None`: not before the end. So many transactions were committed, and the
    /// power went so often, in this run.
    fn next_cut(&mut self, committed: u32, power_losses: u64) -> Option<u64>;
}

/// The power stays.
#[derive(Debug, Clone, Copy)]
pub struct Steady;

impl Supply for Steady {
    fn next_cut(&mut self, _: u32, _: u64) -> Option<u64> {
        None
    }
}

/// Charges that last equally long on average.
#[derive(Debug, Clone, Copy)]
pub struct Even {
    random: Random,
    mean: u64,
}

impl Even {
    /// So many accesses a charge, on average.
    pub const fn new(seed: u64, mean: u64) -> Self {
        Self {
            random: Random::new(seed),
            mean,
        }
    }
}

impl Supply for Even {
    fn next_cut(&mut self, _: u32, _: u64) -> Option<u64> {
        Some(charge(&mut self.random, self.mean))
    }
}

/// Charges such that the power goes as often as was asked for, spread over a run; less often where they would be too
/// short for the run to come to its end.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    random: Random,
    losses: u64,
    accesses: u64,
    commits: u64,
    shortest_mean: u64,
}

impl Spread {
    /// So many losses in a run like an undisturbed one.
    pub fn new(seed: u64, losses: u64, undisturbed: &Run) -> Self {
        Self {
            random: Random::new(seed),
            losses,
            accesses: undisturbed.work.accesses,
            commits: undisturbed.work.transactions_run.max(1),
            // Beside that step a charge has to last for a start, and for what is replayed.
            shortest_mean: undisturbed.longest_step * 3 / 2,
        }
    }
}

impl Supply for Spread {
    fn next_cut(&mut self, committed: u32, power_losses: u64) -> Option<u64> {
        let losses_left = self.losses.checked_sub(power_losses)?;
        if losses_left == 0 {
            return None;
        }
        let commits_left = self.commits.saturating_sub(committed.into());
        let accesses_left =
            u128::from(self.accesses) * u128::from(commits_left) / u128::from(self.commits);
        // One charge more than losses, so that the last loss still falls into the run.
        let mean = accesses_left / (u128::from(losses_left) + 1);
        let mean = u64::try_from(mean).unwrap_or(u64::MAX / 2);
        Some(charge(&mut self.random, mean.max(self.shortest_mean)))
    }
}

/// A charge that lasts for so many accesses on average: at least for one, and for less than twice as many.
fn charge(random: &mut Random, mean: u64) -> u64 {
    1 + random.below(2 * mean.max(1) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_last_as_long_as_was_asked_for_on_average() {
        for mean in [1, 2, 200, 1_000] {
            let mut supply = Even::new(mean, mean);
            let charges: Vec<u64> = (0..20_000).filter_map(|_| supply.next_cut(0, 0)).collect();
            assert!(charges.iter().all(|charge| (1..2 * mean).contains(charge)));
            let sum: u64 = charges.iter().sum();
            let most = mean * charges.len() as u64 * 51 / 50;
            assert!((2 * mean * charges.len() as u64 - most..=most).contains(&sum));
        }
    }
}
