//! `cargo xtask template`: the template for a board of one's own, on the machine that it names.

use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use crate::firmware::emulator::{self, NvmFile, Time};
use crate::firmware::{Board, Image};
use crate::toolchain;

const PROGRAM: &str = "board-template";
/// The one that its `.cargo/config.toml` and `memory.x` are for.
const BOARD: Board = Board::Mps2An385;
/// The count at which the emulator is killed.
const KILLED_AT: u32 = 5;
const LAST: u32 = 20;
/// A run takes a second.
const LONGEST_RUN: Duration = Duration::from_mins(1);

/// Builds it, kills it at half its way and lets it go on; answers how many of both runs failed.
pub(crate) fn run() -> Result<u64, String> {
    emulator::check()?;
    let program = build()?;
    let nvm = NvmFile::open(None)?;
    let before = run_until(&program, &nvm, Some(KILLED_AT))?;
    let after = run_until(&program, &nvm, None)?;
    // What was on its way to the printer at the kill is printed once more.
    let is_first_right = before == (1..=KILLED_AT).collect::<Vec<_>>();
    let begun = after.first().copied().unwrap_or(0);
    let is_second_right =
        begun >= KILLED_AT && after == (begun..=LAST).collect::<Vec<_>>() && !after.is_empty();
    println!("{PROGRAM}: counts {before:?}, and after a kill {after:?}");
    Ok(u64::from(!is_first_right) + u64::from(!is_second_right))
}

/// As its user builds it: in its own folder, whose settings count.
fn build() -> Result<Image, String> {
    let target_dir = toolchain::target_dir("template");
    let mut build = toolchain::build(BOARD.target(), &target_dir)?;
    build.current_dir(toolchain::root().join("examples").join(PROGRAM));
    toolchain::run(&mut build)?;
    let folder = target_dir.join(BOARD.target()).join("release");
    Image::read(&folder.join(PROGRAM))
}

/// Runs it to a count, at which it is killed, or to its end, where it must succeed; answers what it has counted.
fn run_until(program: &Image, nvm: &NvmFile, last: Option<u32>) -> Result<Vec<u32>, String> {
    let mut qemu = emulator::start(BOARD, program, nvm, Time::Real, None)?;
    let counts = match qemu.stdout.take() {
        Some(output) => follow(&emulator::lines(output), last),
        None => Err("the emulator has no output".into()),
    };
    // SIGKILL. Without a count to kill it at it has ended, where all is well.
    if last.is_some() || counts.is_err() {
        let _ = qemu.kill();
    }
    let status = qemu
        .wait()
        .map_err(|error| format!("the emulator does not end: {error}"))?;
    if last.is_none() && counts.is_ok() && !status.success() {
        return Err(format!("{PROGRAM} failed: {status}"));
    }
    counts
}

fn follow(lines: &Receiver<String>, last: Option<u32>) -> Result<Vec<u32>, String> {
    let began = Instant::now();
    let mut counts = Vec::new();
    loop {
        let left = LONGEST_RUN.saturating_sub(began.elapsed());
        let line = match lines.recv_timeout(left) {
            Ok(line) => line,
            Err(_) if counts.is_empty() => return Err(format!("{PROGRAM} printed nothing")),
            Err(_) => {
                return Err(format!(
                    "{PROGRAM} does not end, and has counted {counts:?}"
                ));
            }
        };
        match line.split_once(' ') {
            Some(("count", number)) => counts.push(number.parse().map_err(|_| line.clone())?),
            Some(("end", _)) => return Ok(counts),
            _ => return Err(format!("{PROGRAM} printed: {line}")),
        }
        if counts.last().copied() == last {
            return Ok(counts);
        }
    }
}
