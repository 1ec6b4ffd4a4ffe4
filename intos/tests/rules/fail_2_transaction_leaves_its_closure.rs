//! Rule 2: no reference to a persistent object leaves a transaction, nor does the transaction itself.
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>) -> Result<(), Error> {
    let tx = task.transaction(|tx| Ok(tx))?;
    Ok(())
}

fn main() {}
