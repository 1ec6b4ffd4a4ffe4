//! A transaction that may write without logging cannot abort: a timeout is no error of the engine's.
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>, queue: &Queue<u32>, total: Offset<u32>) -> Result<(), Error> {
    task.transaction_write_first(16, |tx| {
        tx.set_unlogged(total, 0)?;
        queue.receive(tx, Timeout::Ticks(10))?;
        Ok(())
    })
}

fn main() {}
