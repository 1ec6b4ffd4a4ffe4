//! Vectors: each operation, committed and aborted, is whole or not at all.

use std::format;
use std::vec::Vec;

use nvm_alloc::{Heap, Statistics};
use nvm_core::for_each_atom;
use nvm_core::sim::{Explorer, Report, SimNvm};
use nvm_tx::Tx;

use super::Memory;
use crate::broken::{self, Variant};
use crate::{Error, PVec};

/// A vector of three elements in four slots, at first.
struct Vector {
    memory: Memory,
    vector: PVec<u32>,
}

impl Vector {
    fn new() -> Self {
        let mut memory = Memory::new(256, 192);
        let vector = PVec::place(&mut memory.layout, "vector");
        Self { memory, vector }
    }

    fn format<const ATOM: usize>(&self, nvm: &SimNvm<ATOM>) {
        self.memory.format(nvm);
        self.vector.format(nvm).unwrap();
        let (mut log, heap) = self.memory.open(nvm);
        log.transaction(|tx| {
            self.vector
                .extend_from_slice(tx, heap, &[0x1111_1111, 0x2222_2222, 0x3333_3333])
        })
        .unwrap();
    }

    fn see<const ATOM: usize>(&self, nvm: &SimNvm<ATOM>) -> (Vec<u32>, usize, Statistics) {
        let (mut log, _) = self.memory.open(nvm);
        let (elements, capacity) = log
            .transaction(|tx| {
                let elements = self.vector.iter(tx)?.collect::<Result<Vec<_>, _>>()?;
                Ok::<_, Error>((elements, self.vector.capacity(tx)?))
            })
            .unwrap();
        (elements, capacity, self.memory.statistics(nvm))
    }
}

