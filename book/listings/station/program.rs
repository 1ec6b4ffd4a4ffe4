//! The program: the same source on the host and on the device.

use core::fmt;

use intos::prelude::*;

/// What the program asks of a board, besides memory and a processor.
pub trait Screen: Board {
    /// Shows a line of text.
    fn show(line: fmt::Arguments<'_>);
}

/// Readings that are taken.
pub const READINGS: u32 = 30;

/// The persistent objects: where they lie, not what they hold.
pub struct Station {
    readings: Queue<u32>,
    pub sum: Offset<u32>,
}

impl<B: Screen> Program<B> for Station {
    const NAME: &'static str = "station";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            readings: objects.queue("readings", 4)?,
            sum: objects.object("sum", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("sensor", 2, measure),
            1 => TaskEntry::new("logger", 1, log),
            _ => return None,
        })
    }
}

/// Takes a reading every 100 ms, and passes it on.
fn measure<B: Screen>(task: &mut Task<B>, station: &Station) -> Result<(), Error> {
    nv_for_loop!(task, hour in 0..READINGS => {
        task.delay(100.millis())?;
        let reading = 10 + hour % 7; // a sensor would be asked in `tx.sample`
        task.transaction(|tx| station.readings.send(tx, reading, Timeout::Forever))?;
    });
    Ok(())
}

/// Adds each reading to the sum: once.
fn log<B: Screen>(task: &mut Task<B>, station: &Station) -> Result<(), Error> {
    nv_for_loop!(task, number in 1..READINGS + 1 => {
        let (reading, sum) = task.transaction(|tx| {
            let reading = station.readings.receive(tx, Timeout::Forever)?;
            let sum = tx.get(station.sum)? + reading;
            tx.set(station.sum, sum)?;
            Ok((reading, sum))
        })?;
        B::show(format_args!("reading {number}: {reading}, sum {sum}"));
    });
    Ok(())
}
