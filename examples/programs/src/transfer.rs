//! A transaction with three writes and a record.

use intos::prelude::*;

use crate::{Checked, Results};

/// Moves money between two accounts, and keeps count: all three change together, or none.
#[derive(Debug, Clone, Copy)]
pub struct Transfer {
    from: Offset<u32>,
    to: Offset<u32>,
    count: Offset<u32>,
    /// The sum of what the transactions answered.
    answered: Offset<u32>,
}

impl<B: Board> Program<B> for Transfer {
    const NAME: &'static str = "transfer";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            from: objects.object("from", 1_000)?,
            to: objects.object("to", 0)?,
            count: objects.object("count", 0)?,
            answered: objects.object("answered", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        (index == 0).then_some(TaskEntry::new("clerk", 1, run))
    }
}

fn run<B: Board>(task: &mut Task<B>, app: &Transfer) -> Result<(), Error> {
    nv_for_loop!(task, amount in 10..12u32 => {
        let left = task.transaction(|tx| {
            let left = tx.get(app.from)? - amount;
            tx.set(app.from, left)?;
            tx.update(app.to, |to| to + amount)?;
            tx.update(app.count, |count| count + 1)?;
            Ok(left)
        })?;
        task.transaction(|tx| Ok(tx.update(app.answered, |sum| sum + left)?))?;
    });
    Ok(())
}

impl Checked for Transfer {
    const NAMES: [&'static str; 4] = ["from", "to", "count", "answered"];
    const EXPECTED: Results = [979, 21, 2, 990 + 979];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        Ok([
            nvm.load(self.from)?,
            nvm.load(self.to)?,
            nvm.load(self.count)?,
            nvm.load(self.answered)?,
        ])
    }
}
