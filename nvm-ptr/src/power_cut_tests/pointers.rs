//! Pointers: what is not logged is rebuilt by the repetition, what is logged is rolled back.

use std::format;
use std::string::String;

use nvm_core::for_each_atom;
use nvm_core::sim::{Explorer, Report, SimNvm};
use nvm_tx::{Fault, UndoLog, WriteFirstTx};

use super::Memory;
use crate::broken::{self, Variant};
use crate::{
    Elements, Error, FirstWrite, Fresh, PArray, PSlice, Ptr, Root, begin_write_first, split,
    transaction,
};

nvm_core::persist! {
    struct Hour { energy: u32, peak: u16, samples: u16 }
}

/// The objects of the tests.
struct Objects {
    memory: Memory,
    /// Written first.
    scratch: PArray<i16, 3>,
    /// Written first, read, written again.
    word: Root<u32>,
    /// Some fields written first, one read first.
    hour: Root<Hour>,
    /// Read first.
    total: Root<u32>,
    /// Read only, and dropped untouched.
    slice: PSlice<u16>,
}

type Opened<'tx> = (
    Ptr<'tx, [i16; 3], Fresh>,
    Ptr<'tx, u32, Fresh>,
    Ptr<'tx, Hour, Fresh>,
    Ptr<'tx, u32, Fresh>,
    Elements<'tx, u16, Fresh>,
);

/// What a look at the memory shows, logged objects apart from the others.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    written_first: ([i16; 3], u32, u32, u16),
    read_first: (u32, u16),
    slice: [u16; 2],
    mark: u32,
}

impl Objects {
    fn new() -> Self {
        let mut memory = Memory::new(96, 16);
        let layout = &mut memory.layout;
        let scratch = PArray::place(layout, "scratch");
        let word = Root::place(layout, "word");
        let hour = Root::place(layout, "hour");
        let total = Root::place(layout, "total");
        let slice = PSlice::place(layout, "slice", 2);
        Self {
            memory,
            scratch,
            word,
            hour,
            total,
            slice,
        }
    }

    fn format<const ATOM: usize>(&self, nvm: &SimNvm<ATOM>) {
        self.memory.format(nvm);
        self.scratch.format(nvm, &[100, 101, 102]).unwrap();
        self.word.format(nvm, &103).unwrap();
        let hour = Hour {
            energy: 104,
            peak: 105,
            samples: 106,
        };
        self.hour.format(nvm, &hour).unwrap();
        self.total.format(nvm, &1_000_000).unwrap();
        self.slice.format(nvm, |index| 7 + index as u16).unwrap();
    }

    fn see<const ATOM: usize>(&self, nvm: &SimNvm<ATOM>) -> Seen {
        let (mut log, _) = self.memory.open(nvm);
        let mark = log.mark();
        log.transaction(|tx| {
            let hour = self.hour.get(tx)?;
            Ok::<_, Error>(Seen {
                written_first: (
                    self.scratch.get(tx)?,
                    self.word.get(tx)?,
                    hour.energy,
                    hour.peak,
                ),
                read_first: (self.total.get(tx)?, hour.samples),
                slice: [self.slice.get(tx, 0)?, self.slice.get(tx, 1)?],
                mark,
            })
        })
        .unwrap()
    }
}

/// A transaction with pointers in each state, written once for both kinds.
fn body<'tx, X: FirstWrite<'tx>>(
    tx: &mut X,
    (scratch, word, hour, total, slice): Opened<'tx>,
) -> Result<(), Fault> {
    let mut scratch = scratch
        .elements()
        .write_with(tx, |index| [5, 6, 7][index])?;
    let mut word = word.write(tx, 17)?;
    let (energy, peak, samples) = split!(
        hour,
        Hour {
            energy,
            peak,
            samples
        }
    );
    let energy = energy.write(tx, 9)?;
    let sum = energy.get(tx)? + word.get(tx)?;
    word.set(tx, sum + 1)?;
    scratch.set(tx, 1, 77)?;
    peak.write(tx, scratch.get(tx, 1)?.unwrap_or(0).cast_unsigned())?;
    let (old, total) = total.read(tx)?;
    let mut added = 0;
    for element in slice {
        added += u32::from(element.read(tx)?.0);
    }
    let mut total = total.write(tx, old + added)?;
    samples.update(tx, |samples| samples + 1)?;
    total.set(tx, old + added + word.get(tx)?)
}

/// As [`body`], but asks a second time for a fresh pointer to what it has read: forged here, since
/// nothing outside of this crate gets one.
fn restarted<'tx, X: FirstWrite<'tx>>(tx: &mut X, opened: Opened<'tx>) -> Result<(), Fault> {
    let place = opened.3.offset();
    let old = opened.3.read(tx)?.0;
    let again = Ptr::<u32, Fresh>::at(place);
    again.write(tx, old + 1)?;
    Ok(())
}

