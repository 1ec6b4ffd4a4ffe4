//! Rule 4: the calls of interrupt handlers, which are not recorded, are none of a task's.
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>, queue: &Queue<u32>) -> Result<(), Error> {
    task.transaction(|tx| queue.send_from_isr(tx, 1))
}

fn main() {}
