//! Corner cases, one by one.

#![allow(clippy::unwrap_used)] // a test may fail

use nvm_core::sim::SimNvm;
use nvm_core::{Area, Class, Nvm, Offset};
use nvm_tx::FaultKind;
use replay::{
    Error, ErrorKind, LoopFrame, Site, Table, Thread, ThreadAreas, ThreadLayout, nv_for_loop,
};

type T<'n> = Thread<&'n SimNvm<4>>;

const SIZE: u32 = 1024;
const AREAS: ThreadAreas = ThreadAreas::split(Area::new(0, 252), &ThreadLayout::DEFAULT);

const fn word(index: u32) -> Offset<u32> {
    Offset::new(900 + 4 * index)
}

fn formatted() -> SimNvm<4> {
    let nvm = SimNvm::new(SIZE);
    nvm.set_image(&[0xA5; SIZE as usize]);
    for index in 0..8 {
        nvm.store(Class::Data, word(index), &0).unwrap();
    }
    Thread::format(&nvm, &AREAS).unwrap();
    nvm
}

fn start(nvm: &SimNvm<4>) -> T<'_> {
    Thread::start(nvm, &AREAS).unwrap()
}

fn increment(t: &mut T<'_>, index: u32) -> Result<u32, Error> {
    t.transaction(|tx| {
        tx.update(word(index), |v| v + 1)?;
        Ok(tx.get(word(index))?)
    })
}

fn is_diverged<R>(result: &Result<R, Error>) -> bool {
    matches!(
        result.as_ref().map_err(|e| e.kind()),
        Err(ErrorKind::ReplayDiverged { .. })
    )
}

#[test]
fn a_divergence_is_what_every_later_call_answers() {
    let nvm = formatted();
    let mut t = start(&nvm);
    increment(&mut t, 0).unwrap();
    increment(&mut t, 0).unwrap();
    let mut t = start(&nvm);
    let diverged = t.transaction(|_| Ok(1u8)).unwrap_err();
    assert!(is_diverged(&Err::<(), _>(diverged)));
    assert_eq!(increment(&mut t, 0), Err(diverged));
    assert_eq!(t.sample(|| 1u8), Err(diverged));
    assert_eq!(LoopFrame::enter(&mut t, 0..3u8).map(|_| ()), Err(diverged));
    assert_eq!(t.transaction_write_first(0, |_| Ok(())), Err(diverged));
    assert_eq!(t.finish(), Err(diverged));
    assert_eq!(t.run(|_| Ok::<_, Error>(())), Err(diverged));
    assert_eq!(t.try_transaction(|_| Ok::<_, Error>(())), Err(diverged));
    // The right program finds everything as it was.
    let mut t = start(&nvm);
    assert_eq!(increment(&mut t, 0), Ok(1));
    assert_eq!(increment(&mut t, 0), Ok(2));
    assert_eq!(t.statistics().bypassed, 2);
}

#[test]
fn a_program_that_ends_too_early_has_diverged_and_loses_nothing() {
    let nvm = formatted();
    increment(&mut start(&nvm), 0).unwrap();
    assert!(is_diverged(&start(&nvm).finish()));
    let mut t = start(&nvm);
    assert_eq!(increment(&mut t, 0), Ok(1));
    t.finish().unwrap();
    assert_eq!(increment(&mut t, 0), Ok(2));
}

fn typed<R: replay::Record>(t: &mut T<'_>, value: fn() -> R) -> Result<(), Error> {
    t.transaction(|_| Ok(value())).map(|_| ())
}

