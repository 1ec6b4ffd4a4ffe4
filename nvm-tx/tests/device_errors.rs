//! A device that fails at each single access: the objects are all-or-nothing, and the log works on.
#![allow(clippy::unwrap_used)] // a test's helpers may panic

use std::cell::RefCell;
use std::rc::Rc;

use embedded_storage::{ReadStorage, Storage};
use nvm_core::{Area, Class, Nvm, Offset, StorageNvm};
use nvm_tx::{Fault, FaultKind, Tx, UndoLog};

const SIZE: u32 = 256;
const LOG: Area = Area::new(0, 160);
const OBJECTS: u32 = 160;

/// How much of a store that fails is stored all the same.
#[derive(Debug, Clone, Copy)]
enum Stored {
    Nothing,
    Half,
    Everything,
}

#[derive(Debug)]
struct Bus {
    memory: Vec<u8>,
    accesses: u32,
    /// The accesses that fail: from the first to before the second.
    fails: (u32, u32),
    stored: Stored,
}

/// An FRAM on a bus that disturbs some accesses.
#[derive(Debug, Clone)]
struct Fram(Rc<RefCell<Bus>>);

#[derive(Debug)]
struct Disturbed;

impl Bus {
    fn disturbed(&mut self) -> bool {
        let access = self.accesses;
        self.accesses += 1;
        self.fails.0 <= access && access < self.fails.1
    }
}

