//! Programs that are cut at every store, restarted, and must end as if nothing had happened.

use core::cell::Cell;
use std::format;
use std::string::String;
use std::thread_local;

use nvm_core::for_each_atom;
use nvm_core::sim::{Explorer, Report, SimNvm};
use nvm_core::{Area, Class, Nvm, Offset};

use crate::broken::{self, Variant};
use crate::{Error, ErrorKind, Site, Thread, ThreadAreas, ThreadLayout, nv_for_loop, nv_loop};

const SIZE: u32 = 512;
const LAYOUT: ThreadLayout = ThreadLayout {
    undo_log: 96,
    kernel_undo_log: 24,
    transactions: 120,
    system_calls: 32,
    kernel_transactions: 8,
};
const AREAS: ThreadAreas = ThreadAreas::split(Area::new(0, LAYOUT.bytes()), &LAYOUT);
const OBJECTS: u32 = 448;

const fn word(index: u32) -> Offset<u32> {
    Offset::new(OBJECTS + 4 * index)
}

thread_local! {
    /// The outside world: readings that never come twice.
    static READING: Cell<u32> = const { Cell::new(0) };
}

fn read_sensor() -> u32 {
    READING.set(READING.get() + 1);
    READING.get()
}

type Program<const ATOM: usize> = fn(&mut Thread<&SimNvm<ATOM>>) -> Result<(), Error>;

fn format<const ATOM: usize>(nvm: &SimNvm<ATOM>) {
    READING.set(0);
    Thread::format(nvm, &AREAS).unwrap();
    for index in 0..16 {
        nvm.store(Class::Data, word(index), &0).unwrap();
    }
}

fn boot<const ATOM: usize>(nvm: &SimNvm<ATOM>, program: Program<ATOM>) {
    let mut thread = Thread::start(nvm, &AREAS).unwrap();
    program(&mut thread).unwrap();
}

fn objects<const ATOM: usize>(nvm: &SimNvm<ATOM>) -> [u8; 64] {
    let mut bytes = [0; 64];
    nvm.read(OBJECTS, &mut bytes).unwrap();
    bytes
}

/// After any cuts and a restart to the end, the objects are those of a run without cuts.
fn explore<const ATOM: usize>(name: &str, depth: usize, program: Program<ATOM>) -> Report {
    let uncut = SimNvm::<ATOM>::new(SIZE);
    format(&uncut);
    boot(&uncut, program);
    let expected = objects(&uncut);
    Explorer::<ATOM>::new(name, SIZE).depth(depth).explore(
        format,
        |nvm| boot(nvm, program),
        |nvm| boot(nvm, program),
        |nvm| {
            let found = objects(nvm);
            if found == expected {
                Ok(())
            } else {
                Err(format!("{found:?}"))
            }
        },
    )
}

fn transactions<const ATOM: usize>(t: &mut Thread<&SimNvm<ATOM>>) -> Result<(), Error> {
    t.transaction(|tx| Ok(tx.update(word(0), |v| v + 1)?))?;
    let a = t.transaction(|tx| {
        tx.update(word(1), |v| v + 5)?;
        Ok(tx.get(word(1))?)
    })?;
    t.transaction(|tx| Ok(tx.update(word(2), |v| v + a)?))?;
    t.transaction_write_first(16, |tx| {
        tx.set_unlogged(word(3), a + 1)?;
        Ok(tx.update(word(4), |v| v + 1)?)
    })
}

fn aborts<const ATOM: usize>(t: &mut Thread<&SimNvm<ATOM>>) -> Result<(), Error> {
    for round in 0..3 {
        let outcome: Result<u16, Outcome> = t.try_transaction(|tx| {
            tx.update(word(0), |v| v + 1).map_err(Error::from)?;
            if round == 1 { Err(Outcome(7)) } else { Ok(3) }
        });
        let unit: Result<(), Outcome> = t.try_transaction(|tx| {
            tx.update(word(1), |v| v + 1).map_err(Error::from)?;
            if round == 2 { Err(Outcome(9)) } else { Ok(()) }
        });
        let add = match (outcome, unit) {
            (Ok(a), Ok(())) => u32::from(a),
            (Err(e), Ok(())) => 100 * u32::from(e.0),
            (_, Err(e)) => 10_000 * u32::from(e.0),
        };
        t.transaction(|tx| Ok(tx.update(word(2), |v| v + add)?))?;
    }
    Ok(())
}

#[derive(Debug, Clone, Copy)]
struct Outcome(u8);

impl crate::Record for Outcome {
    const MAX_BYTES: u32 = 1;
    fn encode<N: Nvm>(
        &self,
        to: &mut nvm_core::RecordWriter<'_, N>,
    ) -> Result<(), nvm_core::Error> {
        self.0.encode(to)
    }
    fn decode<N: Nvm>(
        from: &mut nvm_core::RecordReader<'_, N>,
    ) -> Result<Option<Self>, nvm_core::Error> {
        Ok(u8::decode(from)?.map(Outcome))
    }
}

