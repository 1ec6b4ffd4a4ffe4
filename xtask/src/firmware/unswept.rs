//! The machines whose power is not swept: for other processors than the one of the sweeps.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use tempfile::NamedTempFile;

use super::build;
use crate::toolchain;

const QEMU: &str = "qemu-system-arm";
/// Bytes of a machine's memory that a file keeps.
const NVM_BYTES: u64 = 16 << 20;
/// A run takes seconds.
const LONGEST_RUN: Duration = Duration::from_mins(1);

/// A machine of QEMU's. The target tells the firmware's `build.rs` which of them it is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Machine {
    /// A Cortex-M4 with a floating-point unit. The power goes at one event of the kernel after the other.
    Mps2An386,
    /// A Cortex-M0. The power goes at one event of the kernel after the other; the NVM is part of RAM.
    Microbit,
}

impl Machine {
    /// All of them.
    pub(super) const ALL: [Self; 2] = [Self::Mps2An386, Self::Microbit];

    /// What it is built for.
    const fn target(self) -> &'static str {
        match self {
            Self::Mps2An386 => "thumbv7em-none-eabihf",
            Self::Microbit => "thumbv6m-none-eabi",
        }
    }

    /// What QEMU calls it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Mps2An386 => "mps2-an386",
            Self::Microbit => "microbit",
        }
    }

    /// Whether a file keeps its NVM.
    pub(super) const fn keeps_nvm(self) -> bool {
        matches!(self, Self::Mps2An386)
    }

    /// Builds a program of the firmware's, and answers where it lies.
    pub(super) fn build(self, program: &str) -> Result<PathBuf, String> {
        let target_dir = toolchain::target_dir("firmware");
        let mut build = toolchain::build(self.target(), &target_dir)?;
        build
            .args(["--bin", program, "--manifest-path"])
            .arg(build::folder().join("Cargo.toml"));
        toolchain::run(&mut build)?;
        Ok(target_dir.join(self.target()).join("release").join(program))
    }

    /// Starts a program; what it prints goes into a pipe.
    pub(super) fn start(self, program: &Path, nvm: &Nvm) -> Result<Child, String> {
        match self {
            Self::Mps2An386 => nvm.start("mps2-an386", program),
            Self::Microbit => {
                let mut qemu = Command::new(QEMU);
                // More than the 16 KiB of the part, which are too few for the stacks that the programs ask for.
                qemu.args(["-machine", "microbit"])
                    .args(["-global", "nrf51-soc.sram-size=65536"]);
                spawn(qemu, program)
            }
        }
    }
}

/// The file that keeps the memory of an MPS2 machine; it is deleted in the end.
#[derive(Debug)]
pub(crate) struct Nvm(NamedTempFile);

impl Nvm {
    /// A blank one.
    pub(crate) fn blank() -> Result<Self, String> {
        let file = NamedTempFile::new().map_err(|error| format!("no temporary file: {error}"))?;
        file.as_file()
            .set_len(NVM_BYTES)
            .map_err(|error| format!("the temporary file cannot be used: {error}"))?;
        Ok(Self(file))
    }

    /// Starts a program on an MPS2 machine; what it prints goes into a pipe.
    pub(crate) fn start(&self, machine: &str, program: &Path) -> Result<Child, String> {
        let mut memory = OsString::from("memory-backend-file,id=nvm,size=16M,share=on,mem-path=");
        // A comma in an option's value is written twice.
        memory.push(self.0.path().to_string_lossy().replace(',', ",,"));
        let mut qemu = Command::new(QEMU);
        qemu.arg("-machine")
            .arg(format!("{machine},memory-backend=nvm"))
            .arg("-object")
            .arg(memory);
        spawn(qemu, program)
    }
}

fn spawn(mut qemu: Command, program: &Path) -> Result<Child, String> {
    qemu.args(["-display", "none", "-monitor", "none", "-serial", "none"])
        .args(["-chardev", "stdio,id=console"])
        .args([
            "-semihosting-config",
            "enable=on,target=native,chardev=console",
        ])
        .arg("-kernel")
        .arg(program)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{QEMU} does not start: {error}"))
}

/// Waits for its end, and answers whether it has succeeded, and what it has printed.
pub(super) fn finish(mut qemu: Child) -> Result<(bool, String), String> {
    let began = Instant::now();
    let status = loop {
        match qemu.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if began.elapsed() < LONGEST_RUN => thread::sleep(Duration::from_millis(2)),
            Ok(None) => {
                let _ = qemu.kill();
                let _ = qemu.wait();
                return Err(format!(
                    "it does not end within {} s",
                    LONGEST_RUN.as_secs()
                ));
            }
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

/// Runs a program to its end, and answers 0 where it succeeds.
pub(super) fn run(machine: Machine, program: &str) -> Result<u64, String> {
    let nvm = Nvm::blank()?;
    let path = machine.build(program)?;
    let began = Instant::now();
    let (succeeds, text) = finish(machine.start(&path, &nvm)?)?;
    let seconds = began.elapsed().as_secs_f64();
    print!("{text}");
    println!(
        "{program} on {}: {}, {seconds:.1} s",
        machine.name(),
        if succeeds { "passed" } else { "failed" }
    );
    Ok(u64::from(!succeeds))
}
