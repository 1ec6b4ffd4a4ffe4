//! A mutex under contention: its holder inherits a priority.

use intos::prelude::*;

use crate::{Checked, Results, stack_bytes};

/// A task holds a mutex for which a more urgent one waits. A third, less urgent than that and more than the holder, is
/// ready all the while, and must not come in between.
#[derive(Debug, Clone, Copy)]
pub struct Inherit {
    mutex: Mutex,
    /// Wakes the urgent task and the one in the middle.
    go: EventGroup,
    /// What the holder has done.
    done: Offset<u32>,
    /// What the urgent task found done.
    urgent_saw: Offset<u32>,
    /// What the task in the middle found done by both, in two digits.
    middle_saw: Offset<u32>,
}

impl<B: Board> Program<B> for Inherit {
    const NAME: &'static str = "inherit";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            mutex: objects.mutex("mutex")?,
            go: objects.event_group("go")?,
            done: objects.object("done", 0)?,
            urgent_saw: objects.object("urgent saw", 0)?,
            middle_saw: objects.object("middle saw", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        let (entry, stack) = match index {
            0 => (TaskEntry::new("holder", 1, hold), stack_bytes(1_200)),
            1 => (TaskEntry::new("middle", 2, stand_between), stack_bytes(832)),
            2 => (TaskEntry::new("urgent", 3, want), stack_bytes(1_120)),
            _ => return None,
        };
        Some(entry.with_stack(stack))
    }
}

const ALL: u32 = 1;

fn hold<B: Board>(task: &mut Task<B>, app: &Inherit) -> Result<(), Error> {
    let mut guard = app.mutex.lock(task, Timeout::Forever)?;
    guard.transaction(|tx| app.go.set(tx, ALL))?;
    nv_for_loop!(&mut *guard, _step in 0..2u32 => {
        guard.transaction(|tx| Ok(tx.update(app.done, |done| done + 1)?))?;
    });
    guard.unlock()
}

fn want<B: Board>(task: &mut Task<B>, app: &Inherit) -> Result<(), Error> {
    task.transaction(|tx| {
        app.go
            .wait_any(tx, ALL, OnExit::Keep, Timeout::Forever)
            .map(|_| ())
    })?;
    let mut guard = app.mutex.lock(task, Timeout::Forever)?;
    guard.transaction(|tx| {
        let done = tx.get(app.done)?;
        Ok(tx.set(app.urgent_saw, done)?)
    })?;
    guard.unlock()
}

fn stand_between<B: Board>(task: &mut Task<B>, app: &Inherit) -> Result<(), Error> {
    task.transaction(|tx| {
        app.go
            .wait_any(tx, ALL, OnExit::Keep, Timeout::Forever)
            .map(|_| ())
    })?;
    task.transaction(|tx| {
        let saw = 10 * tx.get(app.urgent_saw)? + tx.get(app.done)?;
        Ok(tx.set(app.middle_saw, saw)?)
    })
}

impl Checked for Inherit {
    const NAMES: [&'static str; 4] = ["done", "urgent saw", "middle saw", "bits"];
    const EXPECTED: Results = [2, 2, 22, ALL];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        Ok([
            nvm.load(self.done)?,
            nvm.load(self.urgent_saw)?,
            nvm.load(self.middle_saw)?,
            self.go.bits(nvm)?,
        ])
    }
}
