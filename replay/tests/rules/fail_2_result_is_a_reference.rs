//! Rule 2: results are data that can be recorded, not references.
use nvm_core::Nvm;
use replay::{Error, Thread};

fn run<N: Nvm + Copy>(thread: &mut Thread<N>, name: &'static str) -> Result<(), Error> {
    let _name: &'static str = thread.transaction(|_| Ok(name))?;
    Ok(())
}

fn main() {}
