//! NVM bytes of each operation: the numbers of the README and the docs.
//! `cargo test -p nvm-ptr --test costs -- --nocapture` prints them.
#![allow(clippy::unwrap_used)] // a test's helpers may panic

use nvm_alloc::Heap;
use nvm_core::sim::SimNvm;
use nvm_core::{Area, Layout};
use nvm_ptr::{Error, PArray, PBox, PVec, Root, begin_write_first, transaction, write_first};
use nvm_tx::{Fault, Tx, UndoLog};

struct Bench {
    nvm: SimNvm<4>,
    log: Area,
    heap: Heap,
    scratch: Root<u32>,
    total: Root<u32>,
    samples: PArray<u16, 32>,
    vector: PVec<u32>,
}

impl Bench {
    fn new() -> Self {
        let mut layout = Layout::new("costs", 1);
        let log = layout.area("log", 512);
        let heap_area = layout.area("heap", Heap::area_bytes(512));
        let scratch = Root::place(&mut layout, "scratch");
        let total = Root::place(&mut layout, "total");
        let samples = PArray::place(&mut layout, "samples");
        let vector = PVec::place(&mut layout, "vector");
        let nvm = SimNvm::new(layout.size());
        UndoLog::format(&&nvm, log).unwrap();
        Heap::format(&nvm, heap_area).unwrap();
        vector.format(&nvm).unwrap();
        let heap = Heap::open(&nvm, heap_area).unwrap();
        Self {
            nvm,
            log,
            heap,
            scratch,
            total,
            samples,
            vector,
        }
    }

    fn bytes<R>(&self, run: impl FnOnce(&mut UndoLog<&SimNvm<4>>) -> R) -> u64 {
        let mut log = UndoLog::open(&self.nvm, self.log).unwrap();
        let before = self.nvm.counters();
        run(&mut log);
        (self.nvm.counters() - before).bytes_written()
    }

