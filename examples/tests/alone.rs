//! The programs for single crates as their users meet them: killed at random moments, and given files that are not
//! theirs.
#![allow(clippy::unwrap_used)] // a failure fails the test

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use intos::host::Random;
use tempfile::TempDir;

const KILLS: u32 = 20;

/// One of the programs, with a file of its own.
struct Program {
    executable: &'static str,
    folder: TempDir,
    random: Random,
}

impl Program {
    fn new(executable: &'static str) -> Self {
        Self {
            executable,
            folder: tempfile::tempdir().unwrap(),
            random: Random::new(u64::from(std::process::id())),
        }
    }

    fn nvm(&self) -> PathBuf {
        self.folder.path().join("x.nvm")
    }

    fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(self.executable);
        command.arg("--nvm").arg(self.nvm()).args(options);
        command
    }

    fn output(&self, options: &[&str]) -> Output {
        self.command(options).output().unwrap()
    }

    /// What it prints, which must be a success.
    #[track_caller]
    fn run(&self, options: &[&str]) -> String {
        let output = self.output(options);
        let said = text(&output.stdout);
        assert!(output.status.success(), "{said}{}", text(&output.stderr));
        said
    }

    /// Starts it and kills it after a random time of at most so many microseconds: SIGKILL. Answers what it printed.
    fn kill(&mut self, options: &[&str], microseconds: u64) -> String {
        let mut child = self
            .command(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        sleep(Duration::from_micros(self.random.below(microseconds)));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        // Killed, or at its end before that.
        let (said, errors) = (text(&output.stdout), text(&output.stderr));
        assert!(
            matches!(output.status.code(), None | Some(0)),
            "{said}{errors}"
        );
        assert_eq!(errors, "");
        said
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The number in the last line of this beginning that was printed to its end.
fn last(said: &str, beginning: &str) -> Option<u32> {
    let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let mut lines = whole.lines().rev();
    lines.find_map(|line| line.strip_prefix(beginning)?.parse().ok())
}

/// The number before a word.
#[track_caller]
fn before(said: &str, word: &str) -> u32 {
    let (text, _) = said
        .split_once(word)
        .unwrap_or_else(|| panic!("no {word} in {said}"));
    let number = text.rsplit([' ', '\n']).find(|part| !part.is_empty());
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("{said}"))
}

#[test]
fn events_are_counted_once_each_whenever_it_is_killed() {
    let mut program = Program::new(env!("CARGO_BIN_EXE_events"));
    let mut told = 0;
    for _ in 0..KILLS {
        let said = program.kill(&["measure", "--count", "100000", "--pause", "0"], 30_000);
        told = last(&said, "measurement ").unwrap_or(told);
        let shown = program.run(&["show"]);
        let measurements = before(&shown, " measurements");
        // One may have been counted and not told.
        assert!((told..=told + 1).contains(&measurements), "{told}: {shown}");
        told = measurements;
        // And the error of the next one logged.
        let errors = before(&shown, " errors");
        let due = measurements / 9;
        assert!(
            errors == due || errors == due + 1 && measurements % 9 == 8,
            "{shown}"
        );
        assert_eq!(
            shown.matches("answered").count() as u32,
            errors.min(7),
            "{shown}"
        );
    }
    assert!(told > 20, "only {told} measurements");
    assert!(before(&program.run(&[]), " starts") <= KILLS + 1);
}

#[test]
fn settings_are_old_or_new_whenever_it_is_killed() {
    const NEW: &str = "name=cellar interval=60000 low=8000 high=28000";
    const CHANGED: &str = "name=attic interval=500 low=-2000 high=1000";
    let mut program = Program::new(env!("CARGO_BIN_EXE_settings"));
    let (mut upgrades, mut changes) = (0, 0);
    for _ in 0..KILLS {
        program.run(&["--format", "--make-old"]);
        program.kill(&["--pause", "8", "show"], 16_000);
        let said = program.run(&["show"]);
        // Upgraded before the kill, or only now.
        upgrades += u32::from(!said.contains("upgraded"));
        assert!(said.contains(NEW), "{said}");

        let change = [
            "set",
            "low=-2000",
            "high=1000",
            "interval=500",
            "name=attic",
        ];
        program.kill(&[&["--pause", "2"], &change[..]].concat(), 16_000);
        let said = program.run(&["show"]);
        let is_changed = said.contains(CHANGED);
        assert!(is_changed || said.contains(NEW), "{said}");
        changes += u32::from(is_changed);
    }
    println!("of {KILLS} kills {upgrades} came after the upgrade, {changes} after the change");
    let refused = program.output(&["set", "interval=7", "low=99000"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(!program.run(&["show"]).contains("interval=7 "));
}

#[test]
fn the_demonstration_of_settings_upgrades_and_refuses() {
    let program = Program::new(env!("CARGO_BIN_EXE_settings"));
    let said = program.run(&[]);
    assert!(said.contains("upgraded from version 1 to 2"), "{said}");
    assert!(said.contains("refused"), "{said}");
    assert!(
        said.ends_with("name=cellar interval=500 low=12000 high=30000\n"),
        "{said}"
    );
    let there = program.output(&["--make-old"]);
    assert_eq!(there.status.code(), Some(2));
    assert!(text(&there.stderr).contains("--format"));
}

#[test]
fn the_meter_counts_each_sample_once_whenever_it_is_killed() {
    let mut program = Program::new(env!("CARGO_BIN_EXE_energy"));
    let mut samples = 0;
    for _ in 0..KILLS {
        program.kill(&["--hours", "100000", "--pace", "0"], 30_000);
        // It holds all counters against the sensor at each start, and fails where they disagree.
        let now = before(
            &program.run(&["--hours", "0"]),
            " samples; all counters agree",
        );
        assert!(
            now >= samples && now.is_multiple_of(15),
            "{now} after {samples}"
        );
        samples = now;
    }
    assert!(samples > 100, "only {samples} samples");
}

#[test]
fn the_store_loses_no_key_and_no_block_whenever_it_is_killed() {
    let mut program = Program::new(env!("CARGO_BIN_EXE_store"));
    let mut told = 0;
    for _ in 0..KILLS {
        let said = program.kill(&["exercise", "--count", "100000", "--pause", "0"], 30_000);
        told = last(&said, "step ").unwrap_or(told);
        let steps = program.output(&["get", "steps"]);
        let step = text(&steps.stdout).trim().parse().unwrap_or(0);
        assert!((told..=told + 1).contains(&step), "{step} after {told}");
        told = step;
        // The keys of the last ten steps, each with its step's value; the list is held against the heap.
        let listed = program.run(&["list"]);
        let mut expected: Vec<String> = (step.saturating_sub(9).max(1)..=step)
            .map(|step| {
                let dots = ".".repeat((step * 7 % 60) as usize);
                format!("key {}: {step}{dots}", step % 20)
            })
            .collect();
        expected.extend((step > 0).then(|| format!("steps: {step}")));
        expected.sort();
        let mut lines: Vec<&str> = listed.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, expected);
    }
    assert!(told > 20, "only {told} steps");

    program.run(&["insert", "colour", "green"]);
    program.run(&["insert", "colour", "a darker green"]);
    assert_eq!(program.run(&["get", "colour"]), "a darker green\n");
    program.run(&["remove", "colour"]);
    for gone in [["get", "colour"], ["remove", "colour"]] {
        assert_eq!(program.output(&gone).status.code(), Some(1));
    }
    let long = "x".repeat(1001);
    assert_eq!(
        program.output(&["insert", "long", &long]).status.code(),
        Some(2)
    );
}

#[test]
fn the_door_decides_each_visit_once_whenever_it_is_killed() {
    const VISITS: [&str; 6] = ["--seed", "5", "--pause", "0", "--steps", "500"];
    let state = |said: &str| {
        let (_, end) = said.rsplit_once("visits: ").unwrap();
        format!(
            "{} {end}",
            before(&said[said.len() - end.len() - 40..], " visits: ")
        )
    };
    let uninterrupted = Program::new(env!("CARGO_BIN_EXE_door")).run(&VISITS);
    let mut program = Program::new(env!("CARGO_BIN_EXE_door"));
    let slow = [&VISITS[..2], &["--pause", "1"], &VISITS[4..]].concat();
    for _ in 0..KILLS {
        program.kill(&slow, 30_000);
    }
    // The same visitors, each once: 500 in the run that was interrupted again and again.
    let said = program.run(&VISITS);
    assert!(
        said.contains("going on with the run that was interrupted"),
        "{said}"
    );
    assert_eq!(state(&said), state(&uninterrupted));
}

#[test]
fn the_firmware_is_always_whole_whenever_it_is_killed() {
    let mut program = Program::new(env!("CARGO_BIN_EXE_update"));
    let (mut version, mut installations) = (1, 0);
    for _ in 0..2 * KILLS {
        program.kill(&["--pause", "1"], 45_000);
        // It looks whether the firmware is whole at each start, and fails where it is not.
        let said = program.run(&["show"]);
        installations += u32::from(said.contains("went on with the interrupted installation"));
        let (_, from) = said.split_once("version ").unwrap();
        let now: u32 = from.split(' ').next().unwrap().parse().unwrap();
        assert!((version..=version + 1).contains(&now), "{said}");
        version = now;
    }
    println!("version {version}; {installations} installations were interrupted");
    assert!(version > 1, "no update came to its end");
    let said = program.run(&["--pause", "0"]);
    assert!(
        said.contains(&format!("version {} is installed", version + 1)),
        "{said}"
    );
}

/// Files that are no region, or another program's, or damaged in the header: status 2, a reason, and no change.
#[test]
fn files_that_are_not_theirs_are_refused_unchanged() {
    let all: [(&'static str, &[&str]); 6] = [
        (env!("CARGO_BIN_EXE_events"), &["show"]),
        (env!("CARGO_BIN_EXE_settings"), &["show"]),
        (env!("CARGO_BIN_EXE_energy"), &["--hours", "0"]),
        (env!("CARGO_BIN_EXE_store"), &["list"]),
        (
            env!("CARGO_BIN_EXE_door"),
            &["--steps", "1", "--pause", "0"],
        ),
        (env!("CARGO_BIN_EXE_update"), &["show"]),
    ];
    let mut images = Vec::new();
    for (executable, options) in all {
        let program = Program::new(executable);
        program.run(options);
        images.push(fs::read(program.nvm()).unwrap());
    }
    for (index, (executable, options)) in all.into_iter().enumerate() {
        let program = Program::new(executable);
        let good = &images[index];
        let damaged = |at: usize| {
            let mut bytes = good.clone();
            bytes[at] ^= 0x10;
            bytes
        };
        let foreign = images[(index + 1) % images.len()].clone();
        let cases = [
            (good[..good.len() / 2].to_vec(), "truncated"),
            (Vec::new(), "empty"),
            (b"GIF89a".repeat(20_000), "no NVM region"),
            (damaged(9), "damaged"),
            (damaged(24), "damaged"),
            (foreign, ""),
        ];
        for (bytes, reason) in cases {
            fs::write(program.nvm(), &bytes).unwrap();
            refused(&program, options, reason);
            assert!(
                fs::read(program.nvm()).unwrap() == bytes,
                "{executable} changed it"
            );
        }
        fs::remove_file(program.nvm()).unwrap();
        fs::create_dir(program.nvm()).unwrap();
        refused(&program, options, "cannot");
        fs::remove_dir(program.nvm()).unwrap();
        assert_eq!(program.output(&["--no-such-option"]).status.code(), Some(2));
        assert!(program.output(&["--help"]).status.success());
        assert!(!program.nvm().exists(), "nothing was to be made");
        // Asked for, a foreign file is overwritten.
        fs::write(program.nvm(), b"GIF89a").unwrap();
        program.run(&[&["--format"], options].concat());
    }
}

#[track_caller]
fn refused(program: &Program, options: &[&str], reason: &str) {
    let output = program.output(options);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.starts_with("error: ") && said.contains(reason),
        "{said}"
    );
}

/// Whatever stands behind the header: an answer and a status, no panic and no hang.
#[test]
fn damage_behind_the_header_is_told_or_not_noticed() {
    let mut random = Random::new(11);
    let all: [(&'static str, &[&str]); 6] = [
        (
            env!("CARGO_BIN_EXE_events"),
            &["measure", "--count", "20", "--pause", "0"],
        ),
        (env!("CARGO_BIN_EXE_settings"), &["show"]),
        (
            env!("CARGO_BIN_EXE_store"),
            &["exercise", "--count", "20", "--pause", "0"],
        ),
        (env!("CARGO_BIN_EXE_update"), &["--pause", "0"]),
        (
            env!("CARGO_BIN_EXE_energy"),
            &["--hours", "5", "--pace", "0"],
        ),
        (
            env!("CARGO_BIN_EXE_door"),
            &["--steps", "5", "--pause", "0"],
        ),
    ];
    for (executable, options) in all {
        let program = Program::new(executable);
        program.run(options);
        let good = fs::read(program.nvm()).unwrap();
        for _ in 0..40 {
            let mut bytes = good.clone();
            for _ in 0..8 {
                let at = 32 + random.below(good.len() as u64 - 32) as usize;
                bytes[at] ^= 1 << random.below(8);
            }
            fs::write(program.nvm(), &bytes).unwrap();
            let output = program.output(options);
            let said = text(&output.stderr);
            assert!(
                matches!(output.status.code(), Some(0..=2)),
                "{executable}: {said}"
            );
            assert!(!said.contains("panicked"), "{executable}: {said}");
        }
    }
}

/// Settings that a later firmware wrote are left as they are.
#[test]
fn settings_of_a_later_version_are_refused_unchanged() {
    let program = Program::new(env!("CARGO_BIN_EXE_settings"));
    program.run(&["show"]);
    let mut bytes = fs::read(program.nvm()).unwrap();
    let version = version_in(&program, &bytes);
    bytes[version] = 3;
    fs::write(program.nvm(), &bytes).unwrap();
    refused(&program, &["show"], "version 3");
    assert!(fs::read(program.nvm()).unwrap() == bytes);
}

/// Where the version lies: behind the header of 32 bytes and the log; it is the first byte that a new file of version 1
/// has as 1 and one of version 2 as 2.
fn version_in(program: &Program, current: &[u8]) -> usize {
    let other = Program::new(program.executable);
    other.run(&["--make-old"]);
    let old: Vec<u8> = fs::read::<&Path>(other.nvm().as_ref()).unwrap();
    let mut pairs = old.iter().zip(current).enumerate().skip(32);
    pairs.find(|(_, pair)| *pair == (&1, &2)).unwrap().0
}
