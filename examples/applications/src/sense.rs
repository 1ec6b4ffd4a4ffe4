//! Periodic sensing: a camera takes a photo whenever its timer expires.
//!
//! It shows a software timer, whose expiries are served exactly once, and a large object that is written first: a photo
//! of 400 bytes costs just these, where a log would cost as much again.

use core::ops::Range;

use example_programs::stack_bytes;
use intos::prelude::*;

use crate::{Application, Checked, Results, Scale};

/// Takes photos.
#[derive(Debug, Clone, Copy)]
pub struct Sense {
    scale: Scale,
    timers: Timers,
    shutter: Timer,
    photo: Offset<[u8; PIXELS]>,
    taken: Offset<Taken>,
}

persist! {
    struct Taken {
        /// The newest photo's number.
        id: u32,
        /// How often the timer has expired.
        expiries: u32,
    }
}

const PHOTOS: u32 = 5;
const PERIOD: u32 = 5;
const PIXELS: usize = 20 * 20;
const FIRST_SHADE: u32 = 42;

/// A photo lies on it before it is stored: more than an MSP430 gives by default.
const STACK_BYTES: usize = stack_bytes(2048);

impl<B: Board> Program<B> for Sense {
    const NAME: &'static str = "sense";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        let timers = objects.timers("timers")?;
        Ok(Self {
            scale: Scale::place(objects)?,
            timers,
            shutter: objects.timer("shutter", timers, Repeat::AutoReload, 1, PERIOD)?,
            photo: objects.object("photo", [0; PIXELS])?,
            taken: objects.object("taken", Taken { id: 0, expiries: 0 })?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        let camera = TaskEntry::new("camera", 1, sense as fn(&mut Task<B>, &Self) -> _);
        (index == 0).then_some(camera.with_stack(STACK_BYTES))
    }
}

fn sense<B: Board>(task: &mut Task<B>, app: &Sense) -> Result<(), Error> {
    let photos = app.scale.times(task, PHOTOS)?;
    task.transaction(|tx| app.shutter.start(tx))?;
    task.serve_timers(app.timers, |task, _| {
        let id = take_photo(task, app)?;
        Ok(id < photos)
    })?;
    task.transaction(|tx| app.shutter.stop(tx))
}

/// Answers the photo's number.
fn take_photo<B: Board>(task: &mut Task<B>, app: &Sense) -> Result<u32, Error> {
    let log_bytes = 4 + size_of::<Taken>() as RawOffset;
    task.transaction_write_first(log_bytes, |tx| {
        let taken = tx.get(app.taken)?;
        let id = taken.id + 1;
        tx.set_unlogged(app.photo, [(FIRST_SHADE + id) as u8; PIXELS])?;
        tx.set(
            app.taken,
            Taken {
                id,
                expiries: taken.expiries + 1,
            },
        )?;
        Ok(id)
    })
}

impl Checked for Sense {
    const NAMES: [&'static str; 4] = ["photo", "its shade", "wrong pixels", "expiries"];
    const EXPECTED: Results = [PHOTOS, 47, 0, PHOTOS];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let photo = nvm.load(self.photo)?;
        let wrong = photo.iter().filter(|pixel| **pixel != photo[0]).count();
        let Taken { id, expiries } = nvm.load(self.taken)?;
        Ok([id, photo[0].into(), wrong as u32, expiries])
    }
}

impl Application for Sense {
    const STEADY_ITERATION: Range<u32> = 4..6;

    fn scale(&self) -> Scale {
        self.scale
    }
}
