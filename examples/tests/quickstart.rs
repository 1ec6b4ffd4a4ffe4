//! The quick start as its user meets it: simulated power losses, real ones, and bad use.
#![allow(clippy::unwrap_used)] // a failure fails the test

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use intos::host::Random;

const SAME: &str = "same result as without power loss: yes";

fn quickstart(nvm: &Path, options: &[&str]) -> Output {
    command(nvm, options).output().unwrap()
}

fn command(nvm: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    command.arg("--nvm").arg(nvm).args(options);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The value in the first column of a row of the table.
fn row(output: &str, name: &str) -> u64 {
    output
        .lines()
        .find_map(|line| line.trim_start_matches(['│', ' ']).strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|value| value.parse().ok())
        .unwrap_or_else(|| panic!("no row {name} in\n{output}"))
}

#[test]
fn hundreds_of_power_losses_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (seed, losses) in [(1, 300), (2, 300), (3, 5_000), (4, 0)] {
        let nvm = folder.path().join(format!("{seed}.nvm"));
        let output = quickstart(
            &nvm,
            &["--losses", &losses.to_string(), "--seed", &seed.to_string()],
        );
        let said = text(&output.stdout);
        assert!(output.status.success(), "{said}{}", text(&output.stderr));
        assert!(said.contains(SAME));
        assert_eq!(row(&said, "power losses"), losses, "{said}");
        assert_eq!(row(&said, "readings"), 8_759);
        assert!(row(&said, "frosts") > 10);
        assert_eq!(row(&said, "transactions bypassed") > 0, losses > 0);
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str| {
        let output = quickstart(
            &folder.path().join(name),
            &["--losses", "700", "--seed", "9"],
        );
        text(&output.stdout)
    };
    assert_eq!(run("a.nvm"), run("b.nvm"));
}

#[test]
fn readings_of_ones_own_with_gaps_and_in_celsius() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("own.csv");
    let mut csv = String::from("station,temp_c,date\n");
    for day in 1..=28 {
        for hour in (0..24).step_by(if day % 3 == 0 { 6 } else { 1 }) {
            let celsius = day % 7 - hour % 5;
            writeln!(csv, "X,{celsius},2024-02-{day:02}T{hour:02}:00").unwrap();
        }
    }
    fs::write(&input, csv).unwrap();
    let input = input.to_str().unwrap();
    let output = quickstart(
        &folder.path().join("own.nvm"),
        &["--input", input, "--losses", "100"],
    );
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    assert_eq!(row(&said, "weekly reports"), 4);
}

/// Starts the live year, kills it at a random time, starts it again, until it has come to its end.
#[test]
fn kill_nine_at_any_time_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let nvm = folder.path().join("live.nvm");
    let mut random = Random::new(u64::from(std::process::id()));
    let mut kills = 0;
    let began = Instant::now();
    let said = loop {
        assert!(began.elapsed() < Duration::from_mins(2), "{kills} kills");
        let mut child: Child = command(&nvm, &["--live", "--pace", "4000"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Until 60 have been killed; then it may run to its end.
        if kills < 60 {
            sleep(Duration::from_micros(5_000 + random.below(40_000)));
            // SIGKILL.
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        if output.status.code().is_some() {
            let said = text(&output.stdout);
            assert!(output.status.success(), "{said}{}", text(&output.stderr));
            break said;
        }
        kills += 1;
    };
    assert!(said.contains(SAME), "{said}");
    assert!(kills >= 50, "only {kills} kills");
    assert!(row(&said, "readings of earlier runs") > 0, "{said}");
    println!(
        "{kills} SIGKILLs, {} readings before the last start",
        row(&said, "readings of earlier runs")
    );
}

#[track_caller]
fn refused(output: &Output, reason: &str) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with("error: "), "{said}");
    assert!(said.contains(reason), "{said}");
}

