//! Damaged tables by the thousand: an error or a wrong value, never a panic and never a hang.

#![allow(clippy::unwrap_used)] // a test may fail

use nvm_core::sim::SimNvm;
use nvm_core::{Area, Class, Nvm, Offset};
use proptest::prelude::*;
use replay::{Error, ErrorKind, Site, Thread, ThreadAreas, ThreadLayout, nv_for_loop, nv_loop};

const LAYOUT: ThreadLayout = ThreadLayout {
    undo_log: 48,
    kernel_undo_log: 24,
    transactions: 100,
    system_calls: 28,
    kernel_transactions: 8,
};
const OBJECTS: u32 = 16;
const SIZE: u32 = OBJECTS + LAYOUT.bytes();

fn areas() -> ThreadAreas {
    ThreadAreas::split(Area::new(OBJECTS, LAYOUT.bytes()), &LAYOUT)
}

const fn word(index: u32) -> Offset<u32> {
    Offset::new(4 * index)
}

/// Has every kind of record. Ends whatever the objects hold, since it counts its steps.
fn program(t: &mut Thread<&SimNvm<4>>, steps: &mut u32) -> Result<(), Error> {
    let mut step = || {
        *steps += 1;
        assert!(*steps < 10_000, "it does not end");
    };
    nv_for_loop!(t, i in 0..3u32 => {
        let sum = t.transaction(|tx| {
            tx.update(word(0), |v| v.wrapping_add(i))?;
            Ok((tx.get(word(0))?, Some(3u8)))
        })?;
        step();
        nv_for_loop!(t, _j in 0..2u8 => {
            step();
            let sampled: u16 = t.sample(|| 7)?;
            let _: Result<(), Error> = t.try_transaction(|tx| {
                let again: bool = tx.sample(|| sampled == 7)?;
                let site = Site::here();
                let system = tx.system();
                if system.bypass::<u32>(site)?.is_none() {
                    let number: u8 = system.step(site, |kernel| {
                        kernel.update(word(3), |v| v.wrapping_add(1))?;
                        Ok(9)
                    })?;
                    system.complete(site, |_| Ok(u32::from(number)))?;
                }
                if again { Ok(()) } else { Ok(tx.set(word(1), sum.0)?) }
            });
        });
        t.transaction_write_first(16, |tx| Ok(tx.set_unlogged(word(2), i)?))?;
    });
    nv_loop!(t => {
        step();
        if t.transaction(|tx| {
            tx.update(word(1), |v| v.wrapping_add(1))?;
            Ok(tx.get(word(1))? % 4 == 0)
        })? {
            break;
        }
    });
    Ok(())
}

fn image_after(stores: u64) -> Vec<u8> {
    let nvm = SimNvm::<4>::new(SIZE);
    nvm.set_image(&[0xA5; SIZE as usize]);
    nvm.write(Class::Data, 0, &[0; OBJECTS as usize]).unwrap();
    Thread::format(&nvm, &areas()).unwrap();
    nvm.cut_after(stores);
    let _ = nvm_core::sim::until_power_loss(|| {
        let mut t = Thread::start(&nvm, &areas())?;
        program(&mut t, &mut 0)
    });
    nvm.image()
}

fn run(image: &[u8]) -> Result<(), Error> {
    let nvm = SimNvm::<4>::new(SIZE);
    nvm.set_image(image);
    let mut steps = 0;
    let mut result = Ok(());
    for _ in 0..3 {
        result = Thread::start(&nvm, &areas()).and_then(|mut t| t.run(|t| program(t, &mut steps)));
    }
    result
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn damaged_bytes_do_no_more_harm_than_a_wrong_value(
        stores in 0..260_u64,
        damage in prop::collection::vec((OBJECTS..SIZE, any::<u8>()), 1..6),
    ) {
        let mut image = image_after(stores);
        for (at, byte) in damage {
            image[at as usize] = byte;
        }
        let _ = run(&image);
    }

    #[test]
    fn random_tables_do_no_more_harm_than_a_wrong_value(
        stores in 0..260_u64,
        tables in prop::collection::vec(any::<u8>(), SIZE as usize),
        keeps_commit_words in any::<bool>(),
    ) {
        let mut image = tables;
        let before = image_after(stores);
        if keeps_commit_words {
            // Whatever these tables are, they are begun to be read.
            let logs = [OBJECTS as usize, OBJECTS as usize + 12 + 48];
            for at in logs {
                image[at..at + 12].copy_from_slice(&before[at..at + 12]);
            }
        }
        let _ = run(&image);
    }
}

#[test]
fn an_area_that_is_too_small_is_named() {
    let nvm = SimNvm::<4>::new(SIZE);
    let small = ThreadAreas::split(Area::new(OBJECTS, 40), &LAYOUT);
    let expected = ErrorKind::AreaTooSmall { offset: OBJECTS };
    let formatted = Thread::format(&nvm, &small).map_err(Error::kind);
    assert_eq!(formatted, Err(expected));
    let started = Thread::start(&nvm, &small).map_err(Error::kind);
    assert_eq!(started.map(|_| ()), Err(expected));
}
