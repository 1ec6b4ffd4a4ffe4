//! Rule 6, through a raw pointer.
use nvm_core::{Nvm, Offset};
use replay::{Error, Thread};

fn run<N: Nvm + Copy>(
    thread: &mut Thread<N>,
    total: Offset<u32>,
    sum: *mut u32,
) -> Result<(), Error> {
    thread.transaction(|tx| {
        let value = tx.get(total)?;
        unsafe { sum.write(value) };
        Ok(())
    })
}

fn main() {}