#[test]
fn a_changed_range_a_changed_type_and_a_missing_system_call_are_noticed() {
    let nvm = formatted();
    let enter = |t: &mut T<'_>, end| LoopFrame::enter(t, 0..end).map(|_: LoopFrame<u32>| ());
    enter(&mut start(&nvm), 5).unwrap();
    assert!(is_diverged(&enter(&mut start(&nvm), 6)));
    enter(&mut start(&nvm), 5).unwrap();

    let nvm = formatted();
    typed(&mut start(&nvm), || 5u32).unwrap();
    assert!(is_diverged(&typed(&mut start(&nvm), || 5u64)));
    assert!(is_diverged(&typed(&mut start(&nvm), || 5u8)));

    let calls = |t: &mut T<'_>, calls: u32| {
        t.transaction(|tx| {
            for call in 0..calls {
                tx.sample(|| call)?;
            }
            Ok(tx.set(word(0), 1)?)
        })
    };
    let nvm = formatted();
    let mut t = start(&nvm);
    // Until the second sample's commit word is stored.
    nvm.cut_after(7);
    assert!(nvm_core::sim::until_power_loss(|| calls(&mut t, 2)).is_err());
    nvm.power_on();
    assert!(is_diverged(&calls(&mut start(&nvm), 0)));
    assert_eq!(nvm.load(word(0)), Ok(0));
    calls(&mut start(&nvm), 2).unwrap();
}

#[test]
fn a_step_belongs_to_one_system_call() {
    let nvm = formatted();
    let site = Site::here();
    let call = |t: &mut T<'_>, site, completes: bool| {
        t.transaction(|tx| {
            let system = tx.system();
            system.step(site, |kernel| Ok(kernel.update(word(1), |v| v + 1)?))?;
            if completes {
                system.complete(site, |_| Ok(()))?;
            }
            Ok(())
        })
    };
    // A call of which only the step is made is not one of a transaction that may commit.
    assert!(is_diverged(&call(&mut start(&nvm), site, false)));
    assert!(is_diverged(&call(&mut start(&nvm), Site::here(), true)));
    let sampled = start(&nvm).transaction(|tx| tx.sample(|| 1u8));
    assert!(is_diverged(&sampled));
    call(&mut start(&nvm), site, true).unwrap();
    assert_eq!(nvm.load(word(1)), Ok(1));
}

#[test]
fn a_write_first_transaction_that_fails_lets_nothing_happen_before_a_restart() {
    let nvm = formatted();
    let mut t = start(&nvm);
    let fails = |t: &mut T<'_>, most: u32| {
        t.transaction_write_first(8, |tx| {
            tx.set_unlogged(word(0), 7)?;
            for index in 1..most {
                tx.set(Offset::new(400 + 4 * index), index)?;
            }
            Ok(())
        })
    };
    let mut frame = LoopFrame::enter(&mut t, 0..2u8).unwrap();
    assert_eq!(frame.next(&mut t), Ok(Some(0)));
    let full = fails(&mut t, 20).unwrap_err().kind();
    assert!(matches!(
        full,
        ErrorKind::Transaction(FaultKind::LogFull { .. })
    ));
    let unfinished = ErrorKind::Transaction(FaultKind::Unfinished);
    let sequence = |nvm: &SimNvm<4>| nvm.read_u32(0).unwrap();
    let before = sequence(&nvm);
    assert_eq!(increment(&mut t, 2).map_err(Error::kind), Err(unfinished));
    assert_eq!(frame.next(&mut t).map_err(Error::kind), Err(unfinished));
    assert_eq!(frame.leave(&mut t).map_err(Error::kind), Err(unfinished));
    assert_eq!(t.finish().map_err(Error::kind), Err(unfinished));
    assert_eq!(sequence(&nvm), before);
    // Where nothing was written unlogged, the error is the outcome, and the program goes on.
    let nvm = formatted();
    let too_large = |t: &mut T<'_>| t.transaction_write_first(1000, |_| Ok(()));
    let mut t = start(&nvm);
    let error = too_large(&mut t).unwrap_err();
    increment(&mut t, 0).unwrap();
    let mut t = start(&nvm);
    assert_eq!(too_large(&mut t), Err(error));
    assert_eq!(increment(&mut t, 0), Ok(1));
}

