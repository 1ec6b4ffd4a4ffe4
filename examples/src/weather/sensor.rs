//! Takes a reading each hour, and sends it on.

use intos::prelude::*;

use super::data::Reading;
use super::program::{HOUR, Weather, WeatherBoard};

pub(super) fn run<B: WeatherBoard>(task: &mut Task<B>, app: &Weather) -> Result<(), Error> {
    task.transaction(|tx| {
        let port = tx.port();
        let input = tx.sample(|| B::input(port))?;
        Ok(tx.set(app.input, input)?)
    })?;
    nv_loop!(task => {
        let more = task.transaction(|tx| {
            let taken = tx.get(app.taken)?;
            tx.delay_until(taken * HOUR)?;
            // Asked once, however often a power loss repeats this transaction.
            let port = tx.port();
            let reading = tx.sample(|| B::thermometer(port, taken))?;
            if reading.is_some() {
                tx.set(app.taken, taken + 1)?;
            }
            let end = Reading { day: Reading::END, tenths: 0 };
            app.readings.send(tx, reading.unwrap_or(end), Timeout::Forever)?;
            Ok(reading.is_some())
        })?;
        if !more {
            break;
        }
    });
    Ok(())
}
