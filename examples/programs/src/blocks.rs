//! Allocating and freeing.

use intos::prelude::*;

use crate::{Checked, Results};

const HEAP_BYTES: RawOffset = 128;

/// Keeps each number in a block of its own for a while: nothing leaks.
#[derive(Debug, Clone, Copy)]
pub struct Blocks {
    heap: Heap,
    sum: Offset<u32>,
    count: Offset<u32>,
}

impl<B: Board> Program<B> for Blocks {
    const NAME: &'static str = "blocks";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            heap: objects.heap("heap", HEAP_BYTES)?,
            sum: objects.object("sum", 0)?,
            count: objects.object("count", 0)?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        (index == 0).then_some(TaskEntry::new("keeper", 1, run))
    }
}

fn run<B: Board>(task: &mut Task<B>, app: &Blocks) -> Result<(), Error> {
    nv_for_loop!(task, number in 1..3u32 => {
        let block = task.transaction(|tx| app.heap.allocate_for(tx, number * number))?;
        task.transaction(|tx| {
            let square = tx.get(block)?;
            tx.update(app.sum, |sum| sum + square)?;
            tx.update(app.count, |count| count + 1)?;
            app.heap.free(tx, block.get())
        })?;
    });
    Ok(())
}

impl Checked for Blocks {
    const NAMES: [&'static str; 4] = ["sum", "count", "blocks", "bytes used"];
    const EXPECTED: Results = [5, 2, 0, 0];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let heap = self.heap.statistics(nvm)?;
        Ok([
            nvm.load(self.sum)?,
            nvm.load(self.count)?,
            heap.blocks,
            heap.used,
        ])
    }
}
