//! Waits for frosts, and counts them.

use intos::prelude::*;

use super::data::{Frosts, Reading};
use super::program::{Weather, WeatherBoard};

pub(super) fn run<B: WeatherBoard>(task: &mut Task<B>, app: &Weather) -> Result<(), Error> {
    nv_loop!(task => {
        let more = task.transaction(|tx| {
            let frost = app.frosts.receive(tx, Timeout::Forever)?;
            if frost.day == Reading::END {
                return Ok(false);
            }
            tx.update(app.alarm, |known| Frosts {
                count: known.count + 1,
                last_day: frost.day,
                coldest: known.coldest.min(frost.tenths),
                unused: 0,
            })?;
            Ok(true)
        })?;
        if !more {
            break;
        }
    });
    Ok(())
}
