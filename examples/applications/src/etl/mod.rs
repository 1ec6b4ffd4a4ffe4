//! Extract, transform, load: two sensors' readings go through a pipe into a table.
//!
//! Five tasks with queues between them, each more urgent than the one before it: a reading has gone all the way before the
//! next one is taken.
//!
//! ```text
//! sense ──► filter ──► interpolate ──► annotate and join ──► store ──► table
//! ```
//!
//! It shows a pipe whose stages keep what they know. A stage's step is one transaction: it receives a message, changes
//! what the stage knows and sends the message on, and a power loss anywhere in it repeats it with the same message. The
//! last stage inserts into the table that [`kv`](crate::kv) has, which it locks.
//!
//! What each stage does, and where it is a choice:
//! - *sense*: one transaction a round takes a reading of each sensor, sensor 0's first.
//! - *filter*: each of the four values. One that is out of range is marked so, and the Bloom filters are not asked.
//! - *interpolate*: a window is kept for each sensor; a mean is that of the values that are there, rounded towards 0, and
//!   0 where there are none.
//! - *annotate and join*: an annotation is empty at first. Of sensor 1's reading only what joins is kept, which is 0 at
//!   first, and it goes no further.
//! - *store*: the table has room for the entries of [`Reading::ROUNDS`] rounds, all that there are at scale 1. The key is
//!   the time stamp modulo that of so many rounds: at a larger scale an entry replaces the one of so many rounds before.

mod filter;
mod interpolation;
mod join;

use core::ops::Range;

use intos::ThreadLayout;
use intos::prelude::*;

use crate::kv::{Buckets, Table};
use crate::{Application, Checked, Reading, Results, Scale, checksum};
use filter::filtered;
use interpolation::{Window, interpolated};
use join::{Annotated, Joining};

/// Five tasks in a pipe.
#[derive(Debug, Clone, Copy)]
pub struct Etl {
    scale: Scale,
    to_filter: Queue<Reading>,
    to_interpolate: Queue<Reading>,
    to_join: Queue<Reading>,
    to_store: Queue<Annotated>,
    windows: Offset<[Window; Reading::SENSORS as usize]>,
    joining: Offset<Joining>,
    /// Of all that was stored, in the order in which it came.
    stored: Offset<u32>,
    heap: Heap,
    /// Where the table is, once it is there.
    table: Offset<Offset<Shared<Buckets>>>,
}

const QUEUED: u16 = 4;

/// Time stamps until keys are used again.
const KEYS: u32 = Reading::ROUNDS * Reading::SENSORS as u32;

/// One sensor's readings, and the table.
const HEAP_BYTES: u32 = Reading::ROUNDS * Table::ENTRY_BYTES + Table::BYTES;

impl<B: Board> Program<B> for Etl {
    const NAME: &'static str = "etl";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            scale: Scale::place(objects)?,
            to_filter: objects.queue("to filter", QUEUED)?,
            to_interpolate: objects.queue("to interpolate", QUEUED)?,
            to_join: objects.queue("to join", QUEUED)?,
            to_store: objects.queue("to store", QUEUED)?,
            windows: objects
                .object("windows", [interpolation::EMPTY; Reading::SENSORS as usize])?,
            joining: objects.object("joining", join::NOTHING)?,
            stored: objects.object("stored", 0)?,
            heap: objects.heap("heap", HEAP_BYTES as RawOffset)?,
            table: objects.object("table", Offset::new(0))?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("sense", 1, sense as fn(&mut Task<B>, &Self) -> _).with_tables(
                ThreadLayout {
                    // Two readings, and what two sends answer, one of which may wait with its item.
                    system_calls: 48,
                    ..ThreadLayout::DEFAULT
                },
            ),
            1 => TaskEntry::new("filter", 2, filter),
            2 => TaskEntry::new("interpolate", 3, interpolate),
            3 => TaskEntry::new("join", 4, annotate_and_join),
            4 => TaskEntry::new("store", 5, store),
            _ => return None,
        })
    }
}

fn sense<B: Board>(task: &mut Task<B>, app: &Etl) -> Result<(), Error> {
    let rounds = app.scale.times(task, Reading::ROUNDS)?;
    nv_for_loop!(task, round in 0..rounds => {
        task.transaction(|tx| {
            for sensor in 0..Reading::SENSORS {
                let reading = tx.sample(|| Reading::take(round, sensor))?;
                app.to_filter.send(tx, reading, Timeout::Forever)?;
            }
            Ok(())
        })?;
    });
    Ok(())
}

