//! Every cut of every store of the allocator, and the broken variants that these tests catch.

use std::format;
use std::println;
use std::string::String;
use std::vec::Vec;

use nvm_core::for_each_atom;
use nvm_core::sim::{Explorer, Report, SimNvm, until_power_loss};
use nvm_core::{Area, Class, Nvm, Offset};
use nvm_tx::{Tx, UndoLog};

use crate::broken::{self, Variant};
use crate::{AllocError, Block, Heap};

const LOG: Area = Area::new(0, 140);
const SLOTS: u32 = 140;
const SLOT_COUNT: u32 = 6;
const HEAP: Area = Area::new(SLOTS + 4 * SLOT_COUNT, Heap::area_bytes(144));
const SIZE: u32 = HEAP.offset() + HEAP.len();

type Sim<const ATOM: usize> = SimNvm<ATOM>;
/// Three words: blocks of two granules, every fourth of which lies in two bytes of the bitmap.
type Object = [u32; 3];

const fn slot(index: u32) -> Offset<Offset<Object>> {
    Offset::new(SLOTS + 4 * index)
}

fn heap<N: Nvm>(nvm: &N) -> Heap {
    Heap::open(nvm, HEAP).unwrap()
}

fn format<const ATOM: usize>(nvm: &Sim<ATOM>) {
    UndoLog::format(&nvm, LOG).unwrap();
    Heap::format(nvm, HEAP).unwrap();
    for index in 0..SLOT_COUNT {
        nvm.store(Class::Data, slot(index), &Offset::new(0))
            .unwrap();
    }
}

/// Allocates an object and stores its offset in a slot.
fn put<N: Nvm>(tx: &mut Tx<'_, N>, index: u32, value: u32) -> Result<(), AllocError> {
    let object = heap(tx.nvm()).allocate_for(tx, [value; 3])?;
    Ok(tx.set(slot(index), object)?)
}

/// Frees the object whose offset is in a slot.
fn take<N: Nvm>(tx: &mut Tx<'_, N>, index: u32) -> Result<(), AllocError> {
    let object = tx.get(slot(index))?;
    heap(tx.nvm()).free(tx, object.get())?;
    Ok(tx.set(slot(index), Offset::new(0))?)
}

/// What is in the slots' objects, and the heap's blocks.
type State = (Vec<Option<Object>>, Vec<Block>);

/// The state, where each block is that of just one slot: nothing leaked, nothing used twice.
fn state<const ATOM: usize>(nvm: &Sim<ATOM>) -> Result<State, String> {
    let blocks: Vec<Block> = heap(nvm)
        .blocks(nvm)
        .unwrap()
        .collect::<Result<_, _>>()
        .map_err(|error| format!("{error}"))?;
    let mut objects = Vec::new();
    let mut reached = Vec::new();
    for index in 0..SLOT_COUNT {
        let object = nvm.load(slot(index)).unwrap();
        objects.push((object.get() != 0).then(|| nvm.load(object).unwrap()));
        if object.get() != 0 {
            reached.push(object.get());
        }
    }
    reached.sort_unstable();
    let offsets: Vec<u32> = blocks.iter().map(|block| block.offset).collect();
    if reached != offsets {
        return Err(format!("blocks {offsets:x?}, slots hold {reached:x?}"));
    }
    Ok((objects, blocks))
}

/// All that is free can be allocated, once, and freed again.
fn heap_works<const ATOM: usize>(nvm: &Sim<ATOM>) -> Result<(), String> {
    let heap = heap(nvm);
    let before = heap.statistics(nvm).map_err(|error| format!("{error}"))?;
    let mut log = UndoLog::open(nvm, LOG).unwrap();
    let mut got = Vec::new();
    while let Ok(block) = log.transaction(|tx| heap.allocate(tx, 8)) {
        got.push(block);
    }
    let full = heap.statistics(nvm).map_err(|error| format!("{error}"))?;
    if full.free != 0 || got.len() as u32 * 8 != before.free {
        return Err(format!("{before:?}, then {full:?}"));
    }
    for block in got {
        log.transaction(|tx| heap.free(tx, block))
            .map_err(|error| format!("{error}"))?;
    }
    let after = heap.statistics(nvm).map_err(|error| format!("{error}"))?;
    if after == before {
        Ok(())
    } else {
        Err(format!("{before:?}, then {after:?}"))
    }
}

