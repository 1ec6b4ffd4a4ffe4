//! Where the readings of a flow come from.

use intos::ThreadLayout;
use intos::prelude::*;

use crate::Reading;

/// Tables for a task that sends to three queues: a sampled reading, what sending it answers, and the reading once more,
/// where there is no room for it in the last queue.
pub(crate) const SOURCE_TABLES: ThreadLayout = ThreadLayout {
    system_calls: 40,
    ..ThreadLayout::DEFAULT
};

/// Samples the readings of both sensors in so many rounds, and sends each to three queues.
pub(crate) fn send_readings<B: Board>(
    task: &mut Task<B>,
    rounds: u32,
    queues: [Queue<Reading>; 3],
) -> Result<(), Error> {
    nv_for_loop!(task, round in 0..rounds => {
        for sensor in 0..Reading::SENSORS {
            task.transaction(|tx| {
                let reading = tx.sample(|| Reading::take(round, sensor))?;
                queues
                    .iter()
                    .try_for_each(|queue| queue.send(tx, reading, Timeout::Forever))
            })?;
        }
    });
    Ok(())
}
