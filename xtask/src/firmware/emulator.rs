//! QEMU, with an NVM that a file keeps.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use tempfile::NamedTempFile;

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

/// Starts a program; what it prints goes into a pipe. `counted`: each instruction takes 64 ns, and sleeping none.
pub(crate) fn start(program: &Path, nvm: &NvmFile, counted: bool) -> Result<Child, String> {
    let mut qemu = command(program, nvm);
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
pub(crate) fn command(program: &Path, nvm: &NvmFile) -> Command {
    let mut memory =
        std::ffi::OsString::from("memory-backend-file,id=nvm,size=16M,share=on,mem-path=");
    // A comma in an option's value is written twice.
    memory.push(nvm.path().to_string_lossy().replace(',', ",,"));
    let mut qemu = Command::new(QEMU);
    qemu.args(["-machine", "mps2-an385,memory-backend=nvm", "-object"])
        .arg(memory)
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
