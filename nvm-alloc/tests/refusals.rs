//! What an allocator refuses: precise errors, after which nothing has changed.
#![allow(clippy::unwrap_used)] // a test's helpers may panic

use nvm_alloc::{AllocError, Block, Heap};
use nvm_core::sim::SimNvm;
use nvm_core::{Area, Class, Nvm, Offset};
use nvm_tx::{FaultKind, UndoLog};
use proptest::prelude::*;

const LOG: Area = Area::new(0, 140);
const HEAP: Area = Area::new(140, Heap::area_bytes(1024));
const SIZE: u32 = HEAP.offset() + HEAP.len() + 16;

fn formatted() -> (SimNvm<4>, Heap) {
    let nvm = SimNvm::new(SIZE);
    nvm.set_image(&[0xA5; SIZE as usize]);
    UndoLog::format(&&nvm, LOG).unwrap();
    Heap::format(&nvm, HEAP).unwrap();
    let heap = Heap::open(&nvm, HEAP).unwrap();
    (nvm, heap)
}

fn blocks(nvm: &SimNvm<4>, heap: Heap) -> Vec<Block> {
    heap.blocks(nvm).unwrap().map(Result::unwrap).collect()
}

#[test]
fn an_offset_where_no_block_begins_is_refused() {
    let (nvm, heap) = formatted();
    let mut log = UndoLog::open(&nvm, LOG).unwrap();
    let [first, second, third] = log
        .transaction(|tx| {
            Ok::<_, AllocError>([
                heap.allocate(tx, 40)?,
                heap.allocate(tx, 8)?,
                heap.allocate(tx, 300)?,
            ])
        })
        .unwrap();
    assert_eq!(heap.size_of_block(&nvm, third), Ok(304));
    log.transaction(|tx| heap.free(tx, second)).unwrap();
    let before = blocks(&nvm, heap);
    for offset in (0..SIZE + 20).chain([u32::MAX]) {
        if [first, third].contains(&offset) {
            continue;
        }
        let error = log.transaction(|tx| heap.free(tx, offset)).unwrap_err();
        let start = first;
        let end = start + heap.capacity();
        let inside = |block: u32, len| (block..block + len).contains(&offset);
        let expected = if !inside(start, heap.capacity()) {
            AllocError::Foreign { offset, start, end }
        } else if (offset - start) % 8 != 0 {
            AllocError::Misaligned { offset }
        } else if inside(first, 40) {
            AllocError::Interior {
                offset,
                block: first,
            }
        } else if inside(third, 304) {
            AllocError::Interior {
                offset,
                block: third,
            }
        } else {
            AllocError::NotAllocated { offset }
        };
        assert_eq!(error, expected);
        assert_eq!(heap.size_of_block(&nvm, offset), Err(expected));
        assert!(!error.to_string().is_empty());
    }
    assert_eq!(blocks(&nvm, heap), before);
    // A refusal is no reason to roll back.
    log.transaction(|tx| {
        assert!(heap.free(tx, first + 8).is_err());
        heap.free(tx, first)?;
        assert_eq!(
            heap.free(tx, first),
            Err(AllocError::AlreadyFreed { offset: first })
        );
        Ok::<_, AllocError>(())
    })
    .unwrap();
    assert_eq!(blocks(&nvm, heap).len(), 1);
}

#[test]
fn a_full_heap_refuses_and_can_be_freed() {
    let (nvm, heap) = formatted();
    let mut log = UndoLog::open(&nvm, LOG).unwrap();
    let too_large = log.transaction(|tx| heap.allocate(tx, 1025)).unwrap_err();
    assert_eq!(
        too_large,
        AllocError::OutOfMemory {
            needed: 1025,
            largest: 1024
        }
    );
    let too_large = log
        .transaction(|tx| heap.allocate(tx, u32::MAX))
        .unwrap_err();
    assert_eq!(
        too_large,
        AllocError::OutOfMemory {
            needed: u32::MAX,
            largest: 1024
        }
    );
    // Blocks of no bytes have offsets of their own.
    let mut all = Vec::new();
    while let Ok(block) = log.transaction(|tx| heap.allocate(tx, 0)) {
        all.push(block);
    }
    assert_eq!(all.len(), 128);
    let full = log.transaction(|tx| heap.allocate(tx, 1)).unwrap_err();
    assert_eq!(
        full,
        AllocError::OutOfMemory {
            needed: 1,
            largest: 0
        }
    );
    // A transaction that frees more than its log holds rolls back, and frees nothing; others can.
    let error = log
        .transaction(|tx| all.iter().try_for_each(|block| heap.free(tx, *block)))
        .unwrap_err();
    assert!(
        matches!(error.fault(), Some(FaultKind::LogFull { .. })),
        "{error}"
    );
    assert_eq!(heap.statistics(&nvm).unwrap().blocks, 128);
    for block in &all {
        log.transaction(|tx| heap.free(tx, *block)).unwrap();
    }
    let empty = heap.statistics(&nvm).unwrap();
    assert_eq!((empty.blocks, empty.largest_free), (0, 1024));
    let whole = log.transaction(|tx| heap.allocate(tx, 1024)).unwrap();
    log.transaction(|tx| heap.free(tx, whole)).unwrap();
}

