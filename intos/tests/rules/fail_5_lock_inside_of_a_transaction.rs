//! Rule 5: no locking inside of a transaction.
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>, mutex: &Mutex) -> Result<(), Error> {
    task.transaction(|tx| {
        let _guard = mutex.lock(tx, Timeout::Forever)?;
        Ok(())
    })
}

fn main() {}