#[test]
fn a_failure_that_the_closure_ignores_is_the_outcome_all_the_same() {
    let nvm = formatted();
    let ignores = |t: &mut T<'_>| {
        t.transaction(|tx| {
            for index in 0..40 {
                let _ = tx.set(Offset::<u32>::new(400 + 4 * index), index);
            }
            Ok(5u32)
        })
    };
    let mut t = start(&nvm);
    let error = ignores(&mut t).unwrap_err();
    assert!(matches!(
        error.kind(),
        ErrorKind::Transaction(FaultKind::LogFull { .. })
    ));
    increment(&mut t, 0).unwrap();
    let mut t = start(&nvm);
    assert_eq!(ignores(&mut t), Err(error));
    assert_eq!(increment(&mut t, 0), Ok(1));

    // Nor may it leave out a system call that had no room.
    let ignores = |t: &mut T<'_>| {
        t.transaction(|tx| {
            let _ = tx.sample(|| [0u8; 64]);
            let _ = tx.sample(|| 1u8);
            Ok(())
        })
    };
    let nvm = formatted();
    let mut t = start(&nvm);
    let full = ErrorKind::TableFull {
        table: Table::SystemCalls,
        needed: 66,
        free: 32,
    };
    assert_eq!(ignores(&mut t).map_err(Error::kind), Err(full));
    increment(&mut t, 0).unwrap();
    assert_eq!(ignores(&mut start(&nvm)).map_err(Error::kind), Err(full));
}

#[test]
fn a_full_table_answers_the_same_before_and_after_a_power_loss() {
    let nvm = formatted();
    let program = |t: &mut T<'_>| -> Vec<Result<(), ErrorKind>> {
        let large = |t: &mut T<'_>| t.transaction(|_| Ok([7u8; 24])).map(|_| ());
        let mut outcomes = Vec::new();
        for _ in 0..4 {
            outcomes.push(large(t).map_err(Error::kind));
            outcomes.push(t.transaction(|_| Ok(())).map_err(Error::kind));
        }
        outcomes
    };
    let first = program(&mut start(&nvm));
    assert_eq!(first.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    assert_eq!(program(&mut start(&nvm)), first);
    // The end of an iteration makes room.
    let nvm = formatted();
    let mut t = start(&nvm);
    let mut frame = LoopFrame::enter(&mut t, 0..3u8).unwrap();
    while frame.next(&mut t).unwrap().is_some() {
        assert_eq!(t.transaction(|_| Ok([7u8; 40])).map(|_| ()), Ok(()));
        assert!(t.transaction(|_| Ok(1u8)).is_err());
        assert!(t.transaction(|_| Ok(())).is_err());
    }
    frame.leave(&mut t).unwrap();
    assert_eq!(t.transaction(|_| Ok(1u8)), Ok(1));
}

#[test]
fn so_many_samples_cannot_be_counted() {
    let layout = ThreadLayout {
        system_calls: 2000,
        ..ThreadLayout::DEFAULT
    };
    let nvm = SimNvm::<4>::new(4096);
    let areas = ThreadAreas::split(Area::new(0, layout.bytes()), &layout);
    Thread::format(&nvm, &areas).unwrap();
    for _ in 0..2 {
        let mut t = Thread::start(&nvm, &areas).unwrap();
        for (samples, fits) in [(255_u32, true), (256, false)] {
            let outcome = t.transaction(|tx| {
                for number in 0..samples {
                    tx.sample(|| number as u8)?;
                }
                Ok(())
            });
            let table = Table::SystemCalls;
            let expected = if fits {
                Ok(())
            } else {
                Err(ErrorKind::TooManyRecords { table })
            };
            assert_eq!(outcome.map_err(Error::kind), expected);
        }
    }
}

