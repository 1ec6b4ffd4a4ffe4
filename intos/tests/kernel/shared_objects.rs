//! Objects that several tasks own together, and the heap that they share: nothing leaks, whatever is cut.

use crate::common::program::{EXACT, Log, code, cut_everywhere, finished, id, run, run_with};
use intos::host::Settings;
use intos::prelude::*;
use intos::{Variant, with_broken};

const HEAP_BYTES: u32 = 256;

/// Notes how many blocks are allocated, and how many bytes of them: in the last task's last transaction.
fn note_heap<B: Board>(task: &mut Task<B>, log: Log, heap: Heap) -> Result<(), Error> {
    let free = task.transaction(|tx| {
        // As much as can be there.
        match heap.allocate(tx, HEAP_BYTES) {
            Ok(block) => heap.free(tx, block).map(|()| 1),
            Err(error) if error.is(Outcome::OutOfMemory) => Ok(0),
            Err(other) => Err(other),
        }
    })?;
    log.note(task, free)
}

const READER: TaskKind<Offset<Shared<u32>>> = TaskKind::at(1);

program! {
    Owned |objects| {
        heap: Heap = objects.heap("heap", HEAP_BYTES)?,
        handed: Queue<Offset<Shared<u32>>> = objects.queue("handed", 1)?,
        done: Semaphore = objects.semaphore("done", 0, 2)?,
    }
    "owner", 2 => |task, app| {
        let shared = task.transaction(|tx| Shared::new(tx, app.heap, 40u32))?;
        // One reference goes by argument, one by a queue.
        task.transaction(|tx| {
            let other = shared.share(tx)?;
            tx.create(READER, other.into_offset())
        })?;
        task.transaction(|tx| {
            let other = shared.share(tx)?;
            app.handed.send(tx, other.into_offset(), Timeout::Forever)
        })?;
        add(task, &shared, 1)?;
        nv_for_loop!(task, _i in 0..2u8 => {
            task.transaction(|tx| app.done.acquire(tx, Timeout::Forever))?;
        });
        let mut guard = shared.lock(task, Timeout::Forever)?;
        let object = guard.object();
        let sum = guard.transaction(|tx| Ok(tx.get(object)?))?;
        guard.unlock()?;
        app.log.note(task, sum)?;
        shared.release(task, app.heap)?;
        note_heap(task, app.log, app.heap)
    }
    (READER, 1) "by argument", 1 => |task, app| {
        let shared = Shared::from_offset(task.argument(READER)?);
        add(task, &shared, 100)?;
        shared.release(task, app.heap)?;
        task.transaction(|tx| app.done.release(tx))
    }
    "by queue", 3 => |task, app| {
        let at = task.transaction(|tx| app.handed.receive(tx, Timeout::Forever))?;
        let shared = Shared::from_offset(at);
        add(task, &shared, 1_000)?;
        shared.release(task, app.heap)?;
        task.transaction(|tx| app.done.release(tx))
    }
}

fn add<B: Board>(task: &mut Task<B>, shared: &Shared<u32>, by: u32) -> Result<(), Error> {
    let mut guard = shared.lock(task, Timeout::Forever)?;
    let object = guard.object();
    let before = guard.transaction(|tx| Ok(tx.get(object)?))?;
    guard.delay(1)?;
    guard.transaction(|tx| Ok(tx.set(object, before + by)?))
}

#[test]
fn an_object_lives_as_long_as_its_last_reference() {
    assert_eq!(run::<Owned>(), [("owner", 1_141), ("owner", 1)]);
}

#[test]
fn shared_objects_neither_leak_nor_die_early_whatever_is_cut() {
    cut_everywhere::<Owned>(EXACT);
}

#[test]
fn references_are_counted() {
    program! {
        Counted |objects| {
            heap: Heap = objects.heap("heap", HEAP_BYTES)?,
            kept: Offset<Offset<Shared<u32>>> = objects.object("kept", Offset::new(0))?,
        }
        "owner", 1 => |task, app| {
            task.transaction(|tx| {
                let shared = Shared::new(tx, app.heap, 7u32)?;
                let other = shared.share(tx)?;
                other.share(tx)?.release_in(tx, app.heap)?;
                let _ = other.into_offset();
                Ok(tx.set(app.kept, shared.into_offset())?)
            })
        }
    }
    let machine = finished::<Counted>(EXACT);
    let end = machine.power_cycle_with::<Counted>(false, |app| {
        let kept = machine.nvm().load(app.kept).unwrap();
        let shared = Shared::from_offset(kept);
        assert_eq!(shared.references(machine.nvm()), Ok(2));
        let heap = app.heap.statistics(machine.nvm()).unwrap();
        assert_eq!((heap.blocks, heap.used), (1, 24));
        false
    });
    end.unwrap();
}

#[test]
fn an_object_that_is_locked_is_not_freed() {
    program! {
        Locked |objects| { heap: Heap = objects.heap("heap", HEAP_BYTES)? }
        "owner", 1 => |task, app| {
            let shared = task.transaction(|tx| Shared::new(tx, app.heap, 7u32))?;
            let at = shared.into_offset();
            let shared = Shared::from_offset(at);
            let mut guard = shared.lock(task, Timeout::Forever)?;
            let end = guard.transaction(|tx| Shared::from_offset(at).release_in(tx, app.heap));
            app.log.note_end(&mut guard, end)?;
            guard.unlock()?;
            let end = shared.release(task, app.heap);
            app.log.note_end(task, end)?;
            note_heap(task, app.log, app.heap)
        }
    }
    assert_eq!(
        run::<Locked>(),
        [("owner", code(Outcome::Busy)), ("owner", 0), ("owner", 1)]
    );
}