impl From<Error> for Outcome {
    fn from(_: Error) -> Self {
        Self(0xEE)
    }
}

/// Two samples in a transaction agree with what was stored, though readings never come twice.
fn samples<const ATOM: usize>(t: &mut Thread<&SimNvm<ATOM>>) -> Result<(), Error> {
    for index in 0..3 {
        t.transaction(|tx| {
            let a = tx.sample(read_sensor)?;
            tx.set(word(index), a)?;
            let b = tx.sample(read_sensor)?;
            tx.set(word(index + 4), b)?;
            // System calls happen once in all, however often the transaction is repeated: word 12 is a
            // kernel object, changed by a step and by the completing kernel transaction.
            let site = Site::here();
            let system = tx.system();
            let counted: Option<u32> = system.bypass(site)?;
            if counted.is_none() {
                let before: u32 = system.step(site, |kernel| {
                    kernel.update(word(12), |v| v + 1)?;
                    Ok(kernel.get(word(12))?)
                })?;
                system.complete(site, |kernel| {
                    kernel.set(word(12), before + 10)?;
                    Ok(kernel.get(word(12))?)
                })?;
            }
            let agree = b > a && tx.get(word(index))? == a;
            tx.set(word(index + 8), u32::from(agree))?;
            Ok(())
        })?;
    }
    t.transaction(|tx| {
        for index in 0..8 {
            tx.set(word(index), 0)?;
        }
        Ok(())
    })
}

/// `act_at_most_once` acts in one run only.
fn loops<const ATOM: usize>(t: &mut Thread<&SimNvm<ATOM>>) -> Result<(), Error> {
    nv_for_loop!(t, i in 3..6u16 => {
        t.transaction(|tx| Ok(tx.update(word(0), |v| v + u32::from(i))?))?;
        nv_for_loop!(t, j in 0..3u8 => {
            if j == 1 {
                continue;
            }
            let sum = t.transaction(|tx| {
                tx.update(word(1), |v| v + 1)?;
                Ok(tx.get(word(1))?)
            })?;
            t.transaction(|tx| Ok(tx.update(word(2), |v| v + sum)?))?;
        });
        t.transaction(|tx| Ok(tx.update(word(3), |v| v * 3 + 1)?))?;
    });
    nv_loop!(t => {
        let n = t.transaction(|tx| {
            tx.update(word(4), |v| v + 1)?;
            Ok(tx.get(word(4))?)
        })?;
        if n >= 4 {
            break;
        }
    });
    t.transaction(|tx| Ok(tx.update(word(5), |v| v + 1)?))
}

fn labels_and_returns<const ATOM: usize>(t: &mut Thread<&SimNvm<ATOM>>) -> Result<(), Error> {
    fn find<const ATOM: usize>(t: &mut Thread<&SimNvm<ATOM>>, wanted: u32) -> Result<u32, Error> {
        nv_for_loop!(t, i in 0..10u32 => {
            let n = t.transaction(|tx| {
                tx.update(word(6), |v| v + 1)?;
                Ok(tx.get(word(6))?)
            })?;
            if n >= wanted {
                return Ok(i);
            }
        });
        Ok(99)
    }
    nv_for_loop!('outer: t, i in 0..4u32 => {
        nv_for_loop!(t, j in 0..4u32 => {
            t.transaction(|tx| Ok(tx.update(word(0), |v| v + 1)?))?;
            if j == 2 && i == 1 {
                continue 'outer;
            }
            if i == 3 {
                break 'outer;
            }
        });
        t.transaction(|tx| Ok(tx.update(word(1), |v| v + 1)?))?;
    });
    nv_for_loop!(t, round in 0..2u32 => {
        let at = find(t, 3 + 4 * round)?;
        t.transaction(|tx| Ok(tx.update(word(7), |v| v * 10 + at)?))?;
    });
    Ok(())
}

/// Transactions without results where others had results before.
fn mixed_sizes<const ATOM: usize>(t: &mut Thread<&SimNvm<ATOM>>) -> Result<(), Error> {
    nv_for_loop!(t, i in 0..4u32 => {
        if i % 2 == 0 {
            let v = t.transaction(|tx| Ok(u64::from(tx.get(word(0))?)))?;
            t.transaction(|tx| Ok(tx.set(word(1), v as u32 + 1)?))?;
        } else {
            t.transaction(|tx| Ok(tx.update(word(0), |v| v + 1)?))?;
            t.transaction(|_| Ok(()))?;
            let v = t.transaction(|tx| Ok(tx.get(word(1))? as u8))?;
            t.transaction(|tx| Ok(tx.update(word(2), |w| w + u32::from(v))?))?;
        }
    });
    Ok(())
}

