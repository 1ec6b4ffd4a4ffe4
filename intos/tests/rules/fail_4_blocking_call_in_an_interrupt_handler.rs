//! Rule 4: an interrupt handler makes no call that may block.
use intos::prelude::*;

fn handle<B: Board>(isr: &mut Interrupt<'_, B>, queue: &Queue<u32>) -> Result<(), Error> {
    queue.send(isr, 1, Timeout::Forever)
}

fn main() {}
