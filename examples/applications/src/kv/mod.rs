//! Key-value store: two tasks of the same priority share a hash table.
//!
//! It shows an object that tasks own together ([`Shared`]: a mutex and counted references, in a heap), and transactions
//! that allocate and free. The first task makes the table, and sends the second one its reference through a queue; each
//! change of the table is made by a task that has it locked, several keys a transaction. A power loss while the table is
//! locked leaves it locked, by the same task, which goes on through the guard.

mod table;

use core::ops::Range;

use intos::ThreadLayout;
use intos::prelude::*;

pub use table::{BUCKETS, Buckets, Node, Table};

use crate::{Application, Checked, Results, Scale};

/// Two tasks insert, look up and delete keys of their own in one table.
#[derive(Debug, Clone, Copy)]
pub struct Kv {
    scale: Scale,
    heap: Heap,
    /// The second task's reference.
    references: Queue<Offset<Shared<Buckets>>>,
    /// Where the table is, once it is there.
    table: Offset<Offset<Shared<Buckets>>>,
    /// Guarded by the table's lock.
    found: Offset<Found>,
}

persist! {
    /// Keys that both tasks found with the right values.
    struct Found {
        before_deletion: u32,
        after_deletion: u32,
    }
}

/// Keys of each task.
const KEYS: u32 = 20;

/// Of a transaction that changes the table: all are inserted, or two are deleted.
const KEYS_CHANGED_AT_ONCE: usize = 5;
const KEYS_LOOKED_UP_AT_ONCE: usize = 10;

/// The entries of both tasks, and the table.
const HEAP_BYTES: u32 = 2 * KEYS * Table::ENTRY_BYTES + Table::BYTES;

impl<B: Board> Program<B> for Kv {
    const NAME: &'static str = "kv";
    const VERSION: u32 = 1;

    fn place(objects: &mut Placement<B::Nvm>) -> Result<Self, Error> {
        Ok(Self {
            scale: Scale::place(objects)?,
            heap: objects.heap("heap", HEAP_BYTES as RawOffset)?,
            references: objects.queue("references", 1)?,
            table: objects.object("table", Offset::new(0))?,
            found: objects.object(
                "found",
                Found {
                    before_deletion: 0,
                    after_deletion: 0,
                },
            )?,
        })
    }

    fn task(index: usize) -> Option<TaskEntry<B, Self>> {
        let tables = ThreadLayout {
            // Five allocations, at the edges of two bytes of the heap's map, and as many buckets.
            undo_log: 5 * (16 + 8),
            transactions: 104,
            ..ThreadLayout::DEFAULT
        };
        let entry = match index {
            0 => TaskEntry::new("first", 1, begin as fn(&mut Task<B>, &Self) -> _),
            1 => TaskEntry::new("second", 1, join as fn(&mut Task<B>, &Self) -> _),
            _ => return None,
        };
        Some(entry.with_tables(tables))
    }
}

fn begin<B: Board>(task: &mut Task<B>, app: &Kv) -> Result<(), Error> {
    let table = task.transaction(|tx| {
        let table = Shared::new(tx, app.heap, Buckets::EMPTY)?;
        let reference = table.share(tx)?;
        tx.set(app.table, reference.into_offset())?;
        let reference = table.share(tx)?;
        app.references
            .send(tx, reference.into_offset(), Timeout::Forever)?;
        Ok(table)
    })?;
    work(task, app, table, 0)
}

fn join<B: Board>(task: &mut Task<B>, app: &Kv) -> Result<(), Error> {
    let table = task.transaction(|tx| app.references.receive(tx, Timeout::Forever))?;
    work(task, app, Shared::from_offset(table), KEYS)
}

/// What each task does, with its keys from `first` on.
fn work<B: Board>(
    task: &mut Task<B>,
    app: &Kv,
    table: Shared<Buckets>,
    first: u32,
) -> Result<(), Error> {
    let rounds = app.scale.times(task, 1)?;
    nv_for_loop!(task, _round in 0..rounds => {
        let mut guard = table.lock(task, Timeout::Forever)?;
        let entries = Table::new(guard.object(), app.heap);
        insert(&mut guard, entries, first)?;
        guard.unlock()?;

        let mut guard = table.lock(task, Timeout::Forever)?;
        let before_deletion = look_up(&mut guard, entries, first)?;
        guard.unlock()?;

        let mut guard = table.lock(task, Timeout::Forever)?;
        delete(&mut guard, entries, first)?;
        guard.unlock()?;

        let mut guard = table.lock(task, Timeout::Forever)?;
        let after_deletion = look_up(&mut guard, entries, first)?;
        guard.transaction(|tx| {
            Ok(tx.update(app.found, |found| Found {
                before_deletion: found.before_deletion + before_deletion,
                after_deletion: found.after_deletion + after_deletion,
            })?)
        })?;
        guard.unlock()?;
    });
    table.release(task, app.heap)?;
    Ok(())
}

const fn value_of(key: u32) -> u32 {
    key + 42
}

const fn is_deleted(key: u32) -> bool {
    matches!(key % 5, 0 | 3)
}

fn insert<B: Board>(task: &mut Task<B>, table: Table, first: u32) -> Result<(), Error> {
    for key in (first..first + KEYS).step_by(KEYS_CHANGED_AT_ONCE) {
        task.transaction(|tx| {
            for key in (key..).take(KEYS_CHANGED_AT_ONCE) {
                table.insert(tx, key, value_of(key))?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Answers how many keys are there with the right values.
fn look_up<B: Board>(task: &mut Task<B>, table: Table, first: u32) -> Result<u32, Error> {
    let mut found = 0;
    for key in (first..first + KEYS).step_by(KEYS_LOOKED_UP_AT_ONCE) {
        found += task.transaction(|tx| {
            let mut found = 0;
            for key in (key..).take(KEYS_LOOKED_UP_AT_ONCE) {
                found += u32::from(table.get(tx, key)? == Some(value_of(key)));
            }
            Ok(found)
        })?;
    }
    Ok(found)
}

fn delete<B: Board>(task: &mut Task<B>, table: Table, first: u32) -> Result<(), Error> {
    for key in (first..first + KEYS).step_by(KEYS_CHANGED_AT_ONCE) {
        task.transaction(|tx| {
            let keys = (key..).take(KEYS_CHANGED_AT_ONCE);
            for key in keys.filter(|key| is_deleted(*key)) {
                table.remove(tx, key)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

impl Checked for Kv {
    const NAMES: [&'static str; 4] = [
        "found before the deletion",
        "found after it",
        "entries with the right values",
        "bytes allocated",
    ];
    const EXPECTED: Results = [40, 24, 24, 24 * Table::ENTRY_BYTES + Table::BYTES];

    fn results<N: Nvm>(&self, nvm: &N) -> Result<Results, Error> {
        let buckets = Shared::from_offset(nvm.load(self.table)?).object();
        let table = Table::new(buckets, self.heap);
        let mut right = 0;
        for key in 0..2 * KEYS {
            right += u32::from(table.get_outside(nvm, key)? == Some(value_of(key)));
        }
        if table.len_outside(nvm)? != right {
            return Err(Outcome::Invalid.into());
        }
        let found = nvm.load(self.found)?;
        let heap = self.heap.statistics(nvm)?;
        Ok([
            found.before_deletion,
            found.after_deletion,
            right,
            heap.used,
        ])
    }
}

impl Application for Kv {
    const STEADY_ITERATION: Range<u32> = 4..28;

    fn scale(&self) -> Scale {
        self.scale
    }
}
