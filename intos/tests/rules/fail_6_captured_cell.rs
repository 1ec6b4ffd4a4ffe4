//! Rule 6, through a cell.
use core::cell::Cell;
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>, total: Offset<u32>) -> Result<(), Error> {
    let sum = Cell::new(0);
    task.transaction(|tx| {
        sum.set(tx.get(total)?);
        Ok(())
    })
}

fn main() {}
