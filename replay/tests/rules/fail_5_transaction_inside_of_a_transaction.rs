//! Rule 5: nothing that takes the thread (a lock, a loop, another transaction) inside of its transaction.
use nvm_core::{Nvm, Offset};
use replay::{Error, Thread};

fn run<N: Nvm + Copy + Sync>(thread: &mut Thread<N>, total: Offset<u32>) -> Result<(), Error> {
    thread.transaction(|tx| {
        let now = tx.get(total)?;
        thread.transaction(|tx| Ok(tx.set(total, now + 1)?))
    })
}

fn main() {}
