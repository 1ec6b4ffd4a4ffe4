//! Statistics of sensor readings: a flow of `RIoTBench`. A source sends each reading to three tasks, which filter and
//! predict, average and count what is distinct; a sink keeps their results.
//!
//! It shows a flow whose tasks are the more urgent the further down they are, so that no queue ever fills. Each message is
//! one transaction: it is received, changes what its task knows, and its result is sent. Only what a repetition could
//! not rebuild is logged: a value of a block is written before anybody reads it, a line of pairs is stored only where
//! it has changed, and a sketch by the byte.
//!
//! Each task takes the readings of both sensors as one series. In this:
//!
//! - the filter's estimate is a whole number; its variance, and so its gain, has a fraction of 8 bits;
//! - regression adds the pair of an estimate and value 1, removes it again where more than 5 are held, and then predicts
//!   value 1 at the estimate. So the first five pairs make the line of all later ones. Its sums have 32 bits, its slope
//!   and intercept a fraction of 8;
//! - until a block of 5 is full, the average is that of the last full one, at first 0;
//! - the number of distinct values is -64 ln(zeros / 64), rounded; for no zero as for one.
//!
//! So each reading gives three results. The sink's checksums are of each kind, in the order of arrival.

mod distinct;
mod kalman;
mod regression;

use core::ops::Range;

use intos::prelude::*;

use crate::block_average::BlockAverage;
use crate::sink::Sink;
use crate::source::{SOURCE_TABLES, send_readings};
use crate::{Application, Checked, Reading, Results, Scale};

use self::distinct::Sketch;
use self::kalman::Kalman;
use self::regression::Regression;

/// A source, three tasks with a queue each, and a sink.
#[derive(Debug, Clone, Copy)]
pub struct Stats {
    scale: Scale,
    to_predict: Queue<Reading>,
    to_average: Queue<Reading>,
    to_count: Queue<Reading>,
    filter: Offset<Kalman>,
    regression: Offset<Regression>,
    block: Offset<BlockAverage>,
    sketch: Offset<Sketch>,
    sink: Sink<KINDS>,
}

/// Of results.
const KINDS: usize = 3;
const PREDICTION: u16 = 0;
const AVERAGE: u16 = 1;
const COUNT: u16 = 2;

const RESULTS_OF_ROUND: u32 = Reading::SENSORS as u32 * KINDS as u32;

const QUEUED: u16 = 4;
const QUEUED_RESULTS: u16 = 8;
/// Pairs that the regression holds.
const LONGEST: i32 = 5;

impl<B: Board> Program<B> for Stats {
    const NAME: &'static str = "stats";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            scale: Scale::place(objects)?,
            to_predict: objects.queue("to predict", QUEUED)?,
            to_average: objects.queue("to average", QUEUED)?,
            to_count: objects.queue("to count", QUEUED)?,
            filter: objects.object("filter", Kalman::FIRST)?,
            regression: objects.object("regression", Regression::EMPTY)?,
            block: objects.object("block", BlockAverage::EMPTY)?,
            sketch: objects.object("sketch", Sketch::EMPTY)?,
            sink: Sink::place(objects, QUEUED_RESULTS)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("source", 1, send).with_tables(SOURCE_TABLES),
            1 => TaskEntry::new("filter and regression", 2, predict),
            2 => TaskEntry::new("average", 2, average),
            3 => TaskEntry::new("distinct count", 2, count),
            4 => TaskEntry::new("sink", 3, keep),
            _ => return None,
        })
    }
}

fn send<B: Board>(task: &mut Task<B>, app: &Stats) -> Result<(), Error> {
    let rounds = app.scale.times(task, Reading::ROUNDS)?;
    send_readings(task, rounds, [app.to_predict, app.to_average, app.to_count])
}

fn predict<B: Board>(task: &mut Task<B>, app: &Stats) -> Result<(), Error> {
    let rounds = app.scale.times(task, Reading::ROUNDS)?;
    nv_for_loop!(task, _round in 0..rounds => {
        for _sensor in 0..Reading::SENSORS {
            task.transaction(|tx| {
                let [value, next, ..] = app.to_predict.receive(tx, Timeout::Forever)?.values;
                let filter = tx.get(app.filter)?.after(value);
                tx.set(app.filter, filter)?;
                let mut regression = tx.get(app.regression)?;
                regression.add(filter.estimate(), next);
                if regression.pairs() > LONGEST {
                    // It is what it was.
                    regression.remove(filter.estimate(), next);
                } else {
                    tx.set(app.regression, regression)?;
                }
                app.sink.send(tx, PREDICTION, regression.predict(filter.estimate()))
            })?;
        }
    });
    Ok(())
}

fn average<B: Board>(task: &mut Task<B>, app: &Stats) -> Result<(), Error> {
    let rounds = app.scale.times(task, Reading::ROUNDS)?;
    nv_for_loop!(task, round in 0..rounds => {
        for sensor in 0..Reading::SENSORS {
            let number = round * u32::from(Reading::SENSORS) + u32::from(sensor);
            // Nobody deletes a queue, so that what waits has no other outcome.
            task.transaction_write_first(0, |tx| {
                average_one(tx, app, number).or_outcome().map(drop)
            })?;
        }
    });
    Ok(())
}

/// The average behind a reading.
fn average_one<B: Board>(tx: &mut WriteFirstTx<B>, app: &Stats, number: u32) -> Result<(), Error> {
    let [_, _, value, _] = app.to_average.receive(tx, Timeout::Forever)?.values;
    let average = BlockAverage::add(tx, app.block, number, value)?;
    app.sink.send(tx, AVERAGE, average)
}

fn count<B: Board>(task: &mut Task<B>, app: &Stats) -> Result<(), Error> {
    let rounds = app.scale.times(task, Reading::ROUNDS)?;
    nv_for_loop!(task, _round in 0..rounds => {
        for _sensor in 0..Reading::SENSORS {
            task.transaction(|tx| {
                let [_, value, ..] = app.to_count.receive(tx, Timeout::Forever)?.values;
                let distinct = Sketch::add(tx, app.sketch, value)?;
                app.sink.send(tx, COUNT, distinct)
            })?;
        }
    });
    Ok(())
}

fn keep<B: Board>(task: &mut Task<B>, app: &Stats) -> Result<(), Error> {
    let rounds = app.scale.times(task, Reading::ROUNDS)?;
    app.sink.keep_all(task, rounds, RESULTS_OF_ROUND)
}

impl Checked for Stats {
    const NAMES: [&'static str; 4] = [
        "results",
        "checksum of the predictions",
        "checksum of the averages",
        "checksum of the distinct counts",
    ];
    const EXPECTED: Results = [300, 3_618_304_880, 2_940_388_594, 3_053_669_005];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let [predictions, averages, counts] = self.sink.checksums(nvm)?;
        let received = self.sink.received(nvm)?;
        Ok([received, predictions, averages, counts])
    }
}

impl Application for Stats {
    const STEADY_ITERATION: Range<u32> = 47..54;

    fn scale(&self) -> Scale {
        self.scale
    }
}
