//! A transaction that can abort has no unlogged writes.
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>, total: Offset<u32>) -> Result<(), Error> {
    task.transaction(|tx| Ok(tx.set_unlogged(total, 0)?))
}

fn main() {}
