//! A device that fails at any access, without the power going: the program gets an error, and is started
//! again. It ends as if nothing had happened.

#![allow(clippy::unwrap_used)] // a test may fail

use core::cell::Cell;

use nvm_core::sim::SimNvm;
use nvm_core::{Area, Class, Nvm, Offset};
use replay::{Error, ErrorKind, Site, Thread, ThreadAreas, ThreadLayout, nv_for_loop};

const SIZE: u32 = 512;
const OBJECTS: u32 = 400;

fn areas() -> ThreadAreas {
    ThreadAreas::split(Area::new(0, 252), &ThreadLayout::DEFAULT)
}

const fn word(index: u32) -> Offset<u32> {
    Offset::new(OBJECTS + 4 * index)
}

/// Fails at one access, and says so whether or not it was carried out.
struct Failing {
    nvm: SimNvm<4>,
    accesses_left: Cell<u32>,
    carries_out: bool,
}

impl Failing {
    fn fails(&self) -> bool {
        let left = self.accesses_left.get();
        self.accesses_left.set(left.wrapping_sub(1));
        left == 0
    }
}

impl Nvm for Failing {
    const ATOM: usize = 4;
    fn size(&self) -> u32 {
        self.nvm.size()
    }
    fn read(&self, offset: u32, bytes: &mut [u8]) -> Result<(), nvm_core::Error> {
        if self.fails() {
            return Err(nvm_core::Error::Device);
        }
        self.nvm.read(offset, bytes)
    }
    fn write(&self, class: Class, offset: u32, bytes: &[u8]) -> Result<(), nvm_core::Error> {
        let fails = self.fails();
        if !fails || self.carries_out {
            self.nvm.write(class, offset, bytes)?;
        }
        if fails {
            Err(nvm_core::Error::Device)
        } else {
            Ok(())
        }
    }
}

/// Runs a transaction again where it failed, as a careless program may.
fn twice<R>(mut transaction: impl FnMut() -> Result<R, Error>) -> Result<R, Error> {
    transaction().or_else(|_| transaction())
}

fn program(t: &mut Thread<&Failing>, again: bool) -> Result<(), Error> {
    fn retry<R>(again: bool, transaction: impl FnMut() -> Result<R, Error>) -> Result<R, Error> {
        let mut transaction = transaction;
        if again {
            twice(transaction)
        } else {
            transaction()
        }
    }
    nv_for_loop!(t, i in 0..3u32 => {
        let sum = retry(again, || t.transaction(|tx| {
            tx.update(word(0), |v| v + 1 + i)?;
            tx.update(word(1), |v| v + 2)?;
            Ok(tx.get(word(0))?)
        }))?;
        retry(again, || t.transaction(|tx| {
            let site = Site::here();
            let system = tx.system();
            if system.bypass::<u32>(site)?.is_none() {
                system.step(site, |kernel| Ok(kernel.update(word(4), |v| v + 1)?))?;
                system.complete(site, |kernel| {
                    kernel.update(word(5), |v| v + 1)?;
                    Ok(1u32)
                })?;
            }
            Ok(tx.update(word(2), |v| v * 3 + sum)?)
        }))?;
    });
    retry(again, || {
        t.transaction_write_first(24, |tx| {
            tx.set_unlogged(word(3), 9)?;
            Ok(tx.update(word(2), |v| v + 1)?)
        })
    })
}

fn words(nvm: &SimNvm<4>) -> [u32; 6] {
    nvm.load(Offset::new(OBJECTS)).unwrap()
}

fn run(fails_at: u32, carries_out: bool, again: bool) -> (u32, [u32; 6]) {
    let device = Failing {
        nvm: SimNvm::new(SIZE),
        accesses_left: Cell::new(u32::MAX),
        carries_out,
    };
    for index in 0..6 {
        device.nvm.store(Class::Data, word(index), &0).unwrap();
    }
    Thread::format(&device, &areas()).unwrap();
    device.accesses_left.set(fails_at);
    let mut starts = 0;
    loop {
        starts += 1;
        assert!(starts < 4);
        let started = Thread::start(&device, &areas());
        match started.and_then(|mut t| program(&mut t, again)) {
            Ok(()) => return (starts, words(&device.nvm)),
            Err(error) => {
                assert!(
                    !matches!(error.kind(), ErrorKind::ReplayDiverged { .. }),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn a_device_may_fail_at_any_access() {
    let (_, expected) = run(u32::MAX, false, false);
    let mut failures = 0;
    for carries_out in [false, true] {
        for again in [false, true] {
            // The run has fewer accesses.
            for fails_at in 0..600 {
                let (starts, found) = run(fails_at, carries_out, again);
                assert_eq!(found, expected, "at {fails_at}, {carries_out}, {again}");
                failures += starts - 1;
            }
        }
    }
    println!("{failures} restarts after a device failure");
    assert!(failures > 400);
}
