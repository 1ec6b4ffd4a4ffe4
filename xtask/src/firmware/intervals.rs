//! Power losses at intervals: what the firmware is told of them, and tells, by the words that are described in
//! `examples/firmware/src/intervals.rs`.

use std::time::Duration;

use super::emulator::NvmFile;
use super::image::Image;

/// `INTV`.
const MAGIC: u32 = u32::from_le_bytes(*b"INTV");
const WORDS: usize = 6;
/// The machine's clock.
const CLOCK_HZ: u128 = 25_000_000;
/// An interval of fewer clocks ends before the program has begun.
const FEWEST_CLOCKS: u32 = 100;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Intervals {
    mean_clocks: u32,
    seed: u32,
}

/// What became of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) losses: u32,
    /// The most starts in a row in which no transaction was committed.
    pub(super) most_starts_without_commit: u32,
}

impl Intervals {
    /// Between two power losses this time passes, on average.
    pub(super) fn new(mean: Duration, seed: u64) -> Result<Self, String> {
        let clocks = mean.as_nanos() * CLOCK_HZ / 1_000_000_000;
        // Twice as many are counted by a register of 32 bits.
        match u32::try_from(clocks) {
            Ok(mean_clocks) if (FEWEST_CLOCKS..=u32::MAX / 2).contains(&mean_clocks) => Ok(Self {
                mean_clocks,
                seed: (seed ^ seed >> 32) as u32,
            }),
            _ => Err(format!(
                "power losses every {} cannot be made: an interval has {FEWEST_CLOCKS} to {} clocks of 40 ns, and this has {clocks}",
                humantime::format_duration(mean),
                u32::MAX / 2
            )),
        }
    }

    /// Tells the firmware.
    pub(super) fn ask(self, image: &Image, nvm: &NvmFile) -> Result<(), String> {
        let words: [u32; WORDS] = [MAGIC, self.mean_clocks, self.seed, 0, 0, 0];
        nvm.set_words(image.symbol("__sweep_control")?, &words)
    }

    /// Reads what the firmware tells.
    pub(super) fn read(image: &Image, nvm: &NvmFile) -> Result<Told, String> {
        match nvm.words(image.symbol("__sweep_control")?, WORDS)?[..] {
            [_, _, _, losses, _, most_starts_without_commit] => Ok(Told {
                losses,
                most_starts_without_commit,
            }),
            _ => Err("the firmware's words are not there".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_clocks_that_the_machine_can_count() {
        let clocks = |mean| Intervals::new(mean, 1).map(|intervals| intervals.mean_clocks);
        assert_eq!(clocks(Duration::from_millis(1)), Ok(25_000));
        assert!(clocks(Duration::ZERO).is_err());
        assert!(clocks(Duration::from_hours(1)).is_err());
    }
}
