//! How mutexes and shared objects are locked.
use intos::prelude::*;

struct App {
    outer: Mutex,
    inner: RecursiveMutex,
    sum: Offset<u32>,
}

fn run<B: Board>(task: &mut Task<B>, app: &App) -> Result<(), Error> {
    let mut guard = app.outer.lock(task, 20.millis())?;
    nv_for_loop!(guard, i in 0..3u32 => {
        let mut first = app.inner.lock(&mut *guard, Timeout::Forever)?;
        let mut second = app.inner.lock(&mut *first, Timeout::Forever)?;
        second.transaction(|tx| Ok(tx.update(app.sum, |sum| sum + i)?))?;
        second.unlock()?;
    });
    if app.inner.lock(&mut *guard, Timeout::None).is_ok() {
        guard.delay(1)?;
    }
    guard.unlock()?;
    task.transaction(|tx| Ok(tx.set(app.sum, 0)?))
}

fn main() {
    fn _uses<B: Board>() {
        let _: fn(&mut Task<B>, &App) -> Result<(), Error> = run::<B>;
    }
}