    fn of_tx(&self, run: impl FnOnce(&Self, &mut Tx<'_, &SimNvm<4>>) -> Result<(), Error>) -> u64 {
        self.bytes(|log| log.transaction(|tx| run(self, tx)).unwrap())
    }
}

fn report(rows: &[(&str, u64, u64)]) {
    for (name, bytes, _) in rows {
        println!("| {name} | {bytes} |");
    }
    for (name, bytes, expected) in rows {
        assert_eq!(bytes, expected, "{name}");
    }
}

#[test]
fn costs_of_pointers() {
    let mut bench = Bench::new();
    let mut log = UndoLog::open(&bench.nvm, bench.log).unwrap();
    let measure = |run: &mut dyn FnMut()| {
        let before = bench.nvm.counters();
        run();
        (bench.nvm.counters() - before).bytes_written()
    };
    let (scratch, total, samples) = (&mut bench.scratch, &mut bench.total, &mut bench.samples);

    let unlogged = measure(&mut || {
        write_first(&mut log, 0, &mut *scratch, |tx, scratch| {
            scratch.write(tx, 1).map(drop)
        })
        .unwrap();
    });
    let with_mark = measure(&mut || {
        let mut handles = &mut *scratch;
        let opened = begin_write_first(&mut log, 0, &mut handles).unwrap();
        let (tx, result) = opened.run(|tx, scratch| scratch.write(tx, 2).map(drop));
        result.unwrap();
        tx.commit_with(1).unwrap();
    });
    let read_first = measure(&mut || {
        write_first(&mut log, 8, &mut *total, |tx, total| {
            total.update(tx, |value| value + 1).map(drop)
        })
        .unwrap();
    });
    let abortable = measure(&mut || {
        transaction(&mut log, &mut *scratch, |tx, scratch| {
            scratch.write(tx, 1)?;
            Ok::<(), Error>(())
        })
        .unwrap();
    });
    let again = measure(&mut || {
        write_first(
            &mut log,
            8,
            (&mut *scratch, &mut *total),
            |tx, (scratch, total)| {
                let mut scratch = scratch.write(tx, 1)?;
                let mut total = total.update(tx, |value| value + 1)?;
                for value in 0..10 {
                    scratch.set(tx, value)?;
                    total.set(tx, value)?;
                }
                Ok(())
            },
        )
        .unwrap();
    });
    let buffer = measure(&mut || {
        write_first(
            &mut log,
            8,
            (&mut *samples, &mut *total),
            |tx, (samples, total)| {
                let samples = samples.elements().write_with(tx, |index| index as u16)?;
                let mut sum = 0;
                for index in 0..samples.len() {
                    sum += u32::from(samples.get(tx, index)?.unwrap_or(0));
                }
                total.update(tx, |old| old + sum).map(drop)
            },
        )
        .unwrap();
    });
    let buffer_logged = measure(&mut || {
        log.transaction(|tx| {
            samples.set(tx, core::array::from_fn(|index| index as u16))?;
            let sum: u16 = samples.get(tx)?.iter().sum();
            total.update(tx, |old| old + u32::from(sum))
        })
        .unwrap();
    });
    report(&[
        ("a word written first", unlogged, 4),
        (
            "the same, published with a mark (as a replay table does)",
            with_mark,
            8,
        ),
        ("a word read first, then written", read_first, 16),
        (
            "a word written first in a transaction that can abort",
            abortable,
            16,
        ),
        (
            "a word written first and one read first, ten times more each",
            again,
            20 + 80,
        ),
        (
            "64 bytes of samples written first, and a total",
            buffer,
            64 + 16,
        ),
        ("the same, all logged", buffer_logged, 64 + 8 + 64 + 16),
    ]);
}

#[test]
fn costs_of_objects() {
    let bench = Bench::new();
    let mut object = None;
    let new = bench.of_tx(|bench, tx| {
        object = Some(PBox::new(tx, bench.heap, 1_u32)?);
        Ok(())
    });
    let object = object.unwrap();
    let set = bench.of_tx(|_, tx| Ok(object.set(tx, 2)?));
    let free = bench.of_tx(|bench, tx| object.free(tx, bench.heap));

    let grow_empty = bench.of_tx(|bench, tx| bench.vector.push(tx, bench.heap, 1));
    let push = bench.of_tx(|bench, tx| bench.vector.push(tx, bench.heap, 2));
    let push_two = bench.of_tx(|bench, tx| {
        bench.vector.push(tx, bench.heap, 3)?;
        bench.vector.push(tx, bench.heap, 4)
    });
    let grow = bench.of_tx(|bench, tx| bench.vector.push(tx, bench.heap, 5));
    let extend =
        bench.of_tx(|bench, tx| bench.vector.extend_from_slice(tx, bench.heap, &[6, 7, 8]));
    let pop = bench.of_tx(|bench, tx| bench.vector.pop(tx).map(drop));
    let pop_push = bench.of_tx(|bench, tx| {
        bench.vector.pop(tx)?;
        bench.vector.push(tx, bench.heap, 9)
    });
    let set_element = bench.of_tx(|bench, tx| bench.vector.set(tx, 0, 9));
    let clear = bench.of_tx(|bench, tx| bench.vector.clear(tx));
    let release = bench.of_tx(|bench, tx| bench.vector.release(tx, bench.heap));
    let read = bench.of_tx(|bench, tx| bench.vector.len(tx).map(drop));
    report(&[
        ("PBox::new of a word", new, 4 + 7 + 4),
        ("PBox::set", set, 16),
        ("PBox::free", free, 7 + 2 + 4),
        ("first push, which allocates", grow_empty, 7 + 4 + 20 + 4),
        ("push", push, 16),
        ("two pushes", push_two, 16 + 6),
        (
            "push that grows from 4 elements",
            grow,
            14 + 16 + 4 + 20 + 7 + 2 + 4,
        ),
        ("extend by 3 elements", extend, 16 + 8),
        ("pop", pop, 12),
        ("pop and push", pop_push, 12 + 2 + 4 + 8),
        ("set", set_element, 16),
        ("clear", clear, 12),
        ("release", release, 14 + 2 + 20 + 4),
        ("only reads", read, 0),
    ]);
}

#[test]
fn a_fault_in_the_body_is_the_only_way_out() {
    let mut bench = Bench::new();
    let mut log = UndoLog::open(&bench.nvm, bench.log).unwrap();
    let fault: Fault = log
        .transaction(|tx| tx.read(u32::MAX, &mut [0; 4]))
        .unwrap_err();
    let result = write_first(&mut log, 0, &mut bench.scratch, |_, _| Err::<(), _>(fault));
    assert_eq!(result, Err(Error::Fault(fault)));
    // Nothing was written unlogged: the log works.
    write_first(&mut log, 0, &mut bench.scratch, |tx, scratch| {
        scratch.write(tx, 1).map(drop)
    })
    .unwrap();
}
