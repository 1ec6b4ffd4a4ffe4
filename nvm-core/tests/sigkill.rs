//! `kill -9`, for real: a process that stores to a file is killed, again and again, at random times;
//! the file keeps a prefix of its stores.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use nvm_core::{Class, FileNvm, HEADER_BYTES, Layout, Nvm, Region, RegionError};

const FILE: &str = "NVM_CORE_SIGKILL_FILE";
const SIZE: u32 = 64 * 1024;
const SIGKILL: i32 = 9;

/// Words on as many pages, stored in this order with the same number, round after round.
const WORDS: [u32; 8] = [
    60_000,
    HEADER_BYTES,
    32_768,
    40_000,
    8_192,
    8_196,
    20_000,
    50_000,
];

fn boot(nvm: &FileNvm) {
    let mut layout = Layout::new("sigkill", 1);
    let _ = layout.area("words", SIZE - HEADER_BYTES);
    let first_boot = || {
        WORDS
            .iter()
            .try_for_each(|word| nvm.write_u32(Class::Data, *word, 0))
            .map_err(RegionError::from)
    };
    let _ = Region::open_or_format(nvm, &layout, first_boot).unwrap();
}

/// The words are of one round up to some place, and of the round before from there on.
fn assert_prefix(nvm: &FileNvm) -> u32 {
    let words = WORDS.map(|word| nvm.read_u32(word).unwrap());
    let round = words[0];
    let ahead = words.iter().take_while(|word| **word == round).count();
    assert!(
        words[ahead..].iter().all(|word| *word + 1 == round),
        "no prefix of the stores: {words:?}"
    );
    round
}

/// The program that is killed; does nothing where the file is not named.
#[test]
fn the_killed_program() {
    let Ok(path) = env::var(FILE) else { return };
    let nvm = if Path::new(&path).exists() {
        FileNvm::open(&path).unwrap()
    } else {
        FileNvm::create(&path, SIZE).unwrap()
    };
    boot(&nvm);
    // A recovery: the words that the last life did not reach.
    let mut round = assert_prefix(&nvm);
    loop {
        for word in WORDS {
            nvm.write_u32(Class::Data, word, round).unwrap();
        }
        round += 1;
    }
}

#[test]
fn a_killed_process_leaves_a_prefix_of_its_stores() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("killed.nvm");
    let (mut round, mut progressed) = (0, 0);
    let mut delay = 0x2545_F491_u32;
    for life in 0..30 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "the_killed_program", "--nocapture"])
            .env(FILE, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // From the very start of the process, where it makes the file, on.
        delay = delay.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let microseconds = if life < 10 {
            400 * life
        } else {
            u64::from(delay >> 17)
        };
        thread::sleep(Duration::from_micros(microseconds));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert_eq!(
            status.signal(),
            Some(SIGKILL),
            "life {life} ended by itself: {status}"
        );
        if !path.exists() {
            continue;
        }
        let nvm = FileNvm::open(&path).unwrap();
        boot(&nvm);
        let now = assert_prefix(&nvm);
        assert!(now >= round, "life {life}: {now} after {round}");
        progressed += u32::from(now > round);
        round = now;
    }
    println!(
        "30 kills, {progressed} lives made progress, {round} rounds of {} stores",
        WORDS.len()
    );
    assert!(progressed >= 5, "only {progressed} lives made progress");
}
