//! Rule 6, through a raw pointer.
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>, total: Offset<u32>, sum: *mut u32) -> Result<(), Error> {
    task.transaction(|tx| {
        let value = tx.get(total)?;
        unsafe { sum.write(value) };
        Ok(())
    })
}

fn main() {}
