//! A queue, a mutex, a software timer, an event group and delays, across four tasks.

use intos::prelude::*;

use crate::{Checked, Results};

/// A supplier sends parts, a fitter fits them, an inspector looks at each batch at once, and a clock beats meanwhile.
/// The shop's books are kept under a mutex.
#[derive(Debug, Clone, Copy)]
pub struct Workshop {
    parts: Queue<u32>,
    books: Mutex,
    /// A bit for each batch that is complete.
    batches: EventGroup,
    timers: Timers,
    beat: Timer,
    fitted: Offset<u32>,
    /// The sum of what was fitted at the end of each batch.
    inspected: Offset<u32>,
    beats: Offset<u32>,
}

const PARTS: u32 = 20;
const PARTS_OF_BATCH: u32 = 5;
const BATCHES: u32 = PARTS / PARTS_OF_BATCH;
const BEATS: u32 = 8;

impl<B: Board> Program<B> for Workshop {
    const NAME: &'static str = "workshop";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        let timers = objects.timers("timers")?;
        Ok(Self {
            parts: objects.queue("parts", 2)?,
            books: objects.mutex("books")?,
            batches: objects.event_group("batches")?,
            timers,
            beat: objects.timer("beat", timers, Repeat::AutoReload, 1, 3)?,
            fitted: objects.object("fitted", 0)?,
            inspected: objects.object("inspected", 0)?,
            beats: objects.object("beats", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("clock", 1, beat),
            1 => TaskEntry::new("supplier", 2, supply),
            2 => TaskEntry::new("fitter", 3, fit),
            3 => TaskEntry::new("inspector", 4, inspect),
            _ => return None,
        })
    }
}

fn supply<B: Board>(task: &mut Task<B>, app: &Workshop) -> Result<(), Error> {
    nv_for_loop!(task, part in 1..PARTS + 1 => {
        task.delay(1)?;
        task.transaction(|tx| app.parts.send(tx, part, Timeout::Forever))?;
    });
    Ok(())
}

fn fit<B: Board>(task: &mut Task<B>, app: &Workshop) -> Result<(), Error> {
    nv_for_loop!(task, count in 1..PARTS + 1 => {
        let part = task.transaction(|tx| app.parts.receive(tx, Timeout::Forever))?;
        let mut books = app.books.lock(task, Timeout::Forever)?;
        books.transaction(|tx| Ok(tx.update(app.fitted, |sum| sum + part)?))?;
        books.unlock()?;
        if count % PARTS_OF_BATCH == 0 {
            let batch = 1 << (count / PARTS_OF_BATCH - 1);
            task.transaction(|tx| app.batches.set(tx, batch))?;
        }
    });
    Ok(())
}

fn inspect<B: Board>(task: &mut Task<B>, app: &Workshop) -> Result<(), Error> {
    nv_for_loop!(task, batch in 0..BATCHES => {
        task.transaction(|tx| {
            app.batches.wait_all(tx, 1 << batch, OnExit::Keep, Timeout::Forever)
        })?;
        let mut books = app.books.lock(task, Timeout::Forever)?;
        books.transaction(|tx| {
            let fitted = tx.get(app.fitted)?;
            Ok(tx.update(app.inspected, |sum| sum + fitted)?)
        })?;
        books.unlock()?;
    });
    Ok(())
}

fn beat<B: Board>(task: &mut Task<B>, app: &Workshop) -> Result<(), Error> {
    task.transaction(|tx| app.beat.start(tx))?;
    task.serve_timers(app.timers, |task, _| {
        let mut books = app.books.lock(task, Timeout::Forever)?;
        let beats = books.transaction(|tx| {
            let beats = tx.get(app.beats)? + 1;
            tx.set(app.beats, beats)?;
            Ok(beats)
        })?;
        books.unlock()?;
        Ok(beats < BEATS)
    })
}

impl Checked for Workshop {
    const NAMES: [&'static str; 4] = ["fitted", "inspected", "batches", "beats"];
    const EXPECTED: Results = [210, 15 + 55 + 120 + 210, (1 << BATCHES) - 1, BEATS];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        Ok([
            nvm.load(self.fitted)?,
            nvm.load(self.inspected)?,
            self.batches.bits(nvm)?,
            nvm.load(self.beats)?,
        ])
    }
}