impl ReadStorage for Fram {
    type Error = Disturbed;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Disturbed> {
        let mut bus = self.0.borrow_mut();
        if bus.disturbed() {
            return Err(Disturbed);
        }
        let at = offset as usize;
        bytes.copy_from_slice(&bus.memory[at..at + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.borrow().memory.len()
    }
}

impl Storage for Fram {
    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Disturbed> {
        let mut bus = self.0.borrow_mut();
        let disturbed = bus.disturbed();
        let len = match (disturbed, bus.stored) {
            (false, _) | (true, Stored::Everything) => bytes.len(),
            (true, Stored::Half) => bytes.len() / 2,
            (true, Stored::Nothing) => 0,
        };
        let at = offset as usize;
        bus.memory[at..at + len].copy_from_slice(&bytes[..len]);
        if disturbed { Err(Disturbed) } else { Ok(()) }
    }
}

type Device = StorageNvm<Fram, 1>;

const fn word(index: u32) -> Offset<u32> {
    Offset::new(OBJECTS + 4 * index)
}

fn formatted(stored: Stored) -> (Fram, Device) {
    let fram = Fram(Rc::new(RefCell::new(Bus {
        memory: vec![0xA5; SIZE as usize],
        accesses: 0,
        fails: (u32::MAX, u32::MAX),
        stored,
    })));
    let nvm = StorageNvm::new(fram.clone());
    UndoLog::format(&&nvm, LOG).unwrap();
    for index in 0..24 {
        nvm.store(Class::Data, word(index), &(100 + index)).unwrap();
    }
    (fram, nvm)
}

fn objects(fram: &Fram) -> Vec<u8> {
    fram.0.borrow().memory[OBJECTS as usize..].to_vec()
}

fn words(tx: &mut Tx<'_, &Device>) -> Result<(), Fault> {
    tx.set(word(0), 1)?;
    tx.set(word(3), 2)?;
    tx.write(OBJECTS + 21, &[7; 11])?;
    tx.set(word(0), 3)
}

fn bits(tx: &mut Tx<'_, &Device>) -> Result<(), Fault> {
    tx.set_bits(Class::Data, OBJECTS, 0x0F, 0x03)?;
    tx.set_bits_on_commit(Class::Data, OBJECTS + 1, 0xF0, 0x30)?;
    tx.set(word(2), 9)
}

#[allow(clippy::unnecessary_wraps)] // like the other bodies
fn ignores_a_failure(tx: &mut Tx<'_, &Device>) -> Result<(), Fault> {
    let _ = tx.set(word(0), 1);
    let _ = tx.set(word(1), 1);
    let _ = tx.set_bits_on_commit(Class::Data, OBJECTS + 12, 1, 0);
    Ok(())
}

fn aborts(tx: &mut Tx<'_, &Device>) -> Result<(), Fault> {
    words(tx)?;
    tx.write(u32::MAX, &[0]) // outside
}

/// Every access of a transaction fails, one after the other, alone or with a few after it. Then the log
/// is used on, or opened anew.
fn every_access(body: fn(&mut Tx<'_, &Device>) -> Result<(), Fault>) -> u32 {
    let mut runs = 0;
    for stored in [Stored::Nothing, Stored::Half, Stored::Everything] {
        let (fram, nvm) = formatted(stored);
        let before = objects(&fram);
        let _ = UndoLog::open(&nvm, LOG).unwrap().transaction(|tx| body(tx));
        let after = objects(&fram);
        for (reopens, failures) in [(false, 1), (true, 1), (false, 3), (false, 10), (true, 10)] {
            for first in 0.. {
                let (fram, nvm) = formatted(stored);
                let mut log = UndoLog::open(&nvm, LOG).unwrap();
                let start = fram.0.borrow().accesses;
                fram.0.borrow_mut().fails = (start + first, start + first + failures);
                let ended = log.transaction(|tx| body(tx));
                let reached = fram.0.borrow().accesses > start + first;
                fram.0.borrow_mut().fails = (u32::MAX, u32::MAX);
                if reopens {
                    log = UndoLog::open(&nvm, LOG).unwrap();
                } else {
                    drop(log.begin().unwrap());
                }
                let found = objects(&fram);
                let context = format!("{stored:?}, access {first}, {failures} fail, {ended:?}");
                assert!(found == before || found == after, "{context}");
                if ended.is_ok() {
                    assert_eq!(found, after, "{context}");
                }
                // The log works, and touches nothing else.
                log.transaction(|tx| tx.set(word(23), 1)).unwrap();
                log.transaction(|tx| tx.set(word(23), 123)).unwrap();
                let _ = UndoLog::open(&nvm, LOG).unwrap();
                assert_eq!(objects(&fram), found, "{context}: afterwards");
                runs += 1;
                if !reached {
                    break;
                }
            }
        }
    }
    runs
}

#[test]
fn a_failure_of_any_access_leaves_all_or_nothing_and_a_log_that_works() {
    let runs = every_access(words)
        + every_access(bits)
        + every_access(ignores_a_failure)
        + every_access(aborts);
    println!("{runs} runs");
    assert!(runs > 500);
}

#[test]
fn a_failure_after_an_unlogged_write_waits_for_the_repetition() {
    let body = |log: &mut UndoLog<&Device>| {
        log.transaction_write_first(8, |tx| {
            tx.set_unlogged(word(1), 11)?;
            tx.set(word(2), 12)?;
            tx.set_unlogged(word(3), 13)
        })
    };
    let done = |nvm: &Device| [1, 2, 3].map(|index| nvm.load(word(index)).unwrap()) == [11, 12, 13];
    let (mut unfinished, mut untouched) = (0, 0);
    for stored in [Stored::Nothing, Stored::Half, Stored::Everything] {
        for first in 0.. {
            let (fram, nvm) = formatted(stored);
            let before = objects(&fram);
            let mut log = UndoLog::open(&nvm, LOG).unwrap();
            let start = fram.0.borrow().accesses;
            fram.0.borrow_mut().fails = (start + first, start + first + 1);
            let ended = body(&mut log);
            let reached = fram.0.borrow().accesses > start + first;
            fram.0.borrow_mut().fails = (u32::MAX, u32::MAX);
            let begun = log.begin().map(drop);
            if ended.is_ok() || (done(&nvm) && begun.is_ok()) {
                assert_eq!(begun, Ok(()));
                assert!(done(&nvm));
            } else if let Err(fault) = begun {
                assert_eq!(fault.kind(), FaultKind::Unfinished);
                assert_eq!(nvm.load(word(2)), Ok(102), "what was logged is rolled back");
                unfinished += 1;
                // A restart repeats it.
                body(&mut UndoLog::open(&nvm, LOG).unwrap()).unwrap();
                assert!(done(&nvm));
            } else {
                assert_eq!(objects(&fram), before, "nothing was written unlogged");
                untouched += 1;
            }
            if !reached {
                break;
            }
        }
    }
    assert!(unfinished > 5 && untouched == 0, "{unfinished} {untouched}");
}

/// An access fails; then the next transaction of the same log loses the power at each of its own.
#[test]
fn nothing_of_a_failed_transaction_comes_back_later() {
    let (mut runs, mut first) = (0, 0);
    loop {
        let mut reached = false;
        for lost in 0..24 {
            let (fram, nvm) = formatted(Stored::Everything);
            let before = objects(&fram);
            let mut log = UndoLog::open(&nvm, LOG).unwrap();
            let start = fram.0.borrow().accesses;
            fram.0.borrow_mut().fails = (start + first, start + first + 1);
            let ended = log.transaction(|tx| tx.set(word(0), 1));
            reached = fram.0.borrow().accesses > start + first;
            let start = fram.0.borrow().accesses;
            fram.0.borrow_mut().fails = (start + lost, u32::MAX);
            let _ = log.transaction(|tx| tx.set(word(1), 2));
            fram.0.borrow_mut().fails = (u32::MAX, u32::MAX);
            let _ = UndoLog::open(&nvm, LOG).unwrap();
            let found = objects(&fram);
            let word_is = |index: usize, new: u8| {
                let range = 4 * index..4 * index + 4;
                found[range.clone()] == before[range] || found[4 * index] == new
            };
            let context = format!("access {first}, {ended:?}, then the power at {lost}");
            assert!(word_is(0, 1) && word_is(1, 2), "{context}");
            assert_eq!(found[8..], before[8..], "{context}");
            runs += 1;
        }
        if !reached {
            break;
        }
        first += 1;
    }
    println!("{runs} runs");
}
