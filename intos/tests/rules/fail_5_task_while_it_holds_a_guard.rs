//! Rule 5: a task that holds a mutex goes on through the guard, so that nothing outlives the lock.
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>, mutex: &Mutex, sum: Offset<u32>) -> Result<(), Error> {
    let guard = mutex.lock(task, Timeout::Forever)?;
    task.transaction(|tx| Ok(tx.set(sum, 1)?))?;
    guard.unlock()
}

fn main() {}
