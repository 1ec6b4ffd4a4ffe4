//! Programs that crash on purpose: what is told, and what a later start finds.

use core::marker::PhantomData;

use example_programs::{Checked, Results};
use intos::prelude::*;

/// What goes wrong.
pub trait Crash: 'static {
    /// The program's name.
    const NAME: &'static str;

    /// Goes wrong, in the task `unlucky`.
    fn crash();
}

/// Bytes of the unlucky task's stack.
pub const STACK_BYTES: usize = 4096;

/// A crash in the midst of two transactions: that of the unlucky task, and one of a task that waits.
///
/// It crashes at most once: the next start goes on behind it.
#[derive(Debug)]
pub struct Crashing<C> {
    before: Offset<u32>,
    waiting: Offset<u32>,
    unlucky: Offset<u32>,
    _crash: PhantomData<fn() -> C>,
}

impl<B: Board, C: Crash> Program<B> for Crashing<C> {
    const NAME: &'static str = C::NAME;
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            before: objects.object("before", 0)?,
            waiting: objects.object("waiting", 0)?,
            unlucky: objects.object("unlucky", 0)?,
            _crash: PhantomData,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        Some(match index {
            0 => TaskEntry::new("waiting", 2, wait::<B, C>),
            1 => TaskEntry::new("unlucky", 1, crash::<B, C>).with_stack(STACK_BYTES),
            _ => return None,
        })
    }
}

fn wait<B: Board, C: Crash>(task: &mut Task<B>, app: &Crashing<C>) -> Result<(), Error> {
    task.transaction(|tx| {
        tx.update(app.waiting, |times| times + 1)?;
        tx.delay(20)
    })
}

fn crash<B: Board, C: Crash>(task: &mut Task<B>, app: &Crashing<C>) -> Result<(), Error> {
    nv_for_loop!(task, _i in 0..5u32 => {
        task.transaction(|tx| Ok(tx.update(app.before, |times| times + 1)?))?;
    });
    task.transaction(|tx| {
        tx.update(app.unlucky, |times| times + 1)?;
        tx.act_at_most_once(C::crash)?;
        tx.delay(1)
    })
}

impl<C: Crash> Checked for Crashing<C> {
    const NAMES: [&'static str; 4] = ["before", "waiting", "unlucky", "nothing"];
    const EXPECTED: Results = [5, 1, 1, 0];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        Ok([
            nvm.load(self.before)?,
            nvm.load(self.waiting)?,
            nvm.load(self.unlucky)?,
            0,
        ])
    }
}
