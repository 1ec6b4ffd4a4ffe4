//! Rule 6: a transaction changes no volatile state: it would be lost when the transaction is bypassed.
use nvm_core::{Nvm, Offset};
use replay::{Error, Thread};

fn run<N: Nvm + Copy>(thread: &mut Thread<N>, total: Offset<u32>) -> Result<(), Error> {
    let mut sum = 0;
    thread.transaction(|tx| {
        sum += tx.get(total)?;
        Ok(())
    })
}

fn main() {}
