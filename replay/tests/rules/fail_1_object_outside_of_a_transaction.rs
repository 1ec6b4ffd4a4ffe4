//! Rule 1: persistent objects are read and written only inside of a transaction.
use nvm_core::{Nvm, Offset};
use replay::{Error, Thread};

fn run<N: Nvm + Copy>(thread: &mut Thread<N>, total: Offset<u32>) -> Result<(), Error> {
    let now = thread.get(total)?;
    thread.set(total, now + 1)
}

fn main() {}
