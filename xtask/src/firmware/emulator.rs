//! QEMU, with an NVM that a file keeps.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use tempfile::NamedTempFile;

use super::board::Board;
use crate::toolchain;

const QEMU: &str = "qemu-system-arm";

/// Bytes of the machine's memory that a file keeps.
const NVM_BYTES: u64 = 16 << 20;

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

    /// The file, to be read and written.
    pub(crate) fn file(&self) -> Result<File, String> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.path())
            .map_err(|error| self.cannot(&error))
    }

    pub(crate) fn cannot(&self, error: &std::io::Error) -> String {
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

/// Starts a program on the board that is swept; what it prints goes into a pipe. `counted`: each instruction takes
/// 64 ns, and sleeping none.
pub(super) fn start(program: &Path, nvm: &NvmFile, counted: bool) -> Result<Child, String> {
    start_on(Board::default(), program, nvm, counted)
}

/// The same on any board.
pub(crate) fn start_on(
    board: Board,
    program: &Path,
    nvm: &NvmFile,
    counted: bool,
) -> Result<Child, String> {
    let mut qemu = command(board, program, nvm);
    if counted {
        qemu.args(["-icount", "shift=6,sleep=off"]);
    }
    spawn(&mut qemu)
}

/// Starts what [`command`] has prepared.
pub(crate) fn spawn(qemu: &mut Command) -> Result<Child, String> {
    qemu.spawn()
        .map_err(|error| format!("{QEMU} does not start: {error}"))
}

/// The command that starts a program; what it prints goes into a pipe.
pub(crate) fn command(board: Board, program: &Path, nvm: &NvmFile) -> Command {
    let mut qemu = Command::new(QEMU);
    if board.keeps_nvm() {
        let mut memory =
            std::ffi::OsString::from("memory-backend-file,id=nvm,size=16M,share=on,mem-path=");
        // A comma in an option's value is written twice.
        memory.push(nvm.path().to_string_lossy().replace(',', ",,"));
        qemu.arg("-machine")
            .arg(format!("{},memory-backend=nvm", board.machine()))
            .arg("-object")
            .arg(memory);
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
        .arg("-kernel")
        .arg(program)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    qemu
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
