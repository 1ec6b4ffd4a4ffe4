//! Two tasks of the same priority, which the timer preempts.

use example_programs::{Checked, Results};
use intos::prelude::*;

/// Two tasks that each move money between two accounts of their own, in transactions, and count. Neither gives the
/// processor up: each has it for a tick at a time.
///
/// The smallest program in which the timer switches between tasks.
#[derive(Debug, Clone, Copy)]
pub struct Rivals {
    accounts: [Accounts; 2],
}

#[derive(Debug, Clone, Copy)]
struct Accounts {
    from: Offset<u32>,
    to: Offset<u32>,
}

const MOVED: u32 = 6;

impl<B: Board> Program<B> for Rivals {
    const NAME: &'static str = "rivals";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        let mut accounts = |from, to| {
            Ok::<_, Error>(Accounts {
                from: objects.object(from, 1_000)?,
                to: objects.object(to, 0)?,
            })
        };
        Ok(Self {
            accounts: [accounts("a", "b")?, accounts("c", "d")?],
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("one", 1, |task, app| run(task, app.accounts[0])),
            1 => TaskEntry::new("other", 1, |task, app| run(task, app.accounts[1])),
            _ => return None,
        })
    }
}

fn run<B: Board>(task: &mut Task<B>, accounts: Accounts) -> Result<(), Error> {
    nv_for_loop!(task, amount in 0..MOVED => {
        task.transaction(|tx| {
            tx.update(accounts.from, |from| from - amount)?;
            Ok(tx.update(accounts.to, |to| to + amount)?)
        })?;
    });
    Ok(())
}

impl Checked for Rivals {
    const NAMES: [&'static str; 4] = ["a", "b", "c", "d"];
    const EXPECTED: Results = [985, 15, 985, 15];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let [one, other] = self.accounts;
        Ok([
            nvm.load(one.from)?,
            nvm.load(one.to)?,
            nvm.load(other.from)?,
            nvm.load(other.to)?,
        ])
    }
}
