//! However a transaction ends, the next one begins with nothing logged: it can be rolled back as if it were the first.

use nvm_core::sim::SimNvm;
use nvm_core::{Area, Class, Offset};

use crate::broken::{self, Variant};
use crate::{Fault, Tx, UndoLog};

const SIZE: u32 = 1024;
const LOG: Area = Area::new(0, 768);
const OBJECTS: u32 = 768;

type Log<'a> = UndoLog<&'a SimNvm<4>>;

/// Ranges of all lengths, more than are kept in volatile memory, bits of bytes, and a range that is said to be fresh.
fn write_everything(tx: &mut Tx<'_, &SimNvm<4>>, value: u8) -> Result<(), Fault> {
    for index in 0..8 {
        let at = OBJECTS + 12 * index;
        tx.set(Offset::<u32>::new(at), u32::from(value))?;
        tx.set(Offset::<u8>::new(at + 4), value)?;
        tx.set(Offset::<u16>::new(at + 6), u16::from(value))?;
    }
    tx.write(OBJECTS + 100, &[value; 11])?;
    for byte in 120..124 {
        tx.set_bits(Class::Allocator, OBJECTS + byte, 0x0F, value)?;
        tx.set_bits(Class::Allocator, OBJECTS + byte, 0xF0, value << 4)?;
    }
    Ok(())
}

/// How a transaction ends.
type End = fn(Tx<'_, &SimNvm<4>>) -> Result<(), Fault>;

/// What a transaction does.
type Body = fn(&mut Tx<'_, &SimNvm<4>>) -> Result<(), Fault>;

const ENDS: [End; 7] = [
    |tx| tx.commit(),
    |tx| tx.commit_with(7),
    |tx| tx.roll_back(),
    |tx| tx.roll_back_with(9),
    |tx| {
        drop(tx);
        Ok(())
    },
    |tx| {
        core::mem::forget(tx);
        Ok(())
    },
    |mut tx| {
        tx.set_bits_on_commit(Class::Allocator, OBJECTS + 120, 3, 1)?;
        tx.commit()
    },
];

/// Whether what a second transaction changes is rolled back, after a first one has ended so.
fn second_is_rolled_back(end: End, first: Body) -> Result<bool, Fault> {
    let nvm = SimNvm::<4>::new(SIZE);
    UndoLog::format(&&nvm, LOG)?;
    let mut log = Log::open(&nvm, LOG)?;
    let mut tx = log.begin()?;
    first(&mut tx)?;
    end(tx)?;
    // What a forgotten one has left is rolled back here.
    log.begin()?.commit()?;
    let objects = |nvm: &SimNvm<4>| nvm.image().split_off(OBJECTS as usize);
    let before = objects(&nvm);
    let mut tx = log.begin()?;
    write_everything(&mut tx, 5)?;
    tx.roll_back()?;
    let is_rolled_back = objects(&nvm) == before;
    Ok(is_rolled_back)
}

/// What a first transaction does.
const FIRSTS: [Body; 3] = [
    |tx| write_everything(tx, 3),
    |tx| {
        tx.declare_fresh(OBJECTS, 200);
        Ok(())
    },
    // Sets the bits that a range has logged before.
    |tx| {
        tx.write(OBJECTS + 120, &[9; 4])?;
        tx.set_bits(Class::Allocator, OBJECTS + 120, 0x0F, 2)?;
        tx.set_bits(Class::Allocator, OBJECTS + 121, 0x0F, 2)
    },
];

#[test]
fn nothing_of_a_transaction_is_taken_for_the_next_ones() {
    for end in ENDS {
        for first in FIRSTS {
            assert_eq!(second_is_rolled_back(end, first), Ok(true));
        }
    }
    broken::with(Variant::KeepsCoverage, || {
        assert_eq!(second_is_rolled_back(ENDS[0], FIRSTS[0]), Ok(false));
    });
}