/// Two objects and a gap: what the operations start from.
fn set_up<const ATOM: usize>(nvm: &Sim<ATOM>) {
    format(nvm);
    let mut log = UndoLog::open(nvm, LOG).unwrap();
    log.transaction(|tx| {
        put(tx, 0, 10)?;
        put(tx, 1, 11)?;
        put(tx, 2, 12)
    })
    .unwrap();
    log.transaction(|tx| take(tx, 1)).unwrap();
}

fn recover<const ATOM: usize>(nvm: &Sim<ATOM>) {
    let _ = heap(nvm);
    let _ = UndoLog::open(nvm, LOG).unwrap();
}

fn explore<const ATOM: usize>(name: &str, depth: usize, operate: fn(&Sim<ATOM>)) -> Report {
    let before = SimNvm::<ATOM>::new(SIZE);
    set_up(&before);
    let before = state(&before).unwrap();
    let after = SimNvm::<ATOM>::new(SIZE);
    set_up(&after);
    operate(&after);
    let after = state(&after).ok();
    Explorer::<ATOM>::new(name, SIZE)
        .depth(depth)
        .explore(set_up, operate, recover, |nvm| {
            let found = state(nvm)?;
            if found != before && Some(&found) != after.as_ref() {
                return Err(format!("neither before nor after: {found:?}"));
            }
            heap_works(nvm)
        })
}

type Body<'a, const ATOM: usize> = fn(&mut Tx<'_, &'a Sim<ATOM>>) -> Result<(), AllocError>;

/// Runs a transaction as a program does that has just started.
fn run<'a, const ATOM: usize>(nvm: &'a Sim<ATOM>, body: Body<'a, ATOM>) {
    let _ = heap(nvm);
    let _ = UndoLog::open(nvm, LOG).unwrap().transaction(body);
}

const ABORT: Result<(), AllocError> = Err(AllocError::Misaligned { offset: 0 });

fn all_operations<const ATOM: usize>(depth: usize) {
    let report = |name, operate| explore::<ATOM>(name, depth, operate).assert_clean().cuts();
    let cuts = [
        report("allocate", |nvm| run(nvm, |tx| put(tx, 3, 13))),
        report("free", |nvm| run(nvm, |tx| take(tx, 0))),
        report("allocate, aborted", |nvm| {
            run(nvm, |tx| put(tx, 3, 13).and(ABORT));
        }),
        report("free, aborted", |nvm| run(nvm, |tx| take(tx, 0).and(ABORT))),
        report("free, then allocate", |nvm| {
            run(nvm, |tx| {
                take(tx, 0)?;
                put(tx, 0, 20)
            });
        }),
        report("free, then allocate, aborted", |nvm| {
            run(nvm, |tx| {
                take(tx, 0)?;
                put(tx, 0, 20)?;
                ABORT
            });
        }),
        report("allocate, then free the same", |nvm| {
            run(nvm, |tx| {
                put(tx, 3, 13)?;
                take(tx, 3)
            });
        }),
        report("allocate, then free the same, aborted", |nvm| {
            run(nvm, |tx| {
                put(tx, 3, 13)?;
                take(tx, 3)?;
                ABORT
            });
        }),
        report("several", |nvm| {
            run(nvm, |tx| {
                put(tx, 3, 13)?;
                put(tx, 4, 14)?;
                take(tx, 2)?;
                put(tx, 5, 15)
            });
        }),
        report("allocate_into", |nvm| {
            heap(nvm).allocate_into(nvm, slot(4), [40; 3]).unwrap();
        }),
        report("free_from", |nvm| {
            heap(nvm).free_from(nvm, slot(2)).unwrap();
        }),
    ];
    println!(
        "ATOM {ATOM}, depth {depth}: {} cuts in all",
        cuts.iter().sum::<u64>()
    );
}

#[test]
fn nothing_leaks_and_nothing_is_used_twice_whatever_is_cut() {
    for_each_atom!(ATOM => { all_operations::<ATOM>(2); });
}

#[test]
fn three_cuts_in_a_row_are_survived() {
    explore::<4>("free, three cuts", 3, |nvm| run(nvm, |tx| take(tx, 0))).assert_clean();
    explore::<1>("allocate, three cuts", 3, |nvm| {
        run(nvm, |tx| put(tx, 3, 13));
    })
    .assert_clean();
}

#[test]
fn broken_variants_are_caught() {
    let caught = |variant, operate| {
        let name = format!("{variant:?}");
        broken::with(variant, || explore::<4>(&name, 1, operate)).assert_caught();
    };
    caught(Variant::AllocatesUnlogged, |nvm| {
        run(nvm, |tx| put(tx, 3, 13));
    });
    // The object that the roll back brings back has lost its contents.
    caught(Variant::FreesAtOnce, |nvm| {
        run(nvm, |tx| {
            take(tx, 0)?;
            put(tx, 5, 50)
        });
    });
    caught(Variant::PublishesFirst, |nvm| {
        heap(nvm).allocate_into(nvm, slot(4), [40; 3]).unwrap();
    });
}

