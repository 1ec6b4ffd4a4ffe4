//! Long random runs against a plain model, with power losses: nothing leaks, nothing is used twice, and
//! the heap does not fragment to failure.
#![allow(clippy::unwrap_used)] // a test's helpers may panic

use std::collections::BTreeMap;

use nvm_alloc::{AllocError, Heap};
use nvm_core::sim::{SimNvm, until_power_loss};
use nvm_core::{Area, Class, Nvm, Offset, for_each_atom};
use nvm_tx::{Tx, UndoLog};

const LOG: Area = Area::new(0, 400);
const SLOTS: u32 = 400;
const SLOT_COUNT: u32 = 64;
const HEAP: Area = Area::new(SLOTS + 4 * SLOT_COUNT, Heap::area_bytes(2560));
const SIZE: u32 = HEAP.offset() + HEAP.len();

/// xorshift: the same run for a seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32 % limit
    }
}

const fn slot(index: u32) -> Offset<u32> {
    Offset::new(SLOTS + 4 * index)
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Allocate { slot: u32, bytes: u32, fill: u8 },
    Free { slot: u32 },
}

/// What slots hold: bytes and fill of their blocks.
type Model = BTreeMap<u32, (u32, u8)>;

/// A few steps that the model allows.
fn steps(random: &mut Random, model: &Model) -> (Vec<Step>, Model) {
    let mut model = model.clone();
    let steps = (0..=random.below(4))
        .map(|_| {
            let slot = random.below(SLOT_COUNT);
            if model.remove(&slot).is_some() {
                return Step::Free { slot };
            }
            let bytes = if random.below(8) == 0 {
                random.below(200)
            } else {
                random.below(48)
            };
            let fill = random.below(256) as u8;
            model.insert(slot, (bytes, fill));
            Step::Allocate { slot, bytes, fill }
        })
        .collect();
    (steps, model)
}

fn run<N: Nvm>(heap: Heap, tx: &mut Tx<'_, N>, steps: &[Step]) -> Result<(), AllocError> {
    for step in steps {
        match *step {
            Step::Allocate {
                slot: index,
                bytes,
                fill,
            } => {
                let block = heap.allocate(tx, bytes)?;
                tx.write(block, &[fill; 200][..bytes as usize])?;
                tx.set(slot(index), block)?;
            }
            Step::Free { slot: index } => {
                let block = tx.get(slot(index))?;
                heap.free(tx, block)?;
                tx.set(slot(index), 0)?;
            }
        }
    }
    Ok(())
}

/// Whether the slots hold what the model says. The heap's blocks are those of the slots in any case.
fn holds<N: Nvm>(nvm: &N, heap: Heap, model: &Model) -> bool {
    let (mut reached, mut same) = (Vec::new(), true);
    for index in 0..SLOT_COUNT {
        let block = nvm.load(slot(index)).unwrap();
        if block != 0 {
            reached.push(block);
        }
        same &= match model.get(&index) {
            None => block == 0,
            Some(_) if block == 0 => false,
            Some(&(bytes, fill)) => {
                let mut contents = vec![0; bytes as usize];
                nvm.read(block, &mut contents).unwrap();
                let size = heap.size_of_block(nvm, block);
                size == Ok(bytes.div_ceil(8).max(1) * 8)
                    && contents.iter().all(|byte| *byte == fill)
            }
        };
    }
    reached.sort_unstable();
    let blocks: Vec<_> = heap
        .blocks(nvm)
        .unwrap()
        .map(|block| block.unwrap().offset)
        .collect();
    assert_eq!(reached, blocks, "a block leaked or is used twice");
    same
}

fn long_run<const ATOM: usize>(seed: u64, transactions: u32) {
    let mut random = Random(seed);
    let nvm = SimNvm::<ATOM>::new(SIZE);
    nvm.set_image(&vec![0xA5; SIZE as usize]);
    UndoLog::format(&&nvm, LOG).unwrap();
    Heap::format(&nvm, HEAP).unwrap();
    for index in 0..SLOT_COUNT {
        nvm.store(Class::Data, slot(index), &0).unwrap();
    }
    let heap = Heap::open(&nvm, HEAP).unwrap();
    let mut model = Model::new();
    let (mut committed, mut lost, mut refused) = (0, 0, 0);
    for _ in 0..transactions {
        let (steps, after) = steps(&mut random, &model);
        let mut log = UndoLog::open(&nvm, LOG).unwrap();
        let aborts = random.below(10) == 0;
        if random.below(2) == 0 {
            nvm.cut_after(u64::from(random.below(60)));
        }
        let ended = until_power_loss(|| {
            log.transaction(|tx| {
                run(heap, tx, &steps)?;
                if aborts {
                    Err(AllocError::Misaligned { offset: 0 })
                } else {
                    Ok(())
                }
            })
        });
        while !nvm.is_powered() {
            nvm.power_on();
            nvm.cut_never();
            if random.below(2) == 0 {
                nvm.cut_after(u64::from(random.below(12)));
            }
            let _ = until_power_loss(|| UndoLog::open(&nvm, LOG).unwrap().sequence());
        }
        nvm.cut_never();
        let is_before = holds(&nvm, heap, &model);
        let is_after = holds(&nvm, heap, &after);
        match ended {
            Ok(Ok(())) => {
                assert!(is_after);
                committed += 1;
            }
            Ok(Err(AllocError::OutOfMemory { .. })) => {
                assert!(is_before);
                refused += 1;
            }
            Ok(Err(error)) => assert!(is_before && aborts, "{error}"),
            Err(_) => {
                assert!(is_before || (is_after && !aborts));
                lost += 1;
            }
        }
        if is_after {
            model = after;
        }
    }
    println!(
        "ATOM {ATOM}, seed {seed}: {committed} committed, {lost} cut, {refused} out of memory"
    );
    // Two thirds of the heap are in use on average: it must not fragment to failure.
    assert!(
        refused * 100 <= transactions,
        "{refused} of {transactions} found no room"
    );
    assert!(lost > transactions / 10);
}

#[test]
fn nothing_leaks_in_the_long_run() {
    for_each_atom!(ATOM => {
        for seed in 1..5 {
            long_run::<ATOM>(0x9E37_79B9_7F4A_7C15 / seed, 6000);
        }
    });
}