#[test]
fn a_file_that_is_not_ours_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let nvm = folder.path().join("x.nvm");
    assert!(quickstart(&nvm, &["--losses", "3"]).status.success());
    let good = fs::read(&nvm).unwrap();
    let cases: [(&str, Vec<u8>, &str); 5] = [
        (
            "truncated",
            good[..good.len() / 2].to_vec(),
            "truncated or extended",
        ),
        ("short", good[..16].to_vec(), "bytes"),
        ("foreign", b"GIF89a".repeat(2000), "no NVM region"),
        (
            "damaged header",
            {
                let mut bytes = good.clone();
                bytes[9] ^= 0x10;
                bytes
            },
            "damaged",
        ),
        (
            "wiped header",
            {
                let mut bytes = good.clone();
                bytes[..32].fill(0);
                bytes
            },
            "no NVM region",
        ),
    ];
    for (name, bytes, reason) in cases {
        fs::write(&nvm, &bytes).unwrap();
        refused(&quickstart(&nvm, &[]), reason);
        assert!(fs::read(&nvm).unwrap() == bytes, "{name} was changed");
        refused(&quickstart(&nvm, &["--live"]), reason);
    }
    // Asked for, it is overwritten.
    assert!(
        quickstart(&nvm, &["--format", "--losses", "3"])
            .status
            .success()
    );
}

#[test]
fn damage_behind_the_header_ends_with_a_status_and_not_with_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let nvm = folder.path().join("x.nvm");
    let mut child = command(&nvm, &["--live", "--pace", "2000"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    sleep(Duration::from_millis(400));
    child.kill().unwrap();
    child.wait().unwrap();
    let good = fs::read(&nvm).unwrap();
    let mut random = Random::new(7);
    for _ in 0..40 {
        let mut bytes = good.clone();
        for _ in 0..8 {
            // The kernel's state and the tasks' tables.
            let at = 32 + random.below(1_400) as usize;
            bytes[at] ^= 1 << random.below(8);
        }
        fs::write(&nvm, &bytes).unwrap();
        let mut child = command(&nvm, &["--losses", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if began.elapsed() > Duration::from_secs(20) {
                child.kill().unwrap();
                panic!("hangs");
            }
            sleep(Duration::from_millis(2));
        }
        let output = child.wait_with_output().unwrap();
        let said = text(&output.stderr);
        assert!(matches!(output.status.code(), Some(0..=2)), "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn bad_use_is_told_and_has_status_2() {
    let folder = tempfile::tempdir().unwrap();
    let nvm = folder.path().join("x.nvm");
    let csv = folder.path().join("bad.csv");
    fs::write(
        &csv,
        "date,temp\n2010/01/01 00:00,39.4\n2010/01/01 01:00,cold\n",
    )
    .unwrap();
    let csv = csv.to_str().unwrap();
    refused(
        &quickstart(&nvm, &["--input", csv]),
        "bad.csv, line 3: `cold`",
    );
    refused(
        &quickstart(&nvm, &["--input", "/nowhere.csv"]),
        "/nowhere.csv: cannot be opened",
    );
    refused(
        &quickstart(Path::new("/nowhere/x.nvm"), &[]),
        "/nowhere/x.nvm",
    );
    refused(&quickstart(folder.path(), &[]), "cannot");
    assert_eq!(
        quickstart(&nvm, &["--losses", "many"]).status.code(),
        Some(2)
    );
    assert_eq!(quickstart(&nvm, &["--pace", "1"]).status.code(), Some(2));
    assert!(!nvm.exists(), "nothing was to be made");

    let mut child = command(&nvm, &["--live", "--pace", "100"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    sleep(Duration::from_millis(300));
    refused(&quickstart(&nvm, &[]), "in use");
    child.kill().unwrap();
    child.wait().unwrap();
    fs::write(
        folder.path().join("own.csv"),
        "date,temp\n2010/01/01 00:00,39.4\n",
    )
    .unwrap();
    let own = folder.path().join("own.csv");
    refused(
        &quickstart(&nvm, &["--input", own.to_str().unwrap()]),
        "begun with other readings",
    );
}
