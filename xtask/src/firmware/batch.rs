//! What an emulator is given of a sweep, and what it answers: by words in the memory that the file keeps, which are
//! described in `examples/firmware/src/sweep.rs`, and by lines of text.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use super::board::Board;
use super::cuts::Cuts;
use super::emulator::{self, NvmFile, Time};
use super::image::Image;

/// `SWEP`.
const MAGIC: u32 = 0x5045_5753;
/// Words of the sweep's control before the list of cuts.
const CONTROL_WORDS: usize = 16;
/// A run takes some milliseconds.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// Part of a sweep: one emulator, one run for each of the cuts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch<'a> {
    pub(super) board: Board,
    pub(super) image: &'a Image,
    /// Whether the first boot's formatting is cut, or all that follows it.
    pub(super) formatting: bool,
    pub(super) cuts: &'a [Cuts],
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Which of the runs failed, and why.
    pub(super) failures: Vec<(Cuts, String)>,
    /// Instructions in the window, in a run without cuts.
    pub(super) length: u32,
    /// The most instructions from a start to a task's first step in it: its recovery included.
    pub(super) recovery: u32,
    /// Runs that ended before their second cut.
    pub(super) ended_early: u64,
    /// Runs whose cut left the NVM as the run before them had found it, which ended well.
    pub(super) unfinished: u64,
    /// The addresses before which the power was cut first.
    pub(super) cut_at: BTreeSet<u64>,
}

impl Batch<'_> {
    /// Runs all of it; `each` is told how many runs more have ended. `log`: see [`emulator::start`].
    pub(super) fn run(
        &self,
        log: Option<&Path>,
        mut each: impl FnMut(u64),
    ) -> Result<Outcome, String> {
        let control = self.image.symbol("__sweep_control")?;
        let nvm = NvmFile::open(None)?;
        let mut words = vec![0; CONTROL_WORDS];
        words[0] = MAGIC;
        words[1] = self.cuts.len() as u32;
        words[2] = self.formatting.into();
        words.extend(self.cuts.iter().flat_map(|cuts| [cuts.first, cuts.second]));
        nvm.set_words(control, &words)?;
        let mut qemu = emulator::start(self.board, self.image, &nvm, Time::INSTRUCTIONS, log)?;
        let ended = match qemu.stdout.take() {
            Some(output) => self.follow(&emulator::lines(output), &mut each),
            None => Err("the emulator has no output".into()),
        };
        // It has ended by itself, where all is well.
        if ended.is_err() {
            let _ = qemu.kill();
        }
        qemu.wait()
            .map_err(|error| format!("the emulator does not end: {error}"))?;
        let words = nvm.words(control, CONTROL_WORDS)?;
        Ok(Outcome {
            failures: ended?,
            length: words[6],
            recovery: words[7],
            ended_early: words[8].into(),
            unfinished: words[15].into(),
            cut_at: self.visited(&nvm)?,
        })
    }

    /// Reads what the firmware tells until it says that it is at its end: which runs failed.
    fn follow(
        &self,
        lines: &Receiver<String>,
        each: &mut impl FnMut(u64),
    ) -> Result<Vec<(Cuts, String)>, String> {
        let mut failures = Vec::new();
        let mut told = 0;
        let mut last = String::from("the start");
        loop {
            let Ok(line) = lines.recv_timeout(LONGEST_SILENCE) else {
                return Err(format!("the firmware went silent after: {last}"));
            };
            match line.split_once(' ') {
                Some(("run", run)) => {
                    let run = run.parse().unwrap_or(told);
                    each(run - told);
                    told = run;
                }
                Some(("failed", what)) => {
                    let (run, reason) = what.split_once(": ").unwrap_or((what, ""));
                    let cuts = run.parse().ok().and_then(|run: usize| self.cuts.get(run));
                    let cuts = cuts.ok_or_else(|| format!("there is no such run: {line}"))?;
                    failures.push((*cuts, reason.to_owned()));
                }
                None if line == "end" => {
                    each(self.cuts.len() as u64 - told);
                    return Ok(failures);
                }
                _ => return Err(line),
            }
            last = line;
        }
    }

    fn visited(&self, nvm: &NvmFile) -> Result<BTreeSet<u64>, String> {
        let start = self.image.symbol("__program_start")?;
        let halfwords = (self.image.symbol("__program_end")? - start) / 2;
        let words = nvm.words(
            self.image.symbol("__sweep_visited")?,
            (halfwords / 32) as usize,
        )?;
        Ok((0..halfwords)
            .filter(|bit| {
                words
                    .get((bit / 32) as usize)
                    .is_some_and(|word| word >> (bit % 32) & 1 == 1)
            })
            .map(|bit| start + 2 * bit)
            .collect())
    }
}
