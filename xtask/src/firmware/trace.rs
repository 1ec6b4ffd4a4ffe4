//! Which instructions a program executes: told by the emulator, which knows nothing of the sweep. The window is found by
//! the addresses of the two instructions with which the firmware opens and closes it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};

use tempfile::NamedTempFile;

use super::batch::Batch;
use super::board::Board;
use super::image::Image;

/// What a run executes while the window is open.
#[derive(Debug, Default)]
pub(super) struct Trace {
    /// How many instructions the firmware counts.
    pub(super) length: u32,
    /// The addresses of those that the emulator executes.
    pub(super) executed: BTreeSet<u64>,
}

impl Trace {
    /// Runs a program once without cuts.
    pub(super) fn take(board: Board, image: &Image, formatting: bool) -> Result<Self, String> {
        let log = NamedTempFile::new().map_err(|error| format!("no temporary file: {error}"))?;
        let batch = Batch {
            board,
            image,
            formatting,
            cuts: &[],
        };
        let length = batch.run(Some(log.path()), |_| {})?.length;
        let opens = image.symbol("__window_opens")?;
        let closes = image.symbol("__window_closes")?;
        let file = File::open(log.path()).map_err(|error| format!("no trace: {error}"))?;
        let mut executed = BTreeSet::new();
        let mut is_open = false;
        for line in BufReader::new(file).lines() {
            let line = line.map_err(|error| format!("the trace cannot be read: {error}"))?;
            let Some(address) = address_of(&line) else {
                continue;
            };
            if address == opens {
                is_open = true;
            } else if address == closes {
                is_open = false;
            } else if is_open {
                executed.insert(address);
            }
        }
        if executed.is_empty() {
            return Err("the emulator's trace shows no instruction within the window".into());
        }
        Ok(Self { length, executed })
    }
}

/// The address in a line such as `Trace 0: 0x7f0c34000100 [00000000/21800400/00000110/ff000001] `.
fn address_of(line: &str) -> Option<u64> {
    let (_, rest) = line.strip_prefix("Trace ")?.split_once('[')?;
    u64::from_str_radix(rest.split('/').nth(1)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_second_number_in_brackets() {
        let line = "Trace 0: 0x7f0c34000100 [00000110/21800400/00000110/ff000001] ";
        assert_eq!(address_of(line), Some(0x2180_0400));
        assert_eq!(
            address_of("Stopped execution of TB chain before 0x7f0c34000100"),
            None
        );
    }
}
