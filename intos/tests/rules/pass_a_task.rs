//! What keeps the rules.
use intos::prelude::*;

persist! {
    struct Total {
        sum: u32,
        count: u32,
    }
}

struct App {
    queue: Queue<u32>,
    free: Semaphore,
    total: Offset<Total>,
}

fn run<B: Board>(task: &mut Task<B>, app: &App) -> Result<(), Error> {
    let limit = 3;
    nv_for_loop!(task, i in 0..limit => {
        let item = task.transaction(|tx| {
            app.free.acquire(tx, Timeout::Forever)?;
            let item = app.queue.receive(tx, Timeout::Ticks(9))?;
            tx.update(field!(app.total, Total.sum), |sum| sum + item + i)?;
            tx.update(app.total, |total| Total { count: total.count + 1, ..total })?;
            Ok(item)
        })?;
        let seen: Option<(u32, bool)> = task.transaction(|tx| {
            Ok(Some((tx.sample(|| 5)?, tx.now()? > item)))
        })?;
        if seen.is_none() {
            break;
        }
        task.transaction_write_first(16, |tx| {
            tx.set_unlogged(field!(app.total, Total.count), 0)?;
            match app.queue.try_receive(tx).or_outcome()? {
                Ok(item) => Ok(tx.set(field!(app.total, Total.sum), item)?),
                Err(_empty) => Ok(()),
            }
        })?;
    });
    Ok(())
}

fn main() {
    fn _uses<B: Board>() {
        let _: fn(&mut Task<B>, &App) -> Result<(), Error> = run::<B>;
    }
}
