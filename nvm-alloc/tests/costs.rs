//! What allocating and freeing cost in bytes of NVM: `cargo test -p nvm-alloc --test costs -- --nocapture`.
#![allow(clippy::unwrap_used)] // a test's helpers may panic

use nvm_alloc::{AllocError, HEAP_HEADER_BYTES, Heap};
use nvm_core::sim::SimNvm;
use nvm_core::{Area, Class, Nvm, Offset, for_each_atom};
use nvm_tx::{Tx, UndoLog};

const LOG: Area = Area::new(0, 512);
const SLOTS: Area = Area::new(512, 64);
const HEAP: Area = Area::new(576, Heap::area_bytes(2048));

fn formatted<const ATOM: usize>() -> (SimNvm<ATOM>, Heap) {
    let nvm = SimNvm::<ATOM>::new(HEAP.offset() + HEAP.len());
    UndoLog::format(&&nvm, LOG).unwrap();
    Heap::format(&nvm, HEAP).unwrap();
    let heap = Heap::open(&nvm, HEAP).unwrap();
    (nvm, heap)
}

type Body<const ATOM: usize> = fn(&mut Tx<'_, &SimNvm<ATOM>>, Heap) -> Result<(), AllocError>;

fn cost<const ATOM: usize>(name: &str, expected: u64, set_up: Body<ATOM>, body: Body<ATOM>) {
    let (nvm, heap) = formatted::<ATOM>();
    let mut log = UndoLog::open(&nvm, LOG).unwrap();
    log.transaction(|tx| set_up(tx, heap)).unwrap();
    let before = nvm.counters();
    log.transaction(|tx| body(tx, heap)).unwrap();
    let spent = nvm.counters() - before;
    println!(
        "ATOM {ATOM}: {name:<36} {:>3} bytes: log {}, bitmap {}, data {}; {} loads",
        spent.bytes_written(),
        spent.class(Class::UndoLog).bytes,
        spent.class(Class::Allocator).bytes,
        spent.class(Class::Data).bytes,
        spent.reads
    );
    assert_eq!(spent.bytes_written(), expected, "{name}");
}

fn first_block(heap: Heap, nvm: &impl Nvm) -> u32 {
    heap.blocks(nvm).unwrap().next().unwrap().unwrap().offset
}

#[test]
fn allocating_and_freeing_cost_what_the_readme_says() {
    for_each_atom!(ATOM => {
        // The commit's 4 bytes are included everywhere.
        cost::<ATOM>("allocate 16 bytes", 11, |_, _| Ok(()), |tx, heap| {
            heap.allocate(tx, 16).map(drop)
        });
        cost::<ATOM>("allocate 16 bytes, ends in two bytes", 18, |tx, heap| {
            heap.allocate(tx, 24).map(drop)
        }, |tx, heap| heap.allocate(tx, 16).map(drop));
        cost::<ATOM>("allocate 16 bytes and store them", 27, |_, _| Ok(()), |tx, heap| {
            heap.allocate_for(tx, [1u32; 4]).map(drop)
        });
        cost::<ATOM>("the same, ends in two bytes", 34, |tx, heap| {
            heap.allocate(tx, 24).map(drop)
        }, |tx, heap| heap.allocate_for(tx, [1u32; 4]).map(drop));
        cost::<ATOM>("allocate 1000 bytes", 18, |_, _| Ok(()), |tx, heap| {
            heap.allocate(tx, 1000).map(drop)
        });
        cost::<ATOM>("free 16 bytes", 13, |tx, heap| heap.allocate(tx, 16).map(drop), |tx, heap| {
            let block = first_block(heap, tx.nvm());
            heap.free(tx, block)
        });
        cost::<ATOM>("free 1000 bytes", 20, |tx, heap| heap.allocate(tx, 1000).map(drop), |tx, heap| {
            let block = first_block(heap, tx.nvm());
            heap.free(tx, block)
        });
    });
}

#[test]
fn allocating_and_freeing_alone_cost_what_the_readme_says() {
    let (nvm, heap) = formatted::<4>();
    let slot: Offset<Offset<[u32; 4]>> = Offset::new(SLOTS.offset());
    let before = nvm.counters();
    heap.allocate_into(&nvm, slot, [7; 4]).unwrap();
    let allocated = nvm.counters();
    heap.free_from(&nvm, slot).unwrap();
    let spent = [allocated - before, nvm.counters() - allocated].map(|it| it.bytes_written());
    println!(
        "allocate_into 16 bytes: {}, free_from: {}",
        spent[0], spent[1]
    );
    assert_eq!(spent, [7 + 16 + 12 + 4, 7 + 12 + 2 + 4]);
    // A block whose ends lie in two bytes of the bitmap: 7 more each.
    let (first, second) = (
        Offset::new(SLOTS.offset() + 4),
        Offset::new(SLOTS.offset() + 8),
    );
    heap.allocate_into(&nvm, first, [0u32; 6]).unwrap();
    let before = nvm.counters();
    heap.allocate_into(&nvm, second, [7u32; 4]).unwrap();
    let allocated = nvm.counters();
    heap.free_from(&nvm, second).unwrap();
    let spent = [allocated - before, nvm.counters() - allocated].map(|it| it.bytes_written());
    assert_eq!(spent, [46, 32]);
}

#[test]
fn the_bitmap_takes_three_percent() {
    for objects in [64u32, 1000, 10_000] {
        let bytes = 16 * objects;
        let more = Heap::area_bytes(bytes) - bytes - HEAP_HEADER_BYTES;
        let percent = f64::from(more) / f64::from(bytes) * 100.0;
        println!(
            "{objects} objects of 16 bytes: {more} bytes of bitmap, {percent:.2} %, header {HEAP_HEADER_BYTES}"
        );
        assert!(percent < 3.2);
    }
}