type WriteFirst<const ATOM: usize> =
    for<'tx> fn(&mut WriteFirstTx<'tx, &SimNvm<ATOM>>, Opened<'tx>) -> Result<(), Fault>;

/// What a program does at each start: the transaction, until it has committed (as a mark tells it).
fn run_once<const ATOM: usize>(nvm: &SimNvm<ATOM>, body: WriteFirst<ATOM>) {
    let mut objects = Objects::new();
    let (mut log, _) = objects.memory.open(nvm);
    if log.mark() == 1 {
        return;
    }
    let mut handles = (
        &mut objects.scratch,
        &mut objects.word,
        &mut objects.hour,
        &mut objects.total,
        &mut objects.slice,
    );
    let (tx, result) = begin_write_first(&mut log, 16, &mut handles)
        .unwrap()
        .run(body);
    result.unwrap();
    tx.commit_with(1).unwrap();
}

fn explore_repeated<const ATOM: usize>(name: &str, body: WriteFirst<ATOM>) -> Report {
    let objects = Objects::new();
    let uncut = SimNvm::<ATOM>::new(objects.memory.size());
    objects.format(&uncut);
    run_once(&uncut, body);
    let expected = objects.see(&uncut);
    Explorer::<ATOM>::new(name, objects.memory.size())
        .depth(2)
        .explore(
            |nvm| objects.format(nvm),
            |nvm| run_once(nvm, body),
            |nvm| run_once(nvm, body),
            |nvm| {
                let seen = objects.see(nvm);
                if seen == expected {
                    Ok(())
                } else {
                    Err(format!("{seen:?}, not {expected:?}"))
                }
            },
        )
}

#[test]
fn a_repeated_transaction_ends_as_an_uncut_one() {
    for_each_atom!(ATOM => {
        explore_repeated::<ATOM>("write first, repeated", |tx, opened| body(tx, opened)).assert_clean();
    });
}

#[test]
fn a_read_that_is_forgotten_is_caught() {
    broken::with(Variant::ForgetsRead, || {
        explore_repeated::<4>("forgotten read", |tx, opened| body(tx, opened))
    })
    .assert_caught();
    broken::with(Variant::ForgetsRead, || {
        explore_repeated::<1>("forgotten read", |tx, opened| body(tx, opened))
    })
    .assert_caught();
}

#[test]
fn a_fresh_pointer_that_is_asked_for_again_is_caught() {
    explore_repeated::<4>("restarted typestate", |tx, opened| restarted(tx, opened))
        .assert_caught();
}

#[test]
fn before_the_repetition_all_that_was_read_first_is_as_before() {
    for_each_atom!(ATOM => {
        let objects = Objects::new();
        let nvm = SimNvm::<ATOM>::new(objects.memory.size());
        objects.format(&nvm);
        let before = objects.see(&nvm);
        run_once(&nvm, |tx, opened| body(tx, opened));
        let after = objects.see(&nvm);
        Explorer::<ATOM>::new("write first, not repeated", objects.memory.size())
            .depth(2)
            .explore(
                |nvm| objects.format(nvm),
                |nvm| run_once(nvm, |tx, opened| body(tx, opened)),
                |nvm| { let _ = objects.memory.open(nvm); },
                |nvm| {
                    let seen = objects.see(nvm);
                    let whole = if seen.mark == 1 {
                        seen == after
                    } else {
                        seen.read_first == before.read_first && seen.slice == before.slice
                    };
                    if whole { Ok(()) } else { Err(format!("{seen:?}")) }
                },
            )
            .assert_clean();
    });
}

fn abortable<const ATOM: usize>(nvm: &SimNvm<ATOM>, aborts: bool) {
    let mut objects = Objects::new();
    let (mut log, _) = objects.memory.open(nvm);
    let handles = (
        &mut objects.scratch,
        &mut objects.word,
        &mut objects.hour,
        &mut objects.total,
        &mut objects.slice,
    );
    let result = transaction(&mut log, handles, |tx, opened| {
        body(tx, opened)?;
        if aborts {
            Err(Error::OutOfBounds { index: 0, len: 0 })
        } else {
            Ok(())
        }
    });
    assert_eq!(result.is_err(), aborts);
}

#[test]
fn in_a_transaction_that_can_abort_the_same_body_is_all_or_nothing() {
    for_each_atom!(ATOM => {
        for (name, aborts) in [("abortable", false), ("aborted", true)] {
            let objects = Objects::new();
            Explorer::<ATOM>::new(name, objects.memory.size())
                .depth(2)
                .explore_atomic(
                    |nvm| objects.format(nvm),
                    |nvm| abortable(nvm, aborts),
                    |nvm| { let _ = objects.memory.open(nvm); },
                    |nvm| objects.see(nvm),
                )
                .assert_clean();
        }
        let objects = Objects::new();
        let nvm = SimNvm::<ATOM>::new(objects.memory.size());
        objects.format(&nvm);
        let before = objects.see(&nvm);
        abortable(&nvm, true);
        assert_eq!(objects.see(&nvm), before);
        abortable(&nvm, false);
        assert_ne!(objects.see(&nvm), before);
    });
}