/// A loop ends, and then the sequence numbers come round.
fn a_loop_and_254_commits<const ATOM: usize>(t: &mut Thread<&SimNvm<ATOM>>) -> Result<(), Error> {
    nv_for_loop!(t, _i in 0..2u8 => {
        t.transaction(|tx| Ok(tx.update(word(0), |v| v + 1)?))?;
    });
    for _ in 0..256 {
        t.transaction(|tx| Ok(tx.update(word(1), |v| v + 1)?))?;
    }
    Ok(())
}

#[test]
fn a_program_ends_as_if_nothing_had_happened() {
    for_each_atom!(ATOM => {
        explore::<ATOM>("transactions", 2, transactions).assert_clean();
        explore::<ATOM>("aborts", 2, aborts).assert_clean();
        explore::<ATOM>("samples", 2, samples).assert_clean();
        explore::<ATOM>("loops", 2, loops).assert_clean();
        explore::<ATOM>("labels and returns", 2, labels_and_returns).assert_clean();
        explore::<ATOM>("mixed sizes", 2, mixed_sizes).assert_clean();
        explore::<ATOM>("a loop and 254 commits", 1, a_loop_and_254_commits).assert_clean();
    });
}

#[test]
fn broken_variants_are_caught() {
    let cases: [(Variant, Program<4>); 4] = [
        (Variant::CountsBeforeCommit, loops),
        (Variant::KeepsLoopEnd, a_loop_and_254_commits),
        (Variant::RecordsAfterCommit, transactions),
        (Variant::ForgetsSystemCalls, samples),
    ];
    for (variant, program) in cases {
        let name = format!("{variant:?}");
        broken::with(variant, || explore::<4>(&name, 2, program)).assert_caught();
    }
}

/// 254 transactions after one that made system calls, with a power loss before the last of them, which makes the same
/// call: the old records must not be taken for its.
#[test]
fn system_calls_of_254_transactions_ago_do_not_count() {
    fn call<const ATOM: usize>(t: &mut Thread<&SimNvm<ATOM>>) -> Result<u32, Error> {
        t.transaction(|tx| tx.sample(read_sensor))
    }
    let run = || -> Result<u32, Error> {
        let nvm = SimNvm::<4>::new(SIZE);
        format(&nvm);
        let mut t = Thread::start(&nvm, &AREAS)?;
        let mut last = call(&mut t)?;
        t.finish()?;
        // The finish is a commit, too.
        let others =
            |t: &mut Thread<&SimNvm<4>>| (0..252).try_for_each(|_| t.transaction(|_| Ok(())));
        others(&mut t)?;
        let mut t = Thread::start(&nvm, &AREAS)?;
        others(&mut t)?;
        last = call(&mut t)? - last;
        Ok(last)
    };
    assert_eq!(run(), Ok(1));
    assert_ne!(broken::with(Variant::KeepsGeneration, run), Ok(1));
}

/// A transaction without a result comes where in the iteration before an error was recorded, by the same
/// call.
#[test]
fn an_old_error_is_not_taken_for_the_outcome_of_a_new_transaction() {
    fn program(t: &mut Thread<&SimNvm<4>>) -> Result<(), Error> {
        nv_for_loop!(t, i in 0..2u32 => {
            let outcome: Result<(), Outcome> =
                t.try_transaction(|_| if i == 0 { Err(Outcome(3)) } else { Ok(()) });
            let failed = outcome.is_err();
            t.transaction(|tx| {
                Ok(tx.update(word(0), |v| v * 10 + 1 + u32::from(failed))?)
            })?;
        });
        Ok(())
    }
    explore::<4>("old error", 2, program).assert_clean();
    broken::with(Variant::KeepsCheck, || {
        explore::<4>("old error", 2, program)
    })
    .assert_caught();
}

#[test]
fn a_diverging_program_is_told_where() {
    let nvm = SimNvm::<4>::new(SIZE);
    format(&nvm);
    let mut thread = Thread::start(&nvm, &AREAS).unwrap();
    let _: u32 = thread.transaction(|tx| Ok(tx.get(word(0))?)).unwrap();
    let mut thread = Thread::start(&nvm, &AREAS).unwrap();
    let error = thread
        .transaction(|_| Ok(5u16))
        .expect_err("another call site and type");
    assert!(matches!(error.kind(), ErrorKind::ReplayDiverged { .. }));
    let text = String::from("replay diverged at replay/src/power_cut_tests.rs:");
    assert!(format!("{error}").starts_with(&text), "{error}");
    assert_eq!(thread.transaction(|_| Ok(())), Err(error));
}
