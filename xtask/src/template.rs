//! `cargo xtask template`: the template for a board of one's own, on the machine that it names; as it is, and with the
//! program of the book's tutorial in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use crate::files;
use crate::firmware::emulator::{self, NvmFile, Time};
use crate::firmware::{Board, Image};
use crate::toolchain;

const PROGRAM: &str = "board-template";
/// The one that its `.cargo/config.toml` and `memory.x` are for.
const BOARD: Board = Board::Mps2An385;
/// How far the template counts.
const LAST: u32 = 20;
/// How many readings the book's program takes.
const LAST_OF_BOOK: u32 = 30;
/// The number at which the emulator is killed.
const KILLED_AT: u32 = 5;
/// A run takes a second.
const LONGEST_RUN: Duration = Duration::from_mins(1);

/// Builds both, kills them on their way and lets them go on; answers how many of the runs failed.
pub(crate) fn run() -> Result<u64, String> {
    emulator::check()?;
    let template = toolchain::root().join("examples").join(PROGRAM);
    let of_book = program_of_book(&template)?;
    Ok(try_out("template", &template, LAST)? + try_out("book", &of_book, LAST_OF_BOOK)?)
}

/// The template in a folder outside of the workspace, as it is there: built, and where there is an emulator run. Answers
/// how many of the runs failed.
pub(crate) fn try_packaged(folder: &Path, target_dir: &Path) -> Result<u64, String> {
    let program = build(folder, target_dir)?;
    if let Err(error) = emulator::check() {
        println!("packaged template: builds; not run: {error}");
        return Ok(0);
    }
    run_twice("packaged template", &program, LAST)
}

fn try_out(name: &str, folder: &Path, last: u32) -> Result<u64, String> {
    // Not where the other one is built, which has the same name.
    let program = build(folder, &toolchain::target_dir("template").join(name))?;
    run_twice(name, &program, last)
}

fn run_twice(name: &str, program: &Image, last: u32) -> Result<u64, String> {
    let nvm = NvmFile::open(None)?;
    let before = run_until(program, &nvm, Some(KILLED_AT))?;
    let after = run_until(program, &nvm, None)?;
    // What was on its way to the printer at the kill is printed once more.
    let is_first_right = before == (1..=KILLED_AT).collect::<Vec<_>>();
    let begun = after.first().copied().unwrap_or(0);
    let is_second_right =
        begun >= KILLED_AT && after == (begun..=last).collect::<Vec<_>>() && !after.is_empty();
    println!("{name}: counts {before:?}, and after a kill {after:?}");
    Ok(u64::from(!is_first_right) + u64::from(!is_second_right))
}

/// The template with the program of the book's tutorial: what its reader makes of it.
fn program_of_book(template: &Path) -> Result<PathBuf, String> {
    let folder = toolchain::target_dir("template").join("program-of-book");
    files::copy(template, &folder)?;
    let listings = toolchain::root().join("book/listings");
    files::copy(
        &listings.join("firmware/main.rs"),
        &folder.join("src/main.rs"),
    )?;
    files::copy(
        &listings.join("station/program.rs"),
        &folder.join("src/program.rs"),
    )?;
    let manifest = folder.join("Cargo.toml");
    let intos = toolchain::root().join("intos");
    fs::read_to_string(&manifest)
        .map(|text| text.replace("../../intos", &intos.to_string_lossy()))
        .and_then(|text| fs::write(&manifest, text))
        .map_err(|error| format!("{}: {error}", manifest.display()))?;
    Ok(folder)
}

/// As its user builds it: in its own folder, whose settings count.
fn build(folder: &Path, target_dir: &Path) -> Result<Image, String> {
    let mut build = toolchain::build(BOARD.target(), target_dir)?;
    build.current_dir(folder);
    toolchain::run(&mut build)?;
    let release = target_dir.join(BOARD.target()).join("release");
    Image::read(&release.join(PROGRAM))
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
            Some(("count" | "reading", rest)) => {
                let number = rest.split(':').next().unwrap_or(rest);
                counts.push(number.parse().map_err(|_| line.clone())?);
            }
            Some(("end", _)) => return Ok(counts),
            _ => return Err(format!("{PROGRAM} printed: {line}")),
        }
        if counts.last().copied() == last {
            return Ok(counts);
        }
    }
}
