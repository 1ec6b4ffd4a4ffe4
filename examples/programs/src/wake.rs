//! A queue whose item wakes a more urgent receiver.

use intos::prelude::*;

use crate::{Checked, Results};

/// Sends numbers to a task that is more urgent, and that answers through what it has added up: the sender sees it at
/// once.
#[derive(Debug, Clone, Copy)]
pub struct Wake {
    numbers: Queue<u32>,
    sum: Offset<u32>,
    received: Offset<u32>,
    /// The sum of what the sender has seen.
    seen: Offset<u32>,
}

impl<B: Board> Program<B> for Wake {
    const NAME: &'static str = "wake";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            numbers: objects.queue("numbers", 2)?,
            sum: objects.object("sum", 0)?,
            received: objects.object("received", 0)?,
            seen: objects.object("seen", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("sender", 1, send),
            1 => TaskEntry::new("receiver", 2, receive),
            _ => return None,
        })
    }
}

const NUMBERS: u32 = 2;

fn send<B: Board>(task: &mut Task<B>, app: &Wake) -> Result<(), Error> {
    nv_for_loop!(task, number in 1..NUMBERS + 1 => {
        task.transaction(|tx| app.numbers.send(tx, number, Timeout::Forever))?;
        task.transaction(|tx| {
            let sum = tx.get(app.sum)?;
            Ok(tx.update(app.seen, |seen| seen + sum)?)
        })?;
    });
    Ok(())
}

fn receive<B: Board>(task: &mut Task<B>, app: &Wake) -> Result<(), Error> {
    nv_for_loop!(task, _received in 0..NUMBERS => {
        task.transaction(|tx| {
            let number = app.numbers.receive(tx, Timeout::Forever)?;
            tx.update(app.sum, |sum| sum + number)?;
            Ok(tx.update(app.received, |received| received + 1)?)
        })?;
    });
    Ok(())
}

impl Checked for Wake {
    const NAMES: [&'static str; 4] = ["sum", "received", "seen", "left over"];
    const EXPECTED: Results = [3, 2, 1 + 3, 0];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        Ok([
            nvm.load(self.sum)?,
            nvm.load(self.received)?,
            nvm.load(self.seen)?,
            self.numbers.len(nvm)?.into(),
        ])
    }
}