#[test]
fn a_full_log_leaves_no_half_of_a_block() {
    let (nvm, heap) = formatted();
    let mut log = UndoLog::open(&nvm, LOG).unwrap();
    let mut tx = log.begin().unwrap();
    while heap.allocate(&mut tx, 40).is_ok() {
        assert!(heap.statistics(tx.nvm()).is_ok());
    }
    assert!(
        heap.statistics(tx.nvm()).is_ok(),
        "others may look at it before the roll back"
    );
    tx.roll_back().unwrap();
    assert_eq!(heap.statistics(&nvm).unwrap().blocks, 0);
}

#[test]
fn another_area_is_not_a_heap() {
    let (nvm, _) = formatted();
    let area = |offset, len| Heap::open(&nvm, Area::new(offset, len)).unwrap_err();
    assert_eq!(area(144, HEAP.len()), AllocError::NotAHeap { offset: 144 });
    assert_eq!(
        area(140, HEAP.len() - 8),
        AllocError::NotAHeap { offset: 140 }
    );
    let needed = Heap::area_bytes(1);
    assert_eq!(
        area(140, needed - 1),
        AllocError::AreaTooSmall {
            needed,
            actual: needed - 1
        }
    );
    assert!(matches!(area(SIZE, HEAP.len()), AllocError::Transaction(_)));
    assert!(Heap::format(&nvm, Area::new(SIZE, HEAP.len())).is_err());
}

#[test]
fn an_empty_slot_frees_nothing() {
    let (nvm, heap) = formatted();
    let slot: Offset<Offset<u32>> = Offset::new(SIZE - 8);
    nvm.store(Class::Data, slot, &Offset::new(0)).unwrap();
    heap.free_from(&nvm, slot).unwrap();
    let block = heap.allocate_into(&nvm, slot, 5).unwrap();
    assert_eq!(nvm.load(block), Ok(5));
    heap.free_from(&nvm, slot).unwrap();
    assert_eq!(nvm.load(slot), Ok(Offset::new(0)));
    assert_eq!(heap.statistics(&nvm).unwrap().blocks, 0);
    // An offset outside of the region: nothing is allocated for good.
    assert!(heap.allocate_into(&nvm, Offset::new(SIZE), 5).is_err());
    assert_eq!(heap.statistics(&nvm).unwrap().blocks, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// Whatever the heap's area holds, everything comes to an answer in bounded time.
    #[test]
    fn a_damaged_bitmap_is_answered(
        damage in prop::collection::vec((0..HEAP.len(), any::<u8>()), 1..40),
        random in any::<bool>(),
        requests in prop::collection::vec((0..1100u32, 0..SIZE), 8),
    ) {
        let (nvm, heap) = formatted();
        let mut log = UndoLog::open(&nvm, LOG).unwrap();
        for (bytes, _) in &requests {
            let _ = log.transaction(|tx| heap.allocate(tx, bytes % 64));
        }
        for (at, byte) in damage {
            // Most of it in the bitmap.
            let at = if random { at } else { 56 + at % 32 };
            nvm.write_u8(Class::Allocator, HEAP.offset() + at, byte).unwrap();
        }
        let before = nvm.counters().reads;
        let _ = Heap::open(&nvm, HEAP);
        let _ = heap.statistics(&nvm);
        let count = heap.blocks(&nvm).map_or(0, Iterator::count);
        prop_assert!(count <= 129);
        for (bytes, offset) in requests {
            let _ = log.transaction(|tx| heap.allocate(tx, bytes));
            let _ = log.transaction(|tx| heap.free(tx, offset));
            let _ = heap.size_of_block(&nvm, offset);
            let _ = heap.free_from(&nvm, Offset::<Offset<u32>>::new(offset));
        }
        prop_assert!(nvm.counters().reads - before < 4000);
    }
}
