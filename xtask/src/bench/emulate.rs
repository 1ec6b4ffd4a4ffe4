//! A run of an operation: clocks, and stores by class.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::firmware::emulator::{self, NvmFile, Time};
use crate::firmware::{Board, Image};

/// `BNCH`.
const MAGIC: u32 = 0x4843_4E42;
const NAME_BYTES: usize = 32;
/// 256 ns for each instruction, so that devices stand still within one.
const TIME: Time = Time::Counted { shift: 8 };
/// Clocks of an instruction: 256 ns, by 40 ns.
const CLOCKS_PER_INSTRUCTION: f64 = 6.4;
/// A run takes a fraction of a second, with a log some minutes.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);
const LONGEST_SILENCE_WITH_LOG: Duration = Duration::from_mins(20);

/// Classes of stores.
pub(crate) const CLASSES: usize = 5;
/// What they are called, in the firmware's order.
pub(crate) const CLASS_NAMES: [&str; CLASSES] = ["data", "log", "record", "allocator", "kernel"];

/// Instructions in so many clocks.
pub(crate) fn instructions(clocks: u32) -> f64 {
    f64::from(clocks) / CLOCKS_PER_INSTRUCTION
}

/// What was stored, for programs.
pub(crate) fn stored_json(stored: [(u32, u32); CLASSES]) -> Value {
    let classes = CLASS_NAMES.iter().zip(stored);
    classes
        .map(|(name, (bytes, stores))| {
            let stored = json!({ "bytes": bytes, "stores": stores });
            ((*name).to_owned(), stored)
        })
        .collect()
}

/// What the firmware tells of one measurement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Measured {
    /// Of 40 ns.
    pub(crate) clocks: u32,
    /// Bytes and atomic stores of each class.
    pub(crate) stored: [(u32, u32); CLASSES],
}

/// Runs an operation few times, then many times; one that ends with a power loss is run once. `log`: see
/// [`emulator::start`].
pub(crate) fn run(
    image: &Image,
    operation: &str,
    repetitions: [u32; 2],
    log: Option<&Path>,
) -> Result<Vec<Measured>, String> {
    let nvm = NvmFile::open(None)?;
    let mut name = [0; NAME_BYTES];
    for (to, from) in name.iter_mut().zip(operation.bytes().take(NAME_BYTES - 1)) {
        *to = from;
    }
    let mut control = vec![MAGIC, repetitions[0], repetitions[1], 0];
    let (words, _) = name.as_chunks();
    control.extend(words.iter().map(|word| u32::from_le_bytes(*word)));
    nvm.set_words(image.symbol("__sweep_control")?, &control)?;
    let mut qemu = emulator::start(Board::default(), image, &nvm, TIME, log)?;
    let Some(output) = qemu.stdout.take() else {
        return Err("the emulator has no output".into());
    };
    let lines = emulator::lines(output);
    let longest_silence = match log {
        Some(_) => LONGEST_SILENCE_WITH_LOG,
        None => LONGEST_SILENCE,
    };
    let mut measured = Vec::new();
    let failed = loop {
        // The emulator closes its output when it ends.
        match lines.recv_timeout(longest_silence) {
            Ok(line) => match parse(&line) {
                Some(values) => measured.push(values),
                None => break Some(line),
            },
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break None,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                break Some("the firmware went silent".into());
            }
        }
    };
    if failed.is_some() {
        // It may have ended by itself.
        let _ = qemu.kill();
    }
    qemu.wait()
        .map_err(|error| format!("the emulator does not end: {error}"))?;
    match failed {
        Some(reason) => Err(format!("{operation}: {reason}")),
        None => Ok(measured),
    }
}

fn parse(line: &str) -> Option<Measured> {
    let mut numbers = line.strip_prefix("measured ")?.split(' ').map(str::parse);
    let mut next = || numbers.next()?.ok();
    let mut measured = Measured {
        clocks: next()?,
        ..Measured::default()
    };
    for stored in &mut measured.stored {
        *stored = (next()?, next()?);
    }
    Some(measured)
}
