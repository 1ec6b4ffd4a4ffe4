//! Two tasks, a queue, a semaphore and delays: what most programs need, and little else.

use intos::prelude::*;

use crate::{Checked, Results};

/// A sender that sends a number at each beat, and a receiver that adds them up. Both count what they did, by turns.
///
/// The program by which the size of the kernel is measured.
#[derive(Debug, Clone, Copy)]
pub struct Beat {
    numbers: Queue<u32>,
    turn: Semaphore,
    sum: Offset<u32>,
    sent: Offset<u32>,
    received: Offset<u32>,
}

const BEATS: u32 = 4;

impl<B: Board> Program<B> for Beat {
    const NAME: &'static str = "beat";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            numbers: objects.queue("numbers", 2)?,
            turn: objects.binary_semaphore("turn", true)?,
            sum: objects.object("sum", 0)?,
            sent: objects.object("sent", 0)?,
            received: objects.object("received", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        match index {
            0 => Some(TaskEntry::new("sender", 1, send)),
            1 => Some(TaskEntry::new("receiver", 2, receive)),
            _ => None,
        }
    }
}

fn send<B: Board>(task: &mut Task<B>, app: &Beat) -> Result<(), Error> {
    nv_for_loop!(task, number in 0..BEATS => {
        task.delay(1)?;
        task.transaction(|tx| app.numbers.send(tx, number + 1, Timeout::Forever))?;
        count(task, app, app.sent)?;
    });
    Ok(())
}

fn receive<B: Board>(task: &mut Task<B>, app: &Beat) -> Result<(), Error> {
    nv_for_loop!(task, _beat in 0..BEATS => {
        task.transaction(|tx| {
            let number = app.numbers.receive(tx, Timeout::Forever)?;
            Ok(tx.update(app.sum, |sum| sum + number)?)
        })?;
        count(task, app, app.received)?;
    });
    Ok(())
}

fn count<B: Board>(task: &mut Task<B>, app: &Beat, what: Offset<u32>) -> Result<(), Error> {
    task.transaction(|tx| {
        app.turn.acquire(tx, Timeout::Forever)?;
        tx.update(what, |count| count + 1)?;
        app.turn.release(tx)
    })
}

impl Checked for Beat {
    const NAMES: [&'static str; 4] = ["sum", "sent", "received", "waiting"];
    const EXPECTED: Results = [1 + 2 + 3 + 4, BEATS, BEATS, 0];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        Ok([
            nvm.load(self.sum)?,
            nvm.load(self.sent)?,
            nvm.load(self.received)?,
            self.numbers.len(nvm)?.into(),
        ])
    }
}