fn filter<B: Board>(task: &mut Task<B>, app: &Etl) -> Result<(), Error> {
    let readings = app
        .scale
        .times(task, Reading::ROUNDS * u32::from(Reading::SENSORS))?;
    nv_for_loop!(task, _reading in 0..readings => {
        task.transaction(|tx| {
            let mut reading = app.to_filter.receive(tx, Timeout::Forever)?;
            reading.values = filtered(reading.values);
            app.to_interpolate.send(tx, reading, Timeout::Forever)
        })?;
    });
    Ok(())
}

fn interpolate<B: Board>(task: &mut Task<B>, app: &Etl) -> Result<(), Error> {
    let readings = app
        .scale
        .times(task, Reading::ROUNDS * u32::from(Reading::SENSORS))?;
    nv_for_loop!(task, _reading in 0..readings => {
        task.transaction(|tx| {
            let mut reading = app.to_interpolate.receive(tx, Timeout::Forever)?;
            let window = app.windows.element(reading.sensor.into()).ok_or(Outcome::Invalid)?;
            reading.values[0] = interpolated(tx, window, reading.values[0], reading.time)?;
            app.to_join.send(tx, reading, Timeout::Forever)
        })?;
    });
    Ok(())
}

/// What is kept of sensor 1 is written without a log: it is read for sensor 0 only.
fn annotate_and_join<B: Board>(task: &mut Task<B>, app: &Etl) -> Result<(), Error> {
    let readings = app
        .scale
        .times(task, Reading::ROUNDS * u32::from(Reading::SENSORS))?;
    nv_for_loop!(task, _reading in 0..readings => {
        let done: Result<(), Outcome> = task.transaction_write_first(0, |tx| {
            let reading = match app.to_join.receive(tx, Timeout::Forever).or_outcome()? {
                Ok(reading) => reading,
                Err(outcome) => return Ok(Err(outcome)),
            };
            let annotated = Annotated::of(reading);
            if reading.sensor != 0 {
                tx.set_unlogged(app.joining, annotated.joining())?;
                return Ok(Ok(()));
            }
            let joined = annotated.joined(tx.get(app.joining)?);
            app.to_store.send(tx, joined, Timeout::Forever).or_outcome()
        })?;
        done?;
    });
    Ok(())
}

fn store<B: Board>(task: &mut Task<B>, app: &Etl) -> Result<(), Error> {
    let table = task.transaction(|tx| {
        let table = Shared::new(tx, app.heap, Buckets::EMPTY)?;
        let reference = table.share(tx)?;
        tx.set(app.table, reference.into_offset())?;
        Ok(table)
    })?;
    let rounds = app.scale.times(task, Reading::ROUNDS)?;
    nv_for_loop!(task, _round in 0..rounds => {
        let (time, value) = task.transaction(|tx| {
            let joined = app.to_store.receive(tx, Timeout::Forever)?;
            tx.update(app.stored, |before| joined.checksum(before))?;
            Ok((joined.time, joined.values[0]))
        })?;
        let (key, value) = (u32::from(time) % KEYS, i32::from(value).cast_unsigned());
        let mut guard = table.lock(task, Timeout::Forever)?;
        let entries = Table::new(guard.object(), app.heap);
        guard.transaction(|tx| entries.insert(tx, key, value).map(drop))?;
        guard.unlock()?;
    });
    table.release(task, app.heap)?;
    Ok(())
}

impl Checked for Etl {
    const NAMES: [&'static str; 4] = [
        "entries",
        "checksum of the entries",
        "checksum of what was stored",
        "bytes allocated",
    ];
    const EXPECTED: Results = [Reading::ROUNDS, 2_765_867_250, 890_909_891, HEAP_BYTES];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let buckets = Shared::from_offset(nvm.load(self.table)?).object();
        let table = Table::new(buckets, self.heap);
        let mut entries = 0;
        for key in 0..KEYS {
            if let Some(value) = table.get_outside(nvm, key)? {
                entries = checksum(&[entries, key, value].map(u32::cast_signed));
            }
        }
        Ok([
            table.len_outside(nvm)?,
            entries,
            nvm.load(self.stored)?,
            self.heap.statistics(nvm)?.used,
        ])
    }
}

impl Application for Etl {
    const STEADY_ITERATION: Range<u32> = 78..87;

    fn scale(&self) -> Scale {
        self.scale
    }
}