#[test]
fn loops_count_with_every_integer() {
    fn count<C: replay::LoopCounter + PartialEq + core::fmt::Debug>(
        range: core::ops::Range<C>,
        expected: &[C],
    ) {
        let nvm = formatted();
        let mut counted = Vec::new();
        // Each iteration in a start of its own, left without an end.
        for _ in expected {
            let mut t = start(&nvm);
            let mut frame = LoopFrame::enter(&mut t, range.clone()).unwrap();
            counted.push(frame.next(&mut t).unwrap().unwrap());
            let _ = frame.next(&mut t).unwrap();
        }
        assert_eq!(counted, expected);
    }
    count(253..255u8, &[253, 254]);
    count(-2..1i8, &[-2, -1, 0]);
    count(-1..2i16, &[-1, 0, 1]);
    count(65_534..65_536u32, &[65_534, 65_535]);
    count(i32::MIN..i32::MIN + 2, &[i32::MIN, i32::MIN + 1]);
    count(i32::MAX - 2..i32::MAX, &[i32::MAX - 2, i32::MAX - 1]);
    count(
        usize::MAX - 2..usize::MAX,
        &[usize::MAX - 2, usize::MAX - 1],
    );
    count(-1..1i64, &[-1, 0]);
    assert_eq!(
        replay::LoopCounter::iterations(i32::MIN, i32::MAX),
        u32::MAX
    );
    assert_eq!(replay::LoopCounter::iterations(0, u64::MAX), u32::MAX);
    assert_eq!(replay::LoopCounter::iterations(3, 3u8), 0);
    assert_eq!(replay::LoopCounter::iterations(3, -3i32), 0);
}

#[test]
fn starts_without_a_commit_are_counted() {
    let nvm = formatted();
    for starts in 0..5 {
        assert_eq!(start(&nvm).starts_without_commit(), starts);
    }
    let mut t = start(&nvm);
    increment(&mut t, 0).unwrap();
    assert_eq!(start(&nvm).starts_without_commit(), 0);
    // A system call is progress, too.
    let mut t = start(&nvm);
    increment(&mut t, 0).unwrap();
    nvm.cut_after(5);
    let cut = nvm_core::sim::until_power_loss(|| {
        t.transaction(|tx| {
            let now = tx.sample(|| 3u32)?;
            Ok(tx.set(word(0), now)?)
        })
    });
    assert!(cut.is_err());
    nvm.power_on();
    assert_eq!(start(&nvm).starts_without_commit(), 0);
}

#[test]
fn a_loop_of_no_iterations_and_one_of_no_records_are_over_after_a_power_loss() {
    let nvm = formatted();
    let program = |t: &mut T<'_>| -> Result<u32, Error> {
        let mut iterations = 0;
        nv_for_loop!(t, _i in 5..5u32 => {
            iterations += 100;
        });
        nv_for_loop!(t, _i in 0..5u32 => {
            iterations += 1;
        });
        increment(t, 0)?;
        Ok(iterations)
    };
    assert_eq!(program(&mut start(&nvm)), Ok(5));
    assert_eq!(program(&mut start(&nvm)), Ok(0));
    assert_eq!(nvm.load(word(0)), Ok(1));
}

#[test]
fn statistics_say_what_was_run_bypassed_and_rolled_back() {
    let nvm = formatted();
    let mut t = start(&nvm);
    increment(&mut t, 0).unwrap();
    nvm.cut_after(4);
    assert!(nvm_core::sim::until_power_loss(|| increment(&mut t, 1)).is_err());
    nvm.power_on();
    let mut t = start(&nvm);
    assert!(t.is_replaying());
    increment(&mut t, 0).unwrap();
    assert!(!t.is_replaying());
    let _: Result<u8, Error> = t.try_transaction(|tx| {
        tx.set(word(3), 1)?;
        Err(tx.set(Offset::<u32>::new(SIZE), 1).unwrap_err().into())
    });
    let statistics = t.statistics();
    assert_eq!((statistics.bypassed, statistics.rolled_back), (1, 2));
    assert_eq!(nvm.load(word(3)), Ok(0));
}
