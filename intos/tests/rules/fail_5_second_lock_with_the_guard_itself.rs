//! Rule 5: another mutex is locked by the task that a guard holds, `&mut *guard`.
use intos::prelude::*;

fn run<B: Board>(task: &mut Task<B>, first: &Mutex, second: &Mutex) -> Result<(), Error> {
    let mut guard = first.lock(task, Timeout::Forever)?;
    second.lock(&mut guard, Timeout::Forever)?.unlock()
}

fn main() {}
