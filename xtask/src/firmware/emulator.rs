//! QEMU, with an NVM that a file keeps.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use tempfile::NamedTempFile;

use super::board::{Board, NVM_AT, NVM_BYTES};
use super::image::Image;
use crate::toolchain;

const QEMU: &str = "qemu-system-arm";

/// The file that keeps the NVM.
#[derive(Debug)]
pub(crate) enum NvmFile {
    /// The user's own.
    Kept(PathBuf),
    /// One that is deleted in the end.
    Temporary(NamedTempFile),
}

impl NvmFile {
    /// A file that the user names, which is made if it is not there, or a blank one.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, String> {
        let nvm = match path {
            Some(path) => Self::Kept(path.to_owned()),
            None => Self::Temporary(
                NamedTempFile::new().map_err(|error| format!("no temporary file: {error}"))?,
            ),
        };
        let file = nvm.file()?;
        let len = file.metadata().map(|metadata| metadata.len());
        match len {
            Ok(0) => file
                .set_len(NVM_BYTES)
                .map_err(|error| nvm.cannot(&error))?,
            Ok(NVM_BYTES) => {}
            Ok(len) => {
                return Err(format!(
                    "{} has {len} bytes, and is no NVM of this machine",
                    nvm.path().display()
                ));
            }
            Err(error) => return Err(nvm.cannot(&error)),
        }
        Ok(nvm)
    }

    /// The words from an address of the machine on.
    pub(super) fn words(&self, address: u64, count: usize) -> Result<Vec<u32>, String> {
        let mut bytes = vec![0; 4 * count];
        self.file()?
            .read_exact_at(&mut bytes, address.saturating_sub(NVM_AT))
            .map_err(|error| self.cannot(&error))?;
        let (words, _) = bytes.as_chunks();
        Ok(words.iter().map(|word| u32::from_le_bytes(*word)).collect())
    }

    /// Stores words from an address of the machine on.
    pub(crate) fn set_words(&self, address: u64, words: &[u32]) -> Result<(), String> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.file()?
            .write_all_at(&bytes, address.saturating_sub(NVM_AT))
            .map_err(|error| self.cannot(&error))
    }

    /// The file, to be read and written.
    fn file(&self) -> Result<File, String> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.path())
            .map_err(|error| self.cannot(&error))
    }

    fn cannot(&self, error: &std::io::Error) -> String {
        format!("{} cannot be used: {error}", self.path().display())
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(file) => file.path(),
        }
    }
}

/// Whether QEMU is there.
pub(crate) fn check() -> Result<(), String> {
    if toolchain::is_there(QEMU) {
        Ok(())
    } else {
        Err(format!(
            "{QEMU} is missing: on Debian, `apt-get install {QEMU}`"
        ))
    }
}

/// How time passes for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Time {
    /// As for everybody.
    Real,
    /// 2 to this power ns for each instruction, and none for sleeping.
    Counted { shift: u32 },
}

impl Time {
    /// 64 ns for each instruction, by which the firmware knows where a power cut comes.
    pub(crate) const INSTRUCTIONS: Self = Self::Counted { shift: 6 };
}

/// Starts a program on a board; what it prints goes into a pipe. `log`: a file to write the address of each instruction
/// to that is executed.
pub(crate) fn start(
    board: Board,
    image: &Image,
    nvm: &NvmFile,
    time: Time,
    log: Option<&Path>,
) -> Result<Child, String> {
    // A comma in an option's value is written twice.
    let value = |path: &Path| path.to_string_lossy().replace(',', ",,");
    let mut qemu = Command::new(QEMU);
    if board.keeps_nvm() {
        qemu.arg("-machine")
            .arg(format!("{},memory-backend=nvm", board.machine()))
            .arg("-object")
            .arg(format!(
                "memory-backend-file,id=nvm,size=16M,share=on,mem-path={}",
                value(nvm.path())
            ));
    } else {
        qemu.args(["-machine", board.machine()]);
    }
    qemu.args(board.options())
        .args(["-display", "none", "-monitor", "none", "-serial", "none"])
        .args(["-chardev", "stdio,id=console"])
        .args([
            "-semihosting-config",
            "enable=on,target=native,chardev=console",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(vectors) = &image.vectors {
        let file = nvm.file()?;
        for (address, bytes) in &image.segments {
            file.write_all_at(bytes, address.saturating_sub(NVM_AT))
                .map_err(|error| nvm.cannot(&error))?;
        }
        qemu.arg("-device").arg(format!(
            "loader,addr=0,force-raw=on,file={}",
            value(vectors.path())
        ));
    } else {
        qemu.arg("-kernel").arg(&image.path);
    }
    if let Time::Counted { shift } = time {
        qemu.arg("-icount").arg(format!("shift={shift},sleep=off"));
    }
    if let Some(log) = log {
        qemu.args(["-singlestep", "-d", "exec,nochain", "-D"])
            .arg(log);
    }
    let mut qemu = qemu
        .spawn()
        .map_err(|error| format!("{QEMU} does not start: {error}"))?;
    if let Some(errors) = qemu.stderr.take() {
        thread::spawn(move || pass_on(errors));
    }
    Ok(qemu)
}

/// Passes on what the emulator complains of, but for a reset with all timers standing still, which is what is wanted.
fn pass_on(errors: ChildStderr) {
    for line in BufReader::new(errors).lines().map_while(Result::ok) {
        if !line.ends_with("icount sleep disabled and no active timers") {
            eprintln!("{line}");
        }
    }
}

/// The lines of an output, as they come.
pub(crate) fn lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
