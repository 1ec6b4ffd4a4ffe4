//! Rule 6 holds for an input that is taken in a transaction of its own, too.
use nvm_core::Nvm;
use replay::{Error, Thread};

fn run<N: Nvm + Copy>(thread: &mut Thread<N>) -> Result<u32, Error> {
    let mut readings = 0;
    thread.sample(|| {
        readings += 1;
        readings
    })
}

fn main() {}