#[test]
fn an_object_that_finds_no_room_is_not_made() {
    program! {
        NoRoom |objects| { heap: Heap = objects.heap("heap", 48)? }
        "owner", 1 => |task, app| {
            let kept = task.transaction(|tx| Shared::new(tx, app.heap, [0u32; 4]))?;
            let none = task.transaction(|tx| Shared::new(tx, app.heap, [0u32; 4]));
            app.log.note_end(task, none)?;
            let none = task.transaction(|tx| app.heap.allocate(tx, 48));
            app.log.note_end(task, none)?;
            kept.release(task, app.heap)?;
            let some = task.transaction(|tx| app.heap.allocate(tx, 48));
            app.log.note_end(task, some)?;
            let foreign = task.transaction(|tx| app.heap.free(tx, 12));
            app.log.note_end(task, foreign)
        }
    }
    assert_eq!(
        run::<NoRoom>(),
        [
            ("owner", code(Outcome::OutOfMemory)),
            ("owner", code(Outcome::OutOfMemory)),
            ("owner", 0),
            ("owner", code(Outcome::Invalid)),
        ]
    );
}

program! {
    Heaped |objects| {
        heap: Heap = objects.heap("heap", HEAP_BYTES)?,
        stack: Offset<u32> = objects.object("stack", 0)?,
        mine: Offset<[u32; 2]> = objects.object("mine", [0; 2])?,
    }
    "a", 1 => |task, app| { allocate_and_free(task, app, 0) }
    "b", 1 => |task, app| { allocate_and_free(task, app, 1) }
    "judge", 0 => |task, app| {
        task.delay(200)?;
        note_heap(task, app.log, app.heap)
    }
}

/// Allocates in one transaction what it frees in the next but one; the one in between aborts.
fn allocate_and_free<B: Board>(task: &mut Task<B>, app: &Heaped, me: usize) -> Result<(), Error> {
    let mine = app.mine.element(me).ok_or(Outcome::Invalid)?;
    nv_for_loop!(task, i in 0..3u32 => {
        task.transaction(|tx| {
            let block = app.heap.allocate_for(tx, [i; 4])?;
            // The others go on meanwhile.
            tx.delay(1)?;
            Ok(tx.set(mine, block.get())?)
        })?;
        let aborted: Result<(), Error> = task.transaction(|tx| {
            let at = tx.get(mine)?;
            app.heap.free(tx, at)?;
            let block = app.heap.allocate(tx, 40)?;
            tx.set(mine, block)?;
            tx.delay(2 + me as u32)?;
            Err(Outcome::Overflow.into())
        });
        app.log.note_end(task, aborted)?;
        let right = task.transaction(|tx| {
            let block = Offset::<[u32; 4]>::new(tx.get(mine)?);
            let right = tx.get(block)? == [i; 4];
            app.heap.free(tx, block.get())?;
            Ok(right)
        })?;
        app.log.note(task, u32::from(right))?;
    });
    Ok(())
}

fn expected() -> Vec<(&'static str, u32)> {
    let one = [code(Outcome::Overflow), 1].repeat(3);
    let mut all: Vec<_> = one
        .iter()
        .flat_map(|value| [("a", *value), ("b", *value)])
        .collect();
    all.push(("judge", 1));
    all.sort_unstable();
    all
}

#[test]
fn a_heap_is_shared_by_tasks_whose_transactions_overlap() {
    let settings = [
        EXACT,
        Settings {
            accesses_per_tick: 40,
            ..EXACT
        },
        Settings {
            preempt_one_in: 3,
            ..EXACT
        },
    ];
    for settings in settings {
        let mut noted = run_with::<Heaped>(settings);
        noted.sort_unstable();
        assert_eq!(noted, expected(), "{settings:?}");
    }
}

#[test]
fn a_shared_heap_leaks_nothing_whatever_is_cut() {
    cut_everywhere::<Heaped>(EXACT);
    cut_everywhere::<Heaped>(Settings {
        preempt_one_in: 5,
        ..EXACT
    });
}

#[test]
fn a_kernel_that_rolls_back_while_others_allocate_is_caught() {
    let caught = with_broken(Variant::RollsBackDisturbed, || {
        (1..20).any(|seed| {
            let settings = Settings {
                seed,
                preempt_one_in: 5,
                ..EXACT
            };
            std::panic::catch_unwind(|| cut_everywhere::<Heaped>(settings)).is_err()
        })
    });
    assert!(caught);
}

#[test]
fn what_a_deleted_task_had_allocated_is_free_again() {
    program! {
        Deleted |objects| {
            heap: Heap = objects.heap("heap", HEAP_BYTES)?,
            kept: Offset<u32> = objects.object("kept", 0)?,
        }
        "victim", 2 => |task, app| {
            let kept = task.transaction(|tx| app.heap.allocate(tx, 8))?;
            task.transaction(|tx| {
                app.heap.free(tx, kept)?;
                app.heap.allocate(tx, 100)?;
                tx.delay(100)
            })
        }
        "deleter", 1 => |task, app| {
            task.transaction(|tx| id(tx, "victim")?.delete(tx))?;
            // What it had freed is taken still.
            note_heap(task, app.log, app.heap)?;
            let rest = task.transaction(|tx| app.heap.allocate(tx, HEAP_BYTES - 8));
            app.log.note_end(task, rest)
        }
    }
    assert_eq!(run::<Deleted>(), [("deleter", 0), ("deleter", 0)]);
}
