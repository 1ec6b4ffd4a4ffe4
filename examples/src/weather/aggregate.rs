//! Keeps daily minimum, maximum and mean, and a histogram.

use intos::prelude::*;

use super::data::{Day, Reading};
use super::program::{Weather, WeatherBoard};

pub(super) fn run<B: WeatherBoard>(task: &mut Task<B>, app: &Weather) -> Result<(), Error> {
    nv_loop!(task => {
        let reading = task.transaction(|tx| app.readings.receive(tx, Timeout::Forever))?;
        let mut table = app.table.lock(task, Timeout::Forever)?;
        let frost_begins = table.transaction(|tx| {
            if reading.day == Reading::END {
                tx.set(app.finished, 1)?;
                return Ok(false);
            }
            // Only the fields that a reading changes are logged and written, not the table around them.
            if let Some(day) = app.days.element(reading.day.into()) {
                let now = tx.get(day)?.with(reading.tenths);
                tx.set(field!(day, Day.sum), now.sum)?;
                tx.set(field!(day, Day.count), now.count)?;
                if now.minimum == reading.tenths {
                    tx.set(field!(day, Day.minimum), now.minimum)?;
                }
                if now.maximum == reading.tenths {
                    tx.set(field!(day, Day.maximum), now.maximum)?;
                }
            }
            if let Some(bin) = app.histogram.element(reading.bin()) {
                tx.update(bin, |count| count + 1)?;
            }
            let before = tx.get(app.last)?;
            tx.set(app.last, reading)?;
            Ok(reading.is_frosty() && !before.is_frosty())
        })?;
        // Given back when what was done to it has committed, not before.
        table.unlock()?;
        let is_end = reading.day == Reading::END;
        if frost_begins || is_end {
            task.transaction(|tx| app.frosts.send(tx, reading, Timeout::Forever))?;
        }
        if is_end {
            break;
        }
    });
    Ok(())
}
