//! Rule 6: a transaction changes no volatile state: it would be lost when the transaction is bypassed.
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>, total: Offset<u32>) -> Result<(), Error> {
    let mut sum = 0;
    task.transaction(|tx| {
        sum += tx.get(total)?;
        Ok(())
    })
}

fn main() {}
