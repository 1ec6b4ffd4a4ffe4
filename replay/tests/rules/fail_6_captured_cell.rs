//! Rule 6, through a cell.
use core::cell::Cell;

use nvm_core::{Nvm, Offset};
use replay::{Error, Thread};

fn run<N: Nvm + Copy>(thread: &mut Thread<N>, total: Offset<u32>) -> Result<(), Error> {
    let sum = Cell::new(0);
    thread.transaction(|tx| {
        sum.set(tx.get(total)?);
        Ok(())
    })
}

fn main() {}
