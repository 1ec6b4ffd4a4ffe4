//! What transactions cost in bytes of NVM: `cargo test -p nvm-tx --test costs -- --nocapture`.
#![allow(clippy::unwrap_used)] // a test's helpers may panic

use nvm_core::sim::SimNvm;
use nvm_core::{Area, Class, Offset, field, for_each_atom, persist};
use nvm_tx::{Fault, Tx, UndoLog};

const LOG: Area = Area::new(0, 512);
const OBJECTS: u32 = 512;

persist! {
    struct Large { before: [u32; 7], field: u32, after: [u32; 8] }
}

const fn word(index: u32) -> Offset<u32> {
    Offset::new(OBJECTS + 4 * index)
}

type Body<const ATOM: usize> = fn(&mut Tx<'_, &SimNvm<ATOM>>) -> Result<(), Fault>;

/// Prints and checks the bytes that a transaction stores, its commit with a mark included: the first time and
/// the next times.
fn cost<const ATOM: usize>(name: &str, expected: u64, body: Body<ATOM>) {
    let nvm = SimNvm::<ATOM>::new(2048);
    nvm.set_image(&[0xA5; 2048]);
    UndoLog::format(&&nvm, LOG).unwrap();
    let mut log = UndoLog::open(&nvm, LOG).unwrap();
    for _ in 0..3 {
        let before = nvm.counters();
        let mut tx = log.begin().unwrap();
        body(&mut tx).unwrap();
        tx.commit_with(1).unwrap();
        let spent = nvm.counters() - before;
        let bytes = spent.bytes_written();
        let log = spent.class(Class::UndoLog).bytes;
        assert_eq!(bytes, expected, "{name}");
        println!("ATOM {ATOM}: {name:<32} {bytes:>4} bytes, {log:>3} of them the log's");
    }
}

#[test]
fn transactions_cost_what_the_readme_says() {
    for_each_atom!(ATOM => {
        cost::<ATOM>("no write, a mark", 4, |_| Ok(()));
        cost::<ATOM>("one byte", 10, |tx| tx.write(OBJECTS, &[1]));
        cost::<ATOM>("one word", 16, |tx| tx.set(word(0), 1));
        cost::<ATOM>("one word, written twice", 20, |tx| {
            tx.set(word(0), 1)?;
            tx.set(word(0), 2)
        });
        cost::<ATOM>("three words", 40, |tx| {
            tx.set(word(0), 1)?;
            tx.set(word(5), 2)?;
            tx.set(word(9), 3)
        });
        cost::<ATOM>("a word of an object of 64 bytes", 16, |tx| {
            let large: Offset<Large> = Offset::new(OBJECTS);
            tx.set(field!(large, Large.field), 5)
        });
        cost::<ATOM>("an object of 64 bytes", 140, |tx| tx.write(OBJECTS, &[1; 64]));
        cost::<ATOM>("bits of a byte", 11, |tx| tx.set_bits(Class::Data, OBJECTS, 3, 1));
        cost::<ATOM>("bits of a byte, on commit", 13, |tx| {
            tx.set_bits_on_commit(Class::Data, OBJECTS, 3, 1)
        });
        cost::<ATOM>("bits of a byte, changed twice", 12, |tx| {
            tx.set_bits(Class::Data, OBJECTS, 3, 1)?;
            tx.set_bits(Class::Data, OBJECTS, 3, 2)
        });
        cost::<ATOM>("20 words, then all of their range", 4 + 20 * 12 + 19 * 8 + 156, |tx| {
            for index in 0..20 {
                tx.set(word(2 * index), index)?;
            }
            tx.write(OBJECTS, &[1; 156])
        });
        cost::<ATOM>("64 bytes of a fresh allocation", 68, |tx| {
            tx.declare_fresh(OBJECTS, 64);
            tx.write(OBJECTS, &[1; 64])
        });
    });
}

#[test]
fn what_writes_nothing_stores_nothing() {
    let nvm = SimNvm::<4>::new(1024);
    UndoLog::format(&&nvm, LOG).unwrap();
    let before = nvm.counters();
    let mut log = UndoLog::open(&nvm, LOG).unwrap();
    log.transaction(|tx| tx.get(word(0)).map(drop)).unwrap();
    drop(log.begin().unwrap());
    log.begin().unwrap().roll_back().unwrap();
    let _ = UndoLog::open(&nvm, LOG).unwrap();
    assert_eq!((nvm.counters() - before).bytes_written(), 0);
}
