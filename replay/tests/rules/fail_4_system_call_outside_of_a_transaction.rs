//! Rule 4: system calls only inside of a transaction.
use nvm_core::Nvm;
use replay::{Error, Site, Thread, Tx};

/// As a kernel's calls are.
fn notify<N: Nvm + Copy>(tx: &mut Tx<'_, N>) -> Result<(), Error> {
    tx.system().complete(Site::here(), |_| Ok(()))
}

fn run<N: Nvm + Copy>(thread: &mut Thread<N>) -> Result<(), Error> {
    notify(thread)?;
    thread.system().complete(Site::here(), |_| Ok(()))
}

fn main() {}
