//! The command `apps` as its user meets it: power losses of all kinds, results that are compared, and bad use.
#![allow(clippy::unwrap_used)] // a failure fails the test

use std::process::{Command, Output};

use examples::applications::list::APPLICATIONS;

const AGREE: &str = "same results as expected, computed plainly and without power loss: yes";

fn apps(options: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_apps"));
    command.args(options).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a successful command says.
#[track_caller]
fn said(options: &[&str]) -> String {
    let output = apps(options);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    said
}

/// An application's numbers in the table of the results: runs, power losses, transactions run, bypassed and rolled back.
fn numbers(said: &str, name: &str) -> [u64; 5] {
    let row = said
        .lines()
        .find(|line| line.starts_with(&format!("│ {name} ")))
        .unwrap_or_else(|| panic!("no row {name} in\n{said}"));
    let mut cells = row.trim_end_matches(['│', ' ']).rsplit(' ');
    let mut numbers: [u64; 5] = std::array::from_fn(|_| {
        let mut numbers = cells.by_ref().filter(|cell| !cell.is_empty());
        numbers.next().unwrap().parse().unwrap()
    });
    numbers.reverse();
    numbers
}

#[test]
fn results_are_right_after_any_number_of_power_losses() {
    for losses in [0, 1, 1_000] {
        let said = said(&["kv", "mq", "--losses", &losses.to_string(), "--seed", "5"]);
        assert!(said.contains(AGREE), "{said}");
        for name in ["kv", "mq"] {
            let [runs, power_losses, run, bypassed, rolled_back] = numbers(&said, name);
            assert_eq!(power_losses, losses, "{said}");
            assert!(run > 0, "{said}");
            // Where a single one falls, in the first run or the second, is the seed's business.
            match losses {
                0 => assert_eq!([runs, bypassed, rolled_back], [1, 0, 0], "{said}"),
                1 => assert!(runs <= 2 && rolled_back <= 50, "{said}"),
                _ => assert!(runs > 1 && bypassed > 0 && rolled_back > 50, "{said}"),
            }
        }
        assert!(said.contains("found before the deletion: 40"), "{said}");
        assert!(said.contains("last average: 187"), "{said}");
    }
}

#[test]
fn what_was_committed_before_a_single_power_loss_is_bypassed() {
    for name in ["kv", "mq"] {
        // Where it falls is the seed's business: some of them fall where something was committed.
        let is_in_the_first_run = |seed: u32| {
            let said = said(&[name, "--losses", "1", "--seed", &seed.to_string()]);
            let [runs, power_losses, _, bypassed, _] = numbers(&said, name);
            assert_eq!(power_losses, 1, "{said}");
            runs == 1 && bypassed > 0
        };
        assert!((0..8).any(is_in_the_first_run), "{name}");
    }
}

#[test]
fn the_power_goes_every_so_often() {
    let said = said(&["em", "dnn", "--losses-every", "200us"]);
    assert!(said.contains(AGREE), "{said}");
    let [runs, power_losses, ..] = numbers(&said, "em");
    assert_eq!(runs, 1);
    assert!(power_losses > 100, "{said}");
    // The power of a year does not go.
    let said = self::said(&["em", "--losses-every", "365days"]);
    assert_eq!(numbers(&said, "em")[..2], [1, 0]);
}

#[test]
fn all_applications_are_run_by_one_word() {
    let said = said(&["--all", "--losses", "25"]);
    assert!(said.contains(AGREE), "{said}");
    for application in APPLICATIONS {
        assert_eq!(numbers(&said, application.name)[1], 25);
    }
}

#[test]
fn the_same_seed_gives_the_same_runs() {
    let run = |seed| said(&["kv", "em", "--losses", "200", "--seed", seed]);
    assert_eq!(run("9"), run("9"));
    assert_ne!(run("9"), run("10"));
}

#[test]
fn more_work_agrees_with_the_plain_computation() {
    let mut options = vec!["--all", "--scale", "3", "--losses", "100"];
    let said = said(&options);
    assert!(
        said.contains("same results as computed plainly and without power loss: yes"),
        "{said}"
    );
    assert!(said.contains("messages averaged: 450"), "{said}");
    options.splice(..1, ["mq", "mq"]);
    // Named twice, run once.
    assert_eq!(self::said(&options).matches("messages averaged").count(), 1);
}

#[test]
fn a_livelock_is_told() {
    for (every, told) in [
        ("1us", "no task committed anything"),
        ("40us", "task `camera` was started "),
    ] {
        let output = apps(&["sense", "--losses-every", every]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("error: sense: livelock: "), "{said}");
        assert!(said.contains(told), "{said}");
        assert!(
            said.contains(&format!("-- sense --losses-every {every} --seed 1")),
            "{said}"
        );
        assert!(text(&output.stdout).contains("without power loss: no"));
    }
}

#[track_caller]
fn refused(options: &[&str], reason: &str) {
    let output = apps(options);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with("error: "), "{said}");
    assert!(said.contains(reason), "{said}");
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn bad_use_is_told_and_has_status_2() {
    let names: Vec<&str> = APPLICATIONS.iter().map(|of| of.name).collect();
    let names = names.join(", ");
    refused(
        &[],
        &format!("name applications ({names}), or give --all\n"),
    );
    refused(&["tetris"], &format!("[possible values: {names}]"));
    refused(&["kv", "tetris"], "invalid value 'tetris'");
    refused(&["kv", "--all"], "cannot be used with");
    for (duration, reason) in [
        ("5", "time unit needed"),
        ("often", "'often'"),
        ("0ms", "the shortest is 1us"),
        ("10ns", "the shortest is 1us"),
        ("1000years", "too long"),
    ] {
        refused(&["kv", "--losses-every", duration], reason);
    }
    refused(
        &["kv", "--losses-every", "1ms", "--losses", "3"],
        "cannot be used with",
    );
    refused(&["kv", "--losses", "many"], "'many'");
    refused(&["kv", "--losses", "-1"], "-1");
    refused(&["kv", "--seed", "x"], "'x'");
    refused(&["kv", "--scale", "0"], "0 is not in 1..=65535");
    refused(&["kv", "--scale", "70000"], "70000 is not in 1..=65535");
}

#[test]
fn help_tells_what_a_duration_is() {
    let said = said(&["--help"]);
    assert!(said.contains("a microsecond is one access to the NVM"));
}
