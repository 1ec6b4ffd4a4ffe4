//! The station on an ordinary computer.

mod program;

use std::fmt;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use intos::host::{Host, Machine, Settings};
use nvm_core::{FileNvm, Nvm};

use program::{Screen, Station};

/// Bytes of the memory.
const BYTES: u32 = 4096;

impl Screen for Host<'_, FileNvm> {
    fn show(line: fmt::Arguments<'_>) {
        println!("{line}");
        sleep(Duration::from_millis(100)); // the host's own time is virtual
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = Path::new("station.nvm");
    let nvm = if path.exists() {
        FileNvm::open(path)?
    } else {
        FileNvm::create(path, BYTES)?
    };
    let machine = Machine::new(nvm, Settings::default());
    let mut sum = 0;
    let end = machine.power_cycle_with::<Station>(false, |station| {
        sum = machine.nvm().load(station.sum).unwrap_or(0);
        true
    })?;
    println!("{end:?}, sum {sum}");
    Ok(())
}
