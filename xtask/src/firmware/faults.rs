//! `cargo xtask firmware faults`.

use super::emulator;
use super::unswept::{self, Machine, Nvm};

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

/// Runs each on each machine, and answers how many failed.
pub(super) fn run() -> Result<u64, String> {
    emulator::check()?;
    let mut failed = 0;
    for machine in Machine::ALL {
        for (program, message) in CRASHES {
            let result = crash(machine, program, message)?;
            let what = match &result {
                Ok(told) => told,
                Err(wrong) => wrong,
            };
            println!("{program} on {}: {}", machine.name(), what.trim_end());
            failed += u64::from(result.is_err());
        }
    }
    Ok(failed)
}

/// Lets it crash, and lets a later start finish it, where the machine's NVM outlives the emulator: what was told, or what
/// was wrong.
fn crash(machine: Machine, program: &str, message: &str) -> Result<Result<String, String>, String> {
    let nvm = Nvm::blank()?;
    let path = machine.build(program)?;
    let (succeeds, told) = unswept::finish(machine.start(&path, &nvm)?)?;
    if succeeds || !told.starts_with(message) {
        return Ok(Err(format!("failed: `{told}`, not `{message}…`")));
    }
    if machine.keeps_nvm() {
        let (succeeds, results) = unswept::finish(machine.start(&path, &nvm)?)?;
        if !succeeds {
            return Ok(Err(format!("failed: the next start found `{results}`")));
        }
    }
    Ok(Ok(told))
}
