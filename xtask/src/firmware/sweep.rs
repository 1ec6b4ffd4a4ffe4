//! `cargo xtask firmware sweep`.

use std::io::{Seek, SeekFrom, Write};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use clap::Args;

use super::build;
use super::emulator::{self, NvmFile};
use crate::parallel;

/// Each cut is named by the clocks after which it comes, of 40 ns; an instruction takes 64 ns, so that none is left out.
/// Sleeping is not counted.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which program: see `cargo xtask firmware list`.
    program: String,
    /// The first cut.
    #[arg(long, value_name = "N", default_value_t = 1)]
    from: u32,
    /// The cut before which the sweep ends; the program's end, where it is left out.
    #[arg(long, value_name = "M")]
    to: Option<u32>,
    /// How much later each cut is.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    step: u32,
    /// How often the power is cut again, after random times of the order of a recovery.
    #[arg(long, value_name = "N", default_value_t = 0)]
    again: u32,
    /// Counts from the reset on, so that the first boot's formatting is cut too.
    #[arg(long)]
    formatting: bool,
    /// How many emulators run at a time; as many as there are processors, where it is left out.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

/// Where the firmware's `__sweep_control` lies in the file.
const CONTROL_AT: u64 = 0x00FF_F000;
/// `SWEP`.
const MAGIC: u32 = 0x5045_5753;
/// Cuts of an emulator.
const PIECE: u32 = 250;
/// A run takes some milliseconds.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);

/// Sweeps, and answers how many runs failed.
pub(crate) fn run(options: &Options) -> Result<u64, String> {
    emulator::check()?;
    let program = build::build(&options.program)?;
    let length = measure(&program, options)?;
    let to = options.to.unwrap_or(length).min(length);
    let cuts = u64::from(to.saturating_sub(options.from)).div_ceil(options.step.into());
    println!("{}: {length} clocks, {cuts} cuts", options.program);
    let bar = parallel::progress_bar(cuts, "cuts");
    let began = Instant::now();
    let (mut passed, mut failed) = (0u64, 0u64);
    let mut broken = None;
    parallel::for_each(
        cuts.div_ceil(PIECE.into()),
        options.jobs,
        |piece| {
            let span = PIECE.saturating_mul(options.step);
            let from = options.from + piece as u32 * span;
            sweep(
                &program,
                options,
                from,
                from.saturating_add(span).min(to),
                || bar.inc(1),
            )
        },
        |_, result| match result {
            Ok(piece) => {
                passed += piece.passed;
                failed += piece.failures.len() as u64;
                for (cut, reason) in piece.failures {
                    bar.suspend(|| tell(options, cut, &reason));
                }
                bar.set_message(format!("{failed} failed"));
                true
            }
            Err(error) => {
                broken = Some(error);
                false
            }
        },
    );
    bar.finish_and_clear();
    if let Some(error) = broken {
        return Err(error);
    }
    let milliseconds = began.elapsed().as_millis();
    println!("{milliseconds} ms");
    println!("{} cuts, {failed} failed", passed + failed);
    Ok(failed)
}

fn tell(options: &Options, cut: u32, reason: &str) {
    println!("cut {cut}: {reason}");
    print!(
        "repeat with: cargo xtask firmware sweep {} --from {cut}",
        options.program
    );
    print!(" --to {}", cut.saturating_add(1));
    if options.again > 0 {
        print!(" --again {}", options.again);
    }
    if options.formatting {
        print!(" --formatting");
    }
    println!();
}

/// Part of a sweep.
#[derive(Debug, Default)]
struct Piece {
    passed: u64,
    /// After how many clocks each was cut, and what was wrong.
    failures: Vec<(u32, String)>,
    length: Option<u32>,
}

/// How many clocks a run without cuts takes.
fn measure(program: &Path, options: &Options) -> Result<u32, String> {
    let piece = sweep(program, options, u32::MAX, 0, || {})?;
    piece
        .length
        .ok_or_else(|| "the firmware did not tell how long it runs".into())
}

/// Sweeps in one emulator; `to` 0: to the program's end.
fn sweep(
    program: &Path,
    options: &Options,
    from: u32,
    to: u32,
    mut each: impl FnMut(),
) -> Result<Piece, String> {
    let nvm = NvmFile::open(None)?;
    let mut words = [0; 13];
    words[..5].copy_from_slice(&[MAGIC, from, to, options.step, options.again]);
    words[12] = options.formatting.into();
    let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    let mut file = nvm.file()?;
    file.seek(SeekFrom::Start(CONTROL_AT))
        .and_then(|_| file.write_all(&bytes))
        .map_err(|error| nvm.cannot(&error))?;
    let mut qemu = emulator::start(program, &nvm, true)?;
    let mut piece = Piece::default();
    let ended = match qemu.stdout.take() {
        Some(output) => follow(&emulator::lines(output), &mut piece, &mut each),
        None => Err("the emulator has no output".into()),
    };
    // It has ended by itself, where all is well.
    if ended.is_err() {
        let _ = qemu.kill();
    }
    qemu.wait()
        .map_err(|error| format!("the emulator does not end: {error}"))?;
    ended.map(|()| piece)
}

/// Reads what the firmware tells until it says that it is at its end.
fn follow(
    lines: &Receiver<String>,
    piece: &mut Piece,
    each: &mut impl FnMut(),
) -> Result<(), String> {
    let mut last = String::from("the start");
    loop {
        let Ok(line) = lines.recv_timeout(LONGEST_SILENCE) else {
            return Err(format!("the firmware went silent after: {last}"));
        };
        match line.split_once(' ') {
            Some(("length", clocks)) => piece.length = clocks.parse().ok(),
            Some(("passed", _)) => {
                piece.passed += 1;
                each();
            }
            Some(("failed", what)) => {
                let (cut, reason) = what.split_once(": ").unwrap_or((what, ""));
                piece
                    .failures
                    .push((cut.parse().unwrap_or(0), reason.to_owned()));
                each();
            }
            None if line == "end" => return Ok(()),
            _ => return Err(line),
        }
        last = line;
    }
}
