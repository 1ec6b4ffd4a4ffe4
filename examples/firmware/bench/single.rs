//! Operations of single crates, without the kernel.

use core::arch::asm;
use core::fmt;

use intos::cortex_m::Region;
use intos::crates::nvm_alloc::{AllocError, Heap};
use intos::crates::nvm_core::{Area, Class, Layout, Nvm, Offset, field};
use intos::crates::nvm_list::{Head, List, ListError, Node, NodeRef, OpLog};
use intos::crates::nvm_ptr::{self, Root, begin_write_first, write_first};
use intos::crates::nvm_tx::{Fault, UndoLog};
use intos::crates::replay;
use intos::{ThreadLayout, nv_for_loop};

use intos_firmware::fail;

use crate::measure::{Windows, measure, or_fail};
use intos_firmware::bench::board::BenchNvm;

type Log = UndoLog<BenchNvm>;
type Thread = replay::Thread<BenchNvm>;

const LOG: Area = Area::new(0, 512);
const THREAD: Area = Area::new(512, ThreadLayout::DEFAULT.bytes());
const HEAP: Area = Area::new(1024, Heap::area_bytes(512));
const LIST: Area = Area::new(2048, 256);
const WORDS: u32 = 3072;

intos::persist! {
    struct Large { before: [u32; 7], field: u32, after: [u32; 8] }
}

const fn word(index: u32) -> Offset<u32> {
    Offset::new(WORDS + 4 * index)
}

/// Makes the compiler believe that a value is used, by no instruction.
fn keep(value: u32) {
    // SAFETY: no instruction.
    unsafe { asm!("/* {} */", in(reg) value, options(nomem, nostack, preserves_flags)) }
}

/// Measures the operation of that name, if there is one.
pub(crate) fn run(name: &str) {
    let measured: fn(BenchNvm) -> Result<(), Failed> = match name {
        "plain-loop" => plain_loop,
        "core-store" => core_store,
        "core-load" => core_load,
        "tx-empty" => tx_empty,
        "tx-word" => tx_word,
        "tx-field" => tx_field,
        "tx-three" => tx_three,
        "ptr-write-first" => ptr_write_first,
        "ptr-write-first-mark" => ptr_write_first_with_mark,
        "alloc-free" => alloc_free,
        "list-push-pop" => list_push_pop,
        "replay-loop" => |nvm| replay_steps(nvm, |_, _| Ok(())),
        "replay-empty" => |nvm| replay_steps(nvm, |thread, _| thread.transaction(|_| Ok(()))),
        "replay-word" => |nvm| {
            replay_steps(nvm, |thread, i| {
                thread.transaction(|tx| Ok(tx.set(word(0), i)?))
            })
        },
        "replay-result" => {
            |nvm| replay_steps(nvm, |thread, i| thread.transaction(|_| Ok(i)).map(drop))
        }
        "replay-sample" => |nvm| replay_steps(nvm, |thread, i| thread.sample(|| i).map(drop)),
        "replay-write-first" => |nvm| {
            replay_steps(nvm, |thread, i| {
                thread.transaction_write_first(0, |tx| Ok(tx.set_unlogged(word(0), i)?))
            })
        },
        _ => return,
    };
    match BenchNvm::open() {
        Ok(nvm) => or_fail(measured(nvm)),
        Err(failure) => fail(format_args!("{failure}")),
    }
}

fn plain_loop(_: BenchNvm) -> Result<(), Failed> {
    measure(Windows::Around, |repetitions| {
        for i in 0..repetitions {
            keep(i);
        }
        Ok(())
    })
}

/// Through the door, and nothing else.
fn core_store(nvm: BenchNvm) -> Result<(), Failed> {
    measure(Windows::Around, |repetitions| {
        for i in 0..repetitions {
            keep(i);
            nvm.store(Class::Data, word(0), &i)?;
        }
        Ok(())
    })
}