type Operation<const ATOM: usize> =
    fn(&PVec<u32>, &mut Tx<'_, &SimNvm<ATOM>>, Heap) -> Result<(), Error>;

fn explore<const ATOM: usize>(name: &str, aborts: bool, operation: Operation<ATOM>) -> Report {
    let vector = Vector::new();
    let name = format!("vector: {name}{}", if aborts { ", aborted" } else { "" });
    let expected = {
        let nvm = SimNvm::<ATOM>::new(vector.memory.size());
        vector.format(&nvm);
        vector.see(&nvm)
    };
    Explorer::<ATOM>::new(name, vector.memory.size())
        .depth(2)
        .explore_atomic(
            |nvm| vector.format(nvm),
            |nvm| {
                let (mut log, heap) = vector.memory.open(nvm);
                let result = log.transaction(|tx| {
                    operation(&vector.vector, tx, heap)?;
                    if aborts {
                        Err(Error::Damaged { offset: 0 })
                    } else {
                        Ok(())
                    }
                });
                assert_eq!(result.is_err(), aborts, "{result:?}");
                if aborts && broken::none() {
                    assert_eq!(vector.see(nvm), expected);
                }
            },
            |nvm| {
                let _ = vector.memory.open(nvm);
            },
            |nvm| vector.see(nvm),
        )
}

macro_rules! operations {
    ($($name:ident = |$vector:ident, $tx:ident, $heap:ident| $body:expr;)+) => {
        $(
            fn $name<const ATOM: usize>(
                $vector: &PVec<u32>,
                $tx: &mut Tx<'_, &SimNvm<ATOM>>,
                $heap: Heap,
            ) -> Result<(), Error> {
                let _ = &$heap;
                $body
            }
        )+

        fn all<const ATOM: usize>() -> Vec<(&'static str, Operation<ATOM>)> {
            Vec::from([$((stringify!($name), $name as Operation<ATOM>)),+])
        }
    };
}

operations! {
    push = |vector, tx, heap| vector.push(tx, heap, 4);
    push_twice = |vector, tx, heap| {
        vector.push(tx, heap, 4)?;
        vector.push(tx, heap, 5)
    };
    grow_twice = |vector, tx, heap| {
        vector.extend_from_slice(tx, heap, &[4, 5, 6])?;
        vector.set(tx, 0, 9)?;
        vector.extend_from_slice(tx, heap, &[7; 6])
    };
    pop = |vector, tx, heap| vector.pop(tx).map(|_| ());
    pop_then_push = |vector, tx, heap| {
        assert_eq!(vector.pop(tx)?, Some(0x3333_3333));
        vector.push(tx, heap, 4)
    };
    push_pop_pop_push_push = |vector, tx, heap| {
        vector.push(tx, heap, 4)?;
        vector.pop(tx)?;
        vector.pop(tx)?;
        vector.push(tx, heap, 5)?;
        vector.push(tx, heap, 6)
    };
    clear_then_extend = |vector, tx, heap| {
        vector.clear(tx)?;
        vector.extend_from_slice(tx, heap, &[4, 5, 6, 7])
    };
    set_then_pop_then_push = |vector, tx, heap| {
        vector.set(tx, 2, 8)?;
        vector.pop(tx)?;
        vector.push(tx, heap, 9)?;
        vector.update(tx, 2, |value| value + 1)
    };
    set_one = |vector, tx, heap| vector.set(tx, 1, 8);
    truncate = |vector, tx, heap| vector.truncate(tx, 1);
    reserve = |vector, tx, heap| vector.reserve(tx, heap, 5);
    pop_then_grow = |vector, tx, heap| {
        vector.pop(tx)?;
        vector.extend_from_slice(tx, heap, &[4, 5, 6])?;
        vector.pop(tx)?;
        vector.push(tx, heap, 7)
    };
    release = |vector, tx, heap| vector.release(tx, heap);
    release_then_push = |vector, tx, heap| {
        vector.release(tx, heap)?;
        vector.push(tx, heap, 1)
    };
    another = |vector, tx, heap| {
        // The account of what needs no logging is full: more is logged, nothing goes wrong.
        let others: [PVec<u32>; 3] = [PVec::new(tx, heap)?, PVec::new(tx, heap)?, PVec::new(tx, heap)?];
        for other in &others {
            other.push(tx, heap, 1)?;
        }
        for index in [0, 2] {
            vector.set(tx, index, 5)?;
        }
        for other in others {
            other.free(tx, heap)?;
        }
        vector.pop(tx)?;
        vector.push(tx, heap, 6)?;
        vector.push(tx, heap, 7)
    };
}

#[test]
fn every_operation_is_all_or_nothing() {
    for_each_atom!(ATOM => {
        for (name, operation) in all::<ATOM>() {
            explore::<ATOM>(name, false, operation).assert_clean();
            explore::<ATOM>(name, true, operation).assert_clean();
        }
    });
}

#[test]
fn a_popped_slot_that_is_not_logged_is_caught() {
    // One atom is enough for a torn element; with whole elements it takes two that must change together.
    broken::with(Variant::ForgetsPopped, || {
        explore::<1>("pop_then_push", false, pop_then_push)
    })
    .assert_caught();
    broken::with(Variant::ForgetsPopped, || {
        explore::<4>("push_pop_pop_push_push", false, push_pop_pop_push_push)
    })
    .assert_caught();
    let aborted = || {
        let vector = Vector::new();
        let nvm = SimNvm::<4>::new(vector.memory.size());
        vector.format(&nvm);
        let (mut log, heap) = vector.memory.open(&nvm);
        let result = log.transaction(|tx| {
            pop_then_push(&vector.vector, tx, heap)?;
            Err::<(), _>(Error::Damaged { offset: 0 })
        });
        assert!(result.is_err());
        vector.see(&nvm).0
    };
    assert_eq!(aborted(), [0x1111_1111, 0x2222_2222, 0x3333_3333]);
    let broken = broken::with(Variant::ForgetsPopped, aborted);
    assert_eq!(broken, [0x1111_1111, 0x2222_2222, 4]);
}

#[test]
fn an_element_that_growth_leaves_behind_is_noticed() {
    let grown = |variant: Option<Variant>| {
        let vector = Vector::new();
        let nvm = SimNvm::<4>::new(vector.memory.size());
        vector.format(&nvm);
        let (mut log, heap) = vector.memory.open(&nvm);
        let mut run = || {
            log.transaction(|tx| vector.vector.reserve(tx, heap, 4))
                .unwrap();
        };
        match variant {
            Some(variant) => broken::with(variant, run),
            None => run(),
        }
        vector.see(&nvm).0
    };
    assert_eq!(grown(None), [0x1111_1111, 0x2222_2222, 0x3333_3333]);
    assert_ne!(grown(Some(Variant::CopiesTooFew)), grown(None));
}
