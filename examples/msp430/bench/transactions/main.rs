//! Operations of `nvm-tx`, and the loop around them: `cargo xtask bench --target msp430` says which one.
#![no_std]
#![no_main]
#![cfg_attr(target_arch = "msp430", feature(asm_experimental_arch))]

#[path = "../measure.rs"]
mod measure;
#[path = "../nvm.rs"]
mod nvm;

use core::hint::black_box;

use intos_msp430::{Failed, fail, report};
use nvm_core::{Area, Offset, RawOffset, field, persist};
use nvm_tx::UndoLog;

use measure::measure;
use nvm::BenchNvm;

type Log = UndoLog<BenchNvm>;

const LOG: Area = Area::new(0, 512);
const WORDS: RawOffset = 896;

persist! {
    struct Large { before: [u32; 7], field: u32, after: [u32; 8] }
}

const fn word(index: RawOffset) -> Offset<u32> {
    Offset::new(WORDS + 4 * index)
}

msp430_start::entry!(main);

fn main() -> ! {
    match run(measure::operation()) {
        Ok(()) => report([0; 4], [0; 4], [""; 4]),
        Err(failed) => fail(failed.name()),
    }
}

/// Measures the operation of a number, which `xtask/src/bench/msp430/operations.rs` names.
fn run(number: u16) -> Result<(), Failed> {
    let nvm = nvm::open();
    match number {
        0 => plain_loop(),
        // A commit with a mark, as a replay table makes: a transaction that has written nothing would store nothing.
        1 => transactions(nvm, |log, _| Ok(log.begin()?.commit_with(1)?)),
        2 => transactions(nvm, |log, i| {
            let mut tx = log.begin()?;
            tx.set(word(0), i)?;
            Ok(tx.commit()?)
        }),
        3 => transactions(nvm, |log, i| {
            let large: Offset<Large> = Offset::new(WORDS);
            let mut tx = log.begin()?;
            tx.set(field!(large, Large.field), i)?;
            Ok(tx.commit()?)
        }),
        4 => transactions(nvm, |log, i| {
            let mut tx = log.begin()?;
            tx.set(word(0), i)?;
            tx.set(word(5), i)?;
            tx.set(word(9), i)?;
            Ok(tx.commit()?)
        }),
        _ => Err(Failed::Unexpected),
    }
}

fn plain_loop() -> Result<(), Failed> {
    measure(|repetitions| {
        for i in 0..repetitions {
            black_box(i as u16);
        }
        Ok(())
    })
}

/// A transaction on an undo log, nothing else.
fn transactions(
    nvm: BenchNvm,
    mut step: impl FnMut(&mut Log, u32) -> Result<(), Failed>,
) -> Result<(), Failed> {
    Log::format(&nvm, LOG)?;
    let mut log = Log::open(nvm, LOG)?;
    measure(|repetitions| {
        for i in 0..repetitions {
            step(&mut log, i)?;
        }
        Ok(())
    })
}
