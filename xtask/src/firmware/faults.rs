//! `cargo xtask firmware faults`.

use std::io::Read;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use super::board::Board;
use super::build::{self, Profile};
use super::emulator::{self, NvmFile, Time};
use super::image::Image;

/// A program, and what it must tell of its crash.
const CRASHES: [(&str, &str); 3] = [
    (
        "overflow",
        "stack overflow: task `unlucky` used more than its 4096 bytes",
    ),
    (
        "undefined",
        "fault: `unlucky` executed an instruction at 0x",
    ),
    ("address", "fault: `unlucky` executed an instruction at 0x"),
];

/// A run takes a fraction of a second.
const LONGEST_RUN: Duration = Duration::from_mins(1);

/// Runs each on each machine, and answers how many failed.
pub(super) fn run() -> Result<u64, String> {
    emulator::check()?;
    let mut failed = 0;
    for &board in Board::value_variants() {
        let programs = CRASHES.map(|(program, _)| program);
        let folder = build::build_with(board, &programs, Profile::Release, "")?;
        for (program, message) in CRASHES {
            let image = Image::read(&folder.join(program))?;
            let result = crash(board, &image, message)?;
            let what = match &result {
                Ok(told) => told,
                Err(wrong) => wrong,
            };
            println!("{program} on {}: {}", board.machine(), what.trim_end());
            failed += u64::from(result.is_err());
        }
    }
    Ok(failed)
}

/// Lets it crash, and lets a later start finish it, where the machine's NVM outlives the emulator: what was told, or what
/// was wrong.
fn crash(board: Board, image: &Image, message: &str) -> Result<Result<String, String>, String> {
    let nvm = NvmFile::open(None)?;
    let (succeeds, told) = run_to_end(board, image, &nvm)?;
    if succeeds || !told.starts_with(message) {
        return Ok(Err(format!("failed: `{told}`, not `{message}…`")));
    }
    if board.keeps_nvm() {
        let (succeeds, results) = run_to_end(board, image, &nvm)?;
        if !succeeds {
            return Ok(Err(format!("failed: the next start found `{results}`")));
        }
    }
    Ok(Ok(told))
}

/// Runs a program to its end: whether it succeeds, and what it prints.
fn run_to_end(board: Board, image: &Image, nvm: &NvmFile) -> Result<(bool, String), String> {
    let mut qemu = emulator::start(board, image, nvm, Time::Real, None)?;
    let began = Instant::now();
    let status = loop {
        match qemu.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if began.elapsed() < LONGEST_RUN => thread::sleep(Duration::from_millis(2)),
            Ok(None) => return Err(kill(qemu)),
            Err(error) => return Err(format!("the emulator's state is not known: {error}")),
        }
    };
    let mut text = String::new();
    if let Some(mut output) = qemu.stdout.take() {
        // What cannot be read is not shown.
        let _ = output.read_to_string(&mut text);
    }
    Ok((status.success(), text))
}

fn kill(mut qemu: Child) -> String {
    // It may have ended just now.
    let _ = qemu.kill();
    let _ = qemu.wait();
    format!("it does not end within {} s", LONGEST_RUN.as_secs())
}
