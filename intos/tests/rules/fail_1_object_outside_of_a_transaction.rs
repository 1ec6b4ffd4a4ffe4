//! Rule 1: persistent objects are read and written only inside of a transaction.
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>, total: Offset<u32>) -> Result<(), Error> {
    let now = task.get(total)?;
    task.set(total, now + 1)
}

fn main() {}
