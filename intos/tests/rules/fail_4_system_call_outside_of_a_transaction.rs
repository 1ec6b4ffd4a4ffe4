//! Rule 4: system calls only inside of a transaction.
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>, queue: &Queue<u32>) -> Result<(), Error> {
    queue.send(task, 7, Timeout::Forever)
}

fn main() {}