fn core_load(nvm: BenchNvm) -> Result<(), Failed> {
    measure(Windows::Around, |repetitions| {
        for i in 0..repetitions {
            keep(i);
            keep(nvm.load(word(0))?);
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
    measure(Windows::Around, |repetitions| {
        for i in 0..repetitions {
            step(&mut log, i)?;
        }
        Ok(())
    })
}

/// Commits with a mark, as a replay table does: a transaction that has written nothing would store nothing otherwise.
fn tx_empty(nvm: BenchNvm) -> Result<(), Failed> {
    transactions(nvm, |log, _| Ok(log.begin()?.commit_with(1)?))
}

fn tx_word(nvm: BenchNvm) -> Result<(), Failed> {
    transactions(nvm, |log, i| {
        let mut tx = log.begin()?;
        tx.set(word(0), i)?;
        Ok(tx.commit()?)
    })
}

fn tx_field(nvm: BenchNvm) -> Result<(), Failed> {
    let large: Offset<Large> = Offset::new(WORDS);
    transactions(nvm, |log, i| {
        let mut tx = log.begin()?;
        tx.set(field!(large, Large.field), i)?;
        Ok(tx.commit()?)
    })
}

fn tx_three(nvm: BenchNvm) -> Result<(), Failed> {
    transactions(nvm, |log, i| {
        let mut tx = log.begin()?;
        tx.set(word(0), i)?;
        tx.set(word(5), i)?;
        tx.set(word(9), i)?;
        Ok(tx.commit()?)
    })
}

/// The handle of an object, placed where nothing else is.
fn root() -> Root<u32> {
    let mut layout = Layout::new("bench", 1);
    layout.area("everything else", WORDS);
    Root::place(&mut layout, "word")
}

fn ptr_write_first(nvm: BenchNvm) -> Result<(), Failed> {
    let mut root = root();
    transactions(nvm, |log, i| {
        Ok(write_first(log, 0, &mut root, |tx, root| {
            root.write(tx, i).map(drop)
        })?)
    })
}

fn ptr_write_first_with_mark(nvm: BenchNvm) -> Result<(), Failed> {
    let mut root = root();
    transactions(nvm, |log, i| {
        let mut handles = &mut root;
        let opened = begin_write_first(log, 0, &mut handles)?;
        let (tx, result) = opened.run(|tx, root| root.write(tx, i).map(drop));
        result?;
        Ok(tx.commit_with(1)?)
    })
}

fn alloc_free(nvm: BenchNvm) -> Result<(), Failed> {
    Heap::format(&nvm, HEAP)?;
    let heap = Heap::open(&nvm, HEAP)?;
    transactions(nvm, |log, _| {
        let mut tx = log.begin()?;
        let block = heap.allocate(&mut tx, 16)?;
        heap.free(&mut tx, block)?;
        Ok(tx.commit()?)
    })
}

fn list_push_pop(nvm: BenchNvm) -> Result<(), Failed> {
    let log = OpLog::format(&nvm, LIST, Class::Kernel)?;
    let list = List::format(&nvm, Class::Kernel, Offset::<Head>::new(WORDS), 0)?;
    let node = NodeRef::format(&nvm, Class::Kernel, Offset::<Node>::new(WORDS + 32), 0)?;
    measure(Windows::Around, |repetitions| {
        for _ in 0..repetitions {
            log.push_back(&nvm, list, node)?;
            log.pop_front(&nvm, list)?;
        }
        Ok(())
    })
}

/// A step in a persistent loop of a thread without a kernel.
fn replay_steps(
    nvm: BenchNvm,
    step: impl Fn(&mut Thread, u32) -> Result<(), replay::Error>,
) -> Result<(), Failed> {
    let areas = replay::ThreadAreas::split(THREAD, &ThreadLayout::DEFAULT);
    Thread::format(nvm, &areas)?;
    let mut thread = Thread::start(nvm, &areas)?;
    measure(Windows::Around, |repetitions| {
        let thread = &mut thread;
        nv_for_loop!(thread, i in 0..repetitions => { step(thread, i)?; });
        Ok(())
    })
}

/// Any of the crates' errors.
enum Failed {
    Door(intos::crates::nvm_core::Error),
    Transaction(Fault),
    Pointer(nvm_ptr::Error),
    Allocator(AllocError),
    List(ListError),
    Replay(replay::Error),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Door(error) => error.fmt(f),
            Self::Transaction(error) => error.fmt(f),
            Self::Pointer(error) => error.fmt(f),
            Self::Allocator(error) => error.fmt(f),
            Self::List(error) => error.fmt(f),
            Self::Replay(error) => error.fmt(f),
        }
    }
}

macro_rules! from {
    ($($error:ty => $variant:ident),+) => {
        $(impl From<$error> for Failed {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })+
    };
}

from!(
    intos::crates::nvm_core::Error => Door, Fault => Transaction, nvm_ptr::Error => Pointer, AllocError => Allocator, ListError => List,
    replay::Error => Replay
);
