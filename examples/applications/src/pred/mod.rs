//! Prediction from sensor readings: a flow of `RIoTBench`. A source sends each reading to three tasks: one classifies it
//! by a decision tree, one predicts by linear regression, and one compares that with an average; a sink keeps what they
//! find.
//!
//! It shows a task that waits for two queues, one after the other: a reading and the prediction made from it are received
//! in the same transaction, and belong together however often the power goes. And it shows models that need no NVM: trees
//! and coefficients are part of the program.
//!
//! In this:
//!
//! - a tree is asked about the readings of its sensor; the other tasks take those of both sensors as one series;
//! - the mean of the five models' predictions is that of 16-bit predictions, and is rounded towards zero;
//! - until a block of 5 is full, the average is that of the last full one, at first 0; the error is the prediction
//!   less it, modulo 2¹⁶;
//! - classes and errors go to the sink, which makes two results a reading; predictions do not.
//!
//! The sink's checksums are of each kind, in the order of arrival.

mod regression;
mod tree;

use core::ops::Range;

use intos::prelude::*;

use crate::block_average::BlockAverage;
use crate::sink::Sink;
use crate::source::{SOURCE_TABLES, send_readings};
use crate::{Application, Checked, Reading, Results, Scale};

/// A source, three tasks with a queue each, one of them with another one, and a sink.
#[derive(Debug, Clone, Copy)]
pub struct Pred {
    scale: Scale,
    to_classify: Queue<Reading>,
    to_predict: Queue<Reading>,
    to_compare: Queue<Reading>,
    predictions: Queue<i16>,
    block: Offset<BlockAverage>,
    sink: Sink<KINDS>,
}

/// Of results.
const KINDS: usize = 2;
const CLASS: u16 = 0;
const ERROR: u16 = 1;

const RESULTS_OF_ROUND: u32 = Reading::SENSORS as u32 * KINDS as u32;

const QUEUED: u16 = 4;

impl<B: Board> Program<B> for Pred {
    const NAME: &'static str = "pred";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            scale: Scale::place(objects)?,
            to_classify: objects.queue("to classify", QUEUED)?,
            to_predict: objects.queue("to predict", QUEUED)?,
            to_compare: objects.queue("to compare", QUEUED)?,
            predictions: objects.queue("predictions", QUEUED)?,
            block: objects.object("block", BlockAverage::EMPTY)?,
            sink: Sink::place(objects, QUEUED)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("source", 1, send).with_tables(SOURCE_TABLES),
            1 => TaskEntry::new("decision tree", 2, classify),
            2 => TaskEntry::new("linear regression", 2, predict),
            3 => TaskEntry::new("average and error", 2, compare),
            4 => TaskEntry::new("sink", 3, keep),
            _ => return None,
        })
    }
}

fn send<B: Board>(task: &mut Task<B>, app: &Pred) -> Result<(), Error> {
    let rounds = app.scale.times(task, Reading::ROUNDS)?;
    // The prediction before the reading with which it is compared, which does not wait for it then.
    send_readings(
        task,
        rounds,
        [app.to_classify, app.to_predict, app.to_compare],
    )
}

fn classify<B: Board>(task: &mut Task<B>, app: &Pred) -> Result<(), Error> {
    let rounds = app.scale.times(task, Reading::ROUNDS)?;
    nv_for_loop!(task, _round in 0..rounds => {
        for _sensor in 0..Reading::SENSORS {
            task.transaction(|tx| {
                let reading = app.to_classify.receive(tx, Timeout::Forever)?;
                app.sink.send(tx, CLASS, tree::class(&reading))
            })?;
        }
    });
    Ok(())
}

fn predict<B: Board>(task: &mut Task<B>, app: &Pred) -> Result<(), Error> {
    let rounds = app.scale.times(task, Reading::ROUNDS)?;
    nv_for_loop!(task, _round in 0..rounds => {
        for _sensor in 0..Reading::SENSORS {
            task.transaction(|tx| {
                let reading = app.to_predict.receive(tx, Timeout::Forever)?;
                let prediction = regression::mean_prediction(reading.values);
                app.predictions.send(tx, prediction, Timeout::Forever)
            })?;
        }
    });
    Ok(())
}

fn compare<B: Board>(task: &mut Task<B>, app: &Pred) -> Result<(), Error> {
    let rounds = app.scale.times(task, Reading::ROUNDS)?;
    nv_for_loop!(task, round in 0..rounds => {
        for sensor in 0..Reading::SENSORS {
            let number = round * u32::from(Reading::SENSORS) + u32::from(sensor);
            // Nobody deletes a queue, so that what waits has no other outcome.
            task.transaction_write_first(0, |tx| {
                compare_one(tx, app, number).or_outcome().map(drop)
            })?;
        }
    });
    Ok(())
}

/// The error of the prediction from a reading.
fn compare_one<B: Board>(tx: &mut WriteFirstTx<B>, app: &Pred, number: u32) -> Result<(), Error> {
    let [.., value] = app.to_compare.receive(tx, Timeout::Forever)?.values;
    let prediction = app.predictions.receive(tx, Timeout::Forever)?;
    let average = BlockAverage::add(tx, app.block, number, value)?;
    app.sink.send(tx, ERROR, prediction.wrapping_sub(average))
}

fn keep<B: Board>(task: &mut Task<B>, app: &Pred) -> Result<(), Error> {
    let rounds = app.scale.times(task, Reading::ROUNDS)?;
    app.sink.keep_all(task, rounds, RESULTS_OF_ROUND)
}

impl Checked for Pred {
    const NAMES: [&'static str; 4] = [
        "results",
        "checksum of the classes",
        "checksum of the errors",
        "last error",
    ];
    const EXPECTED: Results = [200, 1_176_909_590, 3_170_310_210, 1_574];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let [classes, errors] = self.sink.checksums(nvm)?;
        let [_, last_error] = self.sink.last(nvm)?;
        Ok([
            self.sink.received(nvm)?,
            classes,
            errors,
            i32::from(last_error).cast_unsigned(),
        ])
    }
}

impl Application for Pred {
    const STEADY_ITERATION: Range<u32> = 41..47;

    fn scale(&self) -> Scale {
        self.scale
    }
}