/// Two handles of one object: one pointer reads, the other writes "first".
fn twins<const ATOM: usize>(nvm: &SimNvm<ATOM>) -> Result<(), Error> {
    let (mut one, mut other) = (Objects::new(), Objects::new());
    let (mut log, _) = one.memory.open(nvm);
    if log.mark() == 1 {
        return Ok(());
    }
    let mut handles = (&mut one.total, &mut other.total);
    let (tx, result) = begin_write_first(&mut log, 8, &mut handles)?.run(|tx, (one, other)| {
        let (value, _) = one.read(tx)?;
        other.write(tx, value + 1)?;
        Ok::<(), Fault>(())
    });
    result?;
    Ok(tx.commit_with(1)?)
}

#[test]
fn two_handles_of_one_object_are_refused() {
    let objects = Objects::new();
    let nvm = SimNvm::<4>::new(objects.memory.size());
    objects.format(&nvm);
    let image = nvm.image();
    let place = objects.total.offset();
    assert_eq!(
        twins(&nvm),
        Err(Error::Overlap {
            first: place,
            second: place
        })
    );
    assert_eq!(nvm.image(), image);
    broken::with(Variant::OpensOverlap, || {
        Explorer::<4>::new("opened twice", objects.memory.size()).explore(
            |nvm| objects.format(nvm),
            |nvm| twins(nvm).unwrap(),
            |nvm| twins(nvm).unwrap(),
            |nvm| {
                let total = objects.see(nvm).read_first.0;
                if total == 1_000_001 {
                    Ok(())
                } else {
                    Err(format!("{total}"))
                }
            },
        )
    })
    .assert_caught();
}

#[test]
fn a_fault_after_an_unlogged_write_leaves_the_transaction_to_a_restart() {
    use nvm_tx::FaultKind;
    let mut memory = Memory::new(16, 8);
    let mut scratch = Root::<u32>::place(&mut memory.layout, "scratch");
    let counters = [(); 3].map(|()| Root::<u32>::place(&mut memory.layout, "counter"));
    let nvm = SimNvm::<4>::new(memory.size());
    memory.format(&nvm);
    scratch.format(&nvm, &1).unwrap();
    for counter in &counters {
        counter.format(&nvm, &10).unwrap();
    }
    let (mut log, _) = memory.open(&nvm);

    // Not begun: nothing is stored, and other transactions run.
    let image = nvm.image();
    let result = crate::write_first(&mut log, 17, &mut scratch, |_, _| Ok(()));
    assert!(matches!(result, Err(Error::Fault(fault))
        if fault.kind() == FaultKind::LogFull { needed: 17, free: 16 }));
    assert_eq!(nvm.image(), image);

    // More is logged than there is room for, and the fault is even ignored.
    let result = crate::write_first(&mut log, 16, &mut scratch, |tx, scratch| {
        scratch.write(tx, 2)?;
        for counter in &counters {
            let _ = counter.update(tx, |value| value + 1);
        }
        Ok(())
    });
    let Err(Error::Fault(fault)) = result else {
        panic!("{result:?}");
    };
    assert!(matches!(fault.kind(), FaultKind::LogFull { .. }));
    let result = log.transaction(|tx| counters[0].get(tx));
    assert_eq!(result.unwrap_err().kind(), FaultKind::Unfinished);

    // A restart may repeat it; what was logged is as before.
    let mut log = UndoLog::open(&nvm, memory.log).unwrap();
    crate::write_first(&mut log, 16, &mut scratch, |tx, scratch| {
        scratch.write(tx, 2)?;
        for counter in &counters[..2] {
            assert_eq!(counter.get(tx)?, 10);
            counter.set(tx, 11)?;
        }
        Ok(())
    })
    .unwrap();
    let values = log
        .transaction(|tx| {
            Ok::<_, Fault>([scratch.get(tx)?, counters[0].get(tx)?, counters[2].get(tx)?])
        })
        .unwrap();
    assert_eq!(values, [2, 11, 10]);
}

#[test]
fn a_pointer_to_nowhere_is_an_error() {
    let mut memory = Memory::new(16, 8);
    let mut scratch = Root::<[u32; 2]>::place(&mut memory.layout, "scratch");
    let nvm = SimNvm::<4>::new(memory.size());
    memory.format(&nvm);
    let (mut log, _) = memory.open(&nvm);
    let result = crate::write_first(&mut log, 0, &mut scratch, |tx, scratch| {
        // What `split!` never does: one field twice.
        let (one, _two) = scratch.__split_2([0, 0], |words| (&words[0], &words[1]));
        one.write(tx, 1)?;
        Ok(())
    });
    let error: String = format!("{}", result.unwrap_err());
    assert!(error.contains("inside the NVM region"), "{error}");
}
