//! The expiries of software timers.

use intos::prelude::*;

use crate::{Checked, Results};

/// A timer that goes on and one that expires once: each expiry is served once.
#[derive(Debug, Clone, Copy)]
pub struct Alarm {
    timers: Timers,
    often: Timer,
    once: Timer,
    beats: Offset<u32>,
    rings: Offset<u32>,
    /// When the last beat was served: at its tick or later.
    served: Offset<u32>,
}

const OFTEN: u16 = 1;
const ONCE: u16 = 2;
const BEATS: u32 = 1;

impl<B: Board> Program<B> for Alarm {
    const NAME: &'static str = "alarm";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        let timers = objects.timers("timers")?;
        Ok(Self {
            timers,
            often: objects.timer("often", timers, Repeat::AutoReload, OFTEN, 2)?,
            once: objects.timer("once", timers, Repeat::OneShot, ONCE, 1)?,
            beats: objects.object("beats", 0)?,
            rings: objects.object("rings", 0)?,
            served: objects.object("served", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        (index == 0).then_some(TaskEntry::new("server", 1, run))
    }
}

fn run<B: Board>(task: &mut Task<B>, app: &Alarm) -> Result<(), Error> {
    // In this order: however long it takes, the one that expires once is due first.
    task.transaction(|tx| {
        app.once.start(tx)?;
        app.often.start(tx)
    })?;
    task.serve_timers(app.timers, |task, number| {
        if number == ONCE {
            task.transaction(|tx| Ok(tx.update(app.rings, |rings| rings + 1)?))?;
            return Ok(true);
        }
        let beats = task.transaction(|tx| {
            let now = tx.now()?;
            tx.set(app.served, now)?;
            let beats = tx.get(app.beats)? + 1;
            tx.set(app.beats, beats)?;
            Ok(beats)
        })?;
        Ok(beats < BEATS)
    })?;
    task.transaction(|tx| app.often.stop(tx))
}

impl Checked for Alarm {
    const NAMES: [&'static str; 4] = ["beats", "rings", "served in time", "still running"];
    const EXPECTED: Results = [BEATS, 1, 1, 0];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let mut running = 0;
        for timer in [self.often, self.once] {
            running += u32::from(timer.expiry(nvm)?.is_some());
        }
        Ok([
            nvm.load(self.beats)?,
            nvm.load(self.rings)?,
            u32::from(nvm.load(self.served)? >= 2 * BEATS),
            running,
        ])
    }
}