#[test]
fn a_second_free_in_one_transaction_changes_nothing() {
    let twice = || {
        let nvm = SimNvm::<4>::new(SIZE);
        set_up(&nvm);
        let block = nvm.load(slot(0)).unwrap().get();
        let mut log = UndoLog::open(&nvm, LOG).unwrap();
        log.transaction(|tx| {
            heap(&nvm).free(tx, block)?;
            heap(&nvm).free(tx, block)
        })
    };
    assert!(matches!(twice(), Err(AllocError::AlreadyFreed { .. })));
    assert_eq!(broken::with(Variant::ForgetsDeferred, twice), Ok(()));
}

/// What the first of two tasks does.
#[derive(Debug, Clone, Copy)]
enum First {
    Allocates,
    AllocatesAndAborts,
    Frees,
}

impl First {
    fn run<N: Nvm>(self, tx: &mut Tx<'_, N>) -> Result<(), AllocError> {
        match self {
            Self::Allocates => put(tx, 3, 13),
            Self::AllocatesAndAborts => put(tx, 3, 13).and(ABORT),
            Self::Frees => take(tx, 0),
        }
    }
}

/// Two tasks with a log each. The first is cut at each store of what it does; the second allocates
/// before or after the first one's log is recovered. Answers the number of cuts.
fn second_task_after_cut(first: First, recover_first: bool) -> Result<u64, String> {
    const OTHER_LOG: Area = Area::new(SIZE, 140);
    let mut cut = 0;
    loop {
        let nvm = SimNvm::<4>::new(SIZE + OTHER_LOG.len());
        set_up(&nvm);
        UndoLog::format(&&nvm, OTHER_LOG).unwrap();
        nvm.cut_after(cut);
        let ended = until_power_loss(|| {
            let mut log = UndoLog::open(&nvm, LOG).unwrap();
            let _ = log.transaction(|tx| first.run(tx));
        });
        nvm.cut_never();
        nvm.power_on();
        if recover_first {
            let _ = UndoLog::open(&nvm, LOG).unwrap();
        }
        UndoLog::open(&nvm, OTHER_LOG)
            .unwrap()
            .transaction(|tx| {
                put(tx, 4, 44)?;
                put(tx, 5, 55)
            })
            .map_err(|error| format!("cut {cut}: {error}"))?;
        let _ = UndoLog::open(&nvm, LOG).unwrap();
        let (objects, _) = state(&nvm).map_err(|error| format!("cut {cut}: {error}"))?;
        if objects[4..] != [Some([44; 3]), Some([55; 3])] {
            return Err(format!("cut {cut}: {objects:?}"));
        }
        if ended.is_ok() {
            return Ok(cut);
        }
        cut += 1;
    }
}

#[test]
fn the_log_that_ran_at_the_power_loss_is_recovered_before_others_allocate() {
    for first in [First::Allocates, First::AllocatesAndAborts, First::Frees] {
        assert!(second_task_after_cut(first, true).unwrap() > 5);
        assert!(
            second_task_after_cut(first, false).is_err(),
            "{first:?}: the rule is needed"
        );
    }
}

/// Prints what users ask for: the power lost after so many stores, and what is there then.
fn print_table(name: &str, body: Body<'static, 4>) {
    println!("{name}: power lost");
    let mut cut = 0;
    loop {
        let nvm: &'static Sim<4> = std::boxed::Box::leak(std::boxed::Box::new(SimNvm::new(SIZE)));
        set_up(nvm);
        nvm.start_trace();
        nvm.cut_after(cut);
        let ended = until_power_loss(|| run(nvm, body));
        nvm.cut_never();
        nvm.power_on();
        let last = nvm
            .take_trace()
            .last()
            .map_or(String::from("nothing"), |store| format!("{store}"));
        let reserved = heap(nvm).statistics(nvm).unwrap().blocks;
        recover(nvm);
        let recovered = heap(nvm).statistics(nvm).unwrap().blocks;
        println!("  after {last:<32} {reserved} blocks reserved, after recovery {recovered}");
        if ended.is_ok() {
            return;
        }
        cut += 1;
    }
}

#[test]
fn prints_what_each_cut_leaves() {
    print_table("allocate", |tx| put(tx, 3, 13));
    print_table("free", |tx| take(tx, 0));
}
