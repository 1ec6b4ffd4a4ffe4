//! Rule 5: a mutex that was given back is not used any more.
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>, mutex: &Mutex, sum: Offset<u32>) -> Result<(), Error> {
    let mut guard = mutex.lock(task, Timeout::Forever)?;
    guard.unlock()?;
    guard.transaction(|tx| Ok(tx.set(sum, 1)?))
}

fn main() {}
