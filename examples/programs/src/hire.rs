//! Creating and deleting a task.

use intos::prelude::*;

use crate::{Checked, Results};

/// A manager creates a worker that is more urgent, finds what it has done, and deletes it while it waits; its slot is free
/// again.
#[derive(Debug, Clone, Copy)]
pub struct Hire {
    /// Nobody releases it.
    never: Semaphore,
    /// The sum of the workers' arguments.
    done: Offset<u32>,
    /// What the manager found done, in two digits.
    found: Offset<u32>,
    deleted: Offset<u32>,
    /// Workers that waited no more.
    went_on: Offset<u32>,
}

/// At index 1 of the table of tasks.
const WORKER: TaskKind<u32> = TaskKind::at(1);

impl<B: Board> Program<B> for Hire {
    const NAME: &'static str = "hire";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            never: objects.semaphore("never", 0, 1)?,
            done: objects.object("done", 0)?,
            found: objects.object("found", 0)?,
            deleted: objects.object("deleted", 0)?,
            went_on: objects.object("went on", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("manager", 1, manage),
            1 => TaskEntry::created(WORKER, "worker", 2, 1, work),
            _ => return None,
        })
    }
}

fn manage<B: Board>(task: &mut Task<B>, app: &Hire) -> Result<(), Error> {
    nv_for_loop!(task, argument in 3..5u32 => {
        let worker = task.transaction(|tx| tx.create(WORKER, argument))?;
        task.transaction(|tx| {
            let done = tx.get(app.done)?;
            Ok(tx.update(app.found, |found| 10 * found + done)?)
        })?;
        task.transaction(|tx| {
            worker.delete(tx)?;
            Ok(tx.update(app.deleted, |deleted| deleted + 1)?)
        })?;
    });
    Ok(())
}

fn work<B: Board>(task: &mut Task<B>, app: &Hire) -> Result<(), Error> {
    let argument = task.argument(WORKER)?;
    task.transaction(|tx| Ok(tx.update(app.done, |done| done + argument)?))?;
    task.transaction(|tx| app.never.acquire(tx, Timeout::Forever))?;
    task.transaction(|tx| Ok(tx.update(app.went_on, |went_on| went_on + 1)?))
}

impl Checked for Hire {
    const NAMES: [&'static str; 4] = ["done", "found", "deleted", "went on"];
    const EXPECTED: Results = [7, 37, 2, 0];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        Ok([
            nvm.load(self.done)?,
            nvm.load(self.found)?,
            nvm.load(self.deleted)?,
            nvm.load(self.went_on)?,
        ])
    }
}
