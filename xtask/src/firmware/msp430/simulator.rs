//! The simulator: runs a script, and answers what each command has printed.

use std::io::{Read, Seek, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use super::instructions::Registers;
use super::script::Script;
use crate::toolchain;

const MSPDEBUG: &str = "mspdebug";
/// What the simulator prints before each command of a script.
const PROMPT: &str = "=> ";
/// It is asked so often whether it has ended.
const POLL: Duration = Duration::from_millis(2);

/// An error where it is not there.
pub(crate) fn check() -> Result<(), String> {
    if toolchain::is_there(MSPDEBUG) {
        Ok(())
    } else {
        Err(format!(
            "there is no `{MSPDEBUG}`: on Debian run `apt-get install mspdebug lld`"
        ))
    }
}

/// What a command has printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer(String);

impl Answer {
    /// Before which instruction the processor stands.
    pub(crate) fn program_counter(&self) -> Result<u64, String> {
        self.after("( PC:")
            .and_then(|text| u64::from_str_radix(text.split(')').next()?.trim(), 16).ok())
            .ok_or_else(|| self.strange())
    }

    /// What the registers hold.
    pub(super) fn registers(&self) -> Result<Registers, String> {
        let mut registers = Registers([0; 16]);
        let mut found = 0;
        for register in self.0.split('(').skip(1) {
            let Some((name, value)) = register.split_once(": ") else {
                break;
            };
            let number = match name.trim_start() {
                "PC" => Some(0),
                "SP" => Some(1),
                "SR" => Some(2),
                name => name
                    .strip_prefix('R')
                    .and_then(|number| number.parse().ok()),
            };
            let place = number.and_then(|number: usize| registers.0.get_mut(number));
            let value = value.get(..5).map(|value| u16::from_str_radix(value, 16));
            let (Some(place), Some(Ok(value))) = (place, value) else {
                return Err(self.strange());
            };
            *place = value;
            found += 1;
            if found == 16 {
                // What follows is the program's text.
                return Ok(registers);
            }
        }
        Err(self.strange())
    }

    /// How many instructions were executed, and cycles passed.
    pub(crate) fn counts(&self) -> Result<(u64, u64), String> {
        let number = |name| self.after(name)?.split_whitespace().next()?.parse().ok();
        match (number("Instruction count:"), number("MCLK:")) {
            (Some(instructions), Some(cycles)) => Ok((instructions, cycles)),
            _ => Err(self.strange()),
        }
    }

    /// How many cycles passed while the processor slept: the clock of the peripherals goes on then.
    pub(crate) fn asleep(&self) -> Result<u64, String> {
        let (_, awake) = self.counts()?;
        let number = self.after("SMCLK").map(str::trim_start);
        let all: Option<u64> = number.and_then(|text| text.split_whitespace().next()?.parse().ok());
        Ok(all.ok_or_else(|| self.strange())?.saturating_sub(awake))
    }

    /// The words of the memory that it shows.
    pub(crate) fn words(&self) -> Result<Vec<u32>, String> {
        let mut bytes = Vec::new();
        for line in self.0.lines() {
            let (_, rest) = line.split_once(": ").ok_or_else(|| self.strange())?;
            let hex = rest.split('|').next().unwrap_or(rest);
            for byte in hex.split_whitespace() {
                bytes.push(u8::from_str_radix(byte, 16).map_err(|_| self.strange())?);
            }
        }
        let (words, _) = bytes.as_chunks();
        Ok(words.iter().map(|word| u32::from_le_bytes(*word)).collect())
    }

    /// Whether the first half of the words that it shows, results, are the second half, what they should be.
    pub(crate) fn are_right(&self) -> Result<bool, String> {
        let words = self.words()?;
        let (results, expected) = words.split_at(words.len() / 2);
        Ok(results == expected)
    }

    /// What the program has printed, of a run.
    pub(crate) fn printed(&self) -> &str {
        let text = self.0.split_once("interrupt...\n").map_or("", |two| two.1);
        text.split("    ( PC:").next().unwrap_or(text)
    }

    fn after(&self, name: &str) -> Option<&str> {
        Some(self.0.split_once(name)?.1)
    }

    fn strange(&self) -> String {
        format!("the simulator printed: {}", self.0.trim())
    }
}

/// How a script ends.
#[derive(Debug)]
pub(crate) enum End {
    /// All commands have answered.
    Done(Vec<Answer>),
    /// A command did not answer in time, or failed: the answers before it, and why.
    Stuck(Vec<Answer>, String),
}

impl End {
    /// The answers, where all is well.
    pub(crate) fn done(self) -> Result<Vec<Answer>, String> {
        match self {
            Self::Done(answers) => Ok(answers),
            Self::Stuck(_, reason) => Err(reason),
        }
    }
}

/// Runs a script, for so long.
pub(crate) fn run(script: &Script, longest: Duration) -> Result<End, String> {
    let failed = |error: std::io::Error| format!("`{MSPDEBUG}` cannot be run: {error}");
    let mut file = NamedTempFile::new().map_err(failed)?;
    file.write_all(script.text().as_bytes()).map_err(failed)?;
    // Not a pipe: it writes line by line, and each would wake the reader.
    let mut output = tempfile::tempfile().map_err(failed)?;
    let mut simulator = Command::new(MSPDEBUG)
        .args(["-q", "-n", "sim"])
        .arg(format!("read {}", file.path().display()))
        .stdin(Stdio::null())
        .stdout(output.try_clone().map_err(failed)?)
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let began = Instant::now();
    let is_over = loop {
        if simulator.try_wait().map_err(failed)?.is_some() {
            break true;
        }
        if began.elapsed() > longest {
            // It may have ended just now, which is as good.
            let _ = simulator.kill();
            simulator.wait().map_err(failed)?;
            break false;
        }
        thread::sleep(POLL);
    };
    let mut bytes = Vec::new();
    output.rewind().map_err(failed)?;
    output.read_to_end(&mut bytes).map_err(failed)?;
    let mut answers = answers(&String::from_utf8_lossy(&bytes));
    if is_over && answers.len() == script.len() {
        return Ok(End::Done(answers));
    }
    let last = answers.pop().map(|answer| answer.0).unwrap_or_default();
    let reason = if is_over {
        let mut commands = script.text().lines();
        let command = commands.nth(answers.len()).unwrap_or("its end");
        format!("the simulator stopped at `{command}`: {}", last.trim())
    } else {
        format!("it does not end within {} s", longest.as_secs())
    };
    Ok(End::Stuck(answers, reason))
}

/// What the commands have printed, one after the other.
fn answers(output: &str) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for line in output.lines() {
        if line.starts_with(PROMPT) {
            answers.push(Answer(String::new()));
        } else if let Some(answer) = answers.last_mut() {
            answer.0.push_str(line);
            answer.0.push('\n');
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
=> run
Running. Press Ctrl+C to interrupt...
from: 940
    ( PC: 06002)  ( R4: 00000)  ( R8: 00010)  (R12: 01c00)  
=> md 0x1c00 8
    01c00: ac 03 00 00 3c 00 00 00 |....<...|
=> simio info tracer
Instruction count: 117212
MCLK:              221010
SMCLK              221099
=> reset
";

    #[test]
    fn each_command_has_its_answer() {
        let answers = answers(OUTPUT);
        assert_eq!(answers.len(), 4);
        assert_eq!(answers[0].program_counter(), Ok(0x6002));
        assert_eq!(answers[0].printed(), "from: 940\n");
        assert_eq!(answers[1].words(), Ok(vec![940, 60]));
        assert_eq!(answers[2].counts(), Ok((117_212, 221_010)));
        assert_eq!(answers[2].asleep(), Ok(89));
        assert!(answers[3].program_counter().is_err());
    }
}
