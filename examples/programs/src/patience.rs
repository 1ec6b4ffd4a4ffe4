//! A blocking receive with a timeout: the item comes in time, and then none.

use intos::prelude::*;

use crate::{Checked, Results};

/// A task waits for a number that another one sends in time, and then for one that never comes.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    numbers: Queue<u32>,
    sum: Offset<u32>,
    timeouts: Offset<u32>,
    /// Ticks from the first wait to the end of the second, at least those of the second.
    waited: Offset<u32>,
}

const NUMBER: u32 = 7;
/// More ticks than a start after a power loss takes.
const LONG: Timeout = Timeout::Ticks(1_000);
const SHORT: u32 = 2;

impl<B: Board> Program<B> for Patience {
    const NAME: &'static str = "patience";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            numbers: objects.queue("numbers", 1)?,
            sum: objects.object("sum", 0)?,
            timeouts: objects.object("timeouts", 0)?,
            waited: objects.object("waited", 0)?,
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

fn send<B: Board>(task: &mut Task<B>, app: &Patience) -> Result<(), Error> {
    task.delay(1)?;
    task.transaction(|tx| app.numbers.send(tx, NUMBER, Timeout::None))
}

fn receive<B: Board>(task: &mut Task<B>, app: &Patience) -> Result<(), Error> {
    let begin = task.transaction(|tx| {
        let number = app.numbers.receive(tx, LONG)?;
        tx.update(app.sum, |sum| sum + number)?;
        tx.now()
    })?;
    let waited = task.transaction(|tx| app.numbers.receive(tx, Timeout::Ticks(SHORT)));
    match waited {
        Ok(number) => task.transaction(|tx| Ok(tx.update(app.sum, |sum| sum + number)?))?,
        Err(error) if error.is(Outcome::Timeout) => {
            task.transaction(|tx| Ok(tx.update(app.timeouts, |timeouts| timeouts + 1)?))?;
        }
        Err(error) => return Err(error),
    }
    task.transaction(|tx| {
        let end = tx.now()?;
        Ok(tx.set(app.waited, end.wrapping_sub(begin))?)
    })
}

impl Checked for Patience {
    const NAMES: [&'static str; 4] = ["sum", "timeouts", "waited long enough", "left over"];
    const EXPECTED: Results = [NUMBER, 1, 1, 0];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        Ok([
            nvm.load(self.sum)?,
            nvm.load(self.timeouts)?,
            u32::from(nvm.load(self.waited)? >= SHORT),
            self.numbers.len(nvm)?.into(),
        ])
    }
}
