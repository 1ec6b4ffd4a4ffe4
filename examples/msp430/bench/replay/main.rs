//! Operations of `replay`: `cargo xtask bench --target msp430` says which one.
#![no_std]
#![no_main]
#![cfg_attr(target_arch = "msp430", feature(asm_experimental_arch))]

#[path = "../measure.rs"]
mod measure;
#[path = "../nvm.rs"]
mod nvm;

use intos_msp430::{Failed, fail, report};
use nvm_core::{Area, Offset};
use replay::{ThreadAreas, ThreadLayout, nv_for_loop};

use measure::measure;
use nvm::BenchNvm;

type Thread = replay::Thread<BenchNvm>;

const THREAD: Area = Area::new(0, ThreadLayout::DEFAULT.bytes());
const WORD: Offset<u32> = Offset::new(896);

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
        9 => steps(nvm, |_, _| Ok(())),
        10 => steps(nvm, |thread, _| thread.transaction(|_| Ok(()))),
        11 => steps(nvm, |thread, i| {
            thread.transaction(|tx| Ok(tx.set(WORD, i)?))
        }),
        12 => steps(nvm, |thread, i| thread.transaction(|_| Ok(i)).map(drop)),
        13 => steps(nvm, |thread, i| thread.sample(|| i).map(drop)),
        14 => steps(nvm, |thread, i| {
            thread.transaction_write_first(0, |tx| Ok(tx.set_unlogged(WORD, i)?))
        }),
        _ => Err(Failed::Unexpected),
    }
}

/// A step in a persistent loop of a thread without a kernel.
fn steps(
    nvm: BenchNvm,
    step: impl Fn(&mut Thread, u32) -> Result<(), replay::Error>,
) -> Result<(), Failed> {
    let areas = ThreadAreas::split(THREAD, &ThreadLayout::DEFAULT);
    Thread::format(nvm, &areas)?;
    let mut thread = Thread::start(nvm, &areas)?;
    measure(|repetitions| {
        let thread = &mut thread;
        nv_for_loop!(thread, i in 0..repetitions => { step(thread, i)?; });
        Ok(())
    })
}
