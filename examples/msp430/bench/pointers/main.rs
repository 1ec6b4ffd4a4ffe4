//! Operations of `nvm-ptr`, `nvm-alloc` and `nvm-list`: `cargo xtask bench --target msp430` says which one.
#![no_std]
#![no_main]
#![cfg_attr(target_arch = "msp430", feature(asm_experimental_arch))]

#[path = "../measure.rs"]
mod measure;
#[path = "../nvm.rs"]
mod nvm;

use intos_msp430::{Failed, fail, report};
use nvm_alloc::Heap;
use nvm_core::{Area, Class, Layout, Offset, RawOffset};
use nvm_list::{Head, List, Node, NodeRef, OpLog};
use nvm_ptr::{Root, begin_write_first, write_first};
use nvm_tx::UndoLog;

use measure::measure;
use nvm::BenchNvm;

type Log = UndoLog<BenchNvm>;

const LOG: Area = Area::new(0, 256);
const HEAP: Area = Area::new(256, Heap::area_bytes(256));
const LIST: Area = Area::new(640, 256);
const WORDS: RawOffset = 896;

const _: () = assert!(HEAP.offset() + HEAP.len() <= LIST.offset());

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
        5 => pointer_write_first(nvm),
        6 => pointer_write_first_with_mark(nvm),
        7 => allocate_and_free(nvm),
        8 => push_and_pop(nvm),
        _ => Err(Failed::Unexpected),
    }
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

/// The handle of an object, placed where nothing else is.
fn root() -> Root<u32> {
    let mut layout = Layout::new("bench", 1);
    layout.area("everything else", WORDS);
    Root::place(&mut layout, "word")
}

fn pointer_write_first(nvm: BenchNvm) -> Result<(), Failed> {
    let mut root = root();
    transactions(nvm, |log, i| {
        Ok(write_first(log, 0, &mut root, |tx, root| {
            root.write(tx, i).map(drop)
        })?)
    })
}

fn pointer_write_first_with_mark(nvm: BenchNvm) -> Result<(), Failed> {
    let mut root = root();
    transactions(nvm, |log, i| {
        let mut handles = &mut root;
        let opened = begin_write_first(log, 0, &mut handles)?;
        let (tx, result) = opened.run(|tx, root| root.write(tx, i).map(drop));
        result?;
        Ok(tx.commit_with(1)?)
    })
}

fn allocate_and_free(nvm: BenchNvm) -> Result<(), Failed> {
    Heap::format(&nvm, HEAP)?;
    let heap = Heap::open(&nvm, HEAP)?;
    transactions(nvm, |log, _| {
        let mut tx = log.begin()?;
        let block = heap.allocate(&mut tx, 16)?;
        heap.free(&mut tx, block)?;
        Ok(tx.commit()?)
    })
}

fn push_and_pop(nvm: BenchNvm) -> Result<(), Failed> {
    let log = OpLog::format(&nvm, LIST, Class::Kernel)?;
    let list = List::format(&nvm, Class::Kernel, Offset::<Head>::new(WORDS), 0)?;
    let node = NodeRef::format(&nvm, Class::Kernel, Offset::<Node>::new(WORDS + 32), 0)?;
    measure(|repetitions| {
        for _ in 0..repetitions {
            log.push_back(&nvm, list, node)?;
            log.pop_front(&nvm, list)?;
        }
        Ok(())
    })
}
