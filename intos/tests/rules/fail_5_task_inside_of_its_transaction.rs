//! Rule 5: nothing that takes the task (a lock, another transaction) inside of its transaction.
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>) -> Result<(), Error> {
    task.transaction(|tx| task.delay(1))
}

fn main() {}
