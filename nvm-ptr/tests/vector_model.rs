//! `PVec` against `Vec`: random transactions that commit, abort, or lose the power at a random store.
#![allow(clippy::unwrap_used)] // a test's helpers may panic

use nvm_alloc::{AllocError, Heap};
use nvm_core::sim::{SimNvm, until_power_loss};
use nvm_core::{Area, Layout};
use nvm_ptr::{Error, PArray, PVec};
use nvm_tx::{Tx, UndoLog};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Operation {
    Push(u16),
    Pop,
    Set(usize, u16),
    Truncate(usize),
    Extend(Vec<u16>),
    Reserve(usize),
    Release,
    /// Writes another object, so that the account of what needs no logging fills up.
    Touch(usize, u32),
}

#[derive(Debug, Clone, Copy)]
enum End {
    Commits,
    Aborts,
    LosesPower(u64),
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => any::<u16>().prop_map(Operation::Push),
        4 => Just(Operation::Pop),
        2 => (0..12_usize, any::<u16>()).prop_map(|(index, value)| Operation::Set(index, value)),
        1 => (0..12_usize).prop_map(Operation::Truncate),
        2 => prop::collection::vec(any::<u16>(), 0..6).prop_map(Operation::Extend),
        1 => (0..6_usize).prop_map(Operation::Reserve),
        1 => Just(Operation::Release),
        3 => (0..TOUCHED, any::<u32>()).prop_map(|(index, value)| Operation::Touch(index, value)),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        3 => Just(End::Commits),
        1 => Just(End::Aborts),
        3 => (0..120_u64).prop_map(End::LosesPower),
    ]
}

const TOUCHED: usize = 24;

/// What must be in the memory.
#[derive(Debug, Clone, PartialEq)]
struct Model {
    elements: Vec<u16>,
    touched: [u32; TOUCHED],
}

struct Program {
    size: u32,
    log: Area,
    heap: Area,
    vector: PVec<u16>,
    touched: PArray<u32, TOUCHED>,
}

impl Program {
    fn new() -> Self {
        let mut layout = Layout::new("vector model", 1);
        let log = layout.area("log", 1024);
        let heap = layout.area("heap", Heap::area_bytes(512));
        let vector = PVec::place(&mut layout, "vector");
        let touched = PArray::place(&mut layout, "touched");
        Self {
            size: layout.size(),
            log,
            heap,
            vector,
            touched,
        }
    }

    fn apply<const ATOM: usize>(
        &self,
        tx: &mut Tx<'_, &SimNvm<ATOM>>,
        heap: Heap,
        model: &mut Model,
        operation: &Operation,
    ) -> Result<(), Error> {
        let elements = &mut model.elements;
        match operation {
            Operation::Push(value) => {
                self.vector.push(tx, heap, *value)?;
                elements.push(*value);
            }
            Operation::Pop => assert_eq!(self.vector.pop(tx)?, elements.pop()),
            Operation::Set(index, value) => match elements.get_mut(*index) {
                Some(element) => {
                    self.vector.set(tx, *index, *value)?;
                    *element = *value;
                }
                None => assert_eq!(
                    self.vector.set(tx, *index, *value),
                    Err(Error::OutOfBounds {
                        index: *index,
                        len: elements.len()
                    })
                ),
            },
            Operation::Truncate(len) => {
                self.vector.truncate(tx, *len)?;
                elements.truncate(*len);
            }
            Operation::Extend(values) => {
                self.vector.extend_from_slice(tx, heap, values)?;
                elements.extend_from_slice(values);
            }
            Operation::Reserve(additional) => {
                self.vector.reserve(tx, heap, *additional)?;
                assert!(self.vector.capacity(tx)? >= elements.len() + additional);
            }
            Operation::Release => {
                self.vector.release(tx, heap)?;
                elements.clear();
            }
            Operation::Touch(index, value) => {
                self.touched.set_at(tx, *index, *value)?;
                model.touched[*index] = *value;
            }
        }
        Ok(())
    }

    fn see<const ATOM: usize>(&self, log: &mut UndoLog<&SimNvm<ATOM>>) -> Model {
        log.transaction(|tx| {
            Ok::<_, Error>(Model {
                elements: self.vector.iter(tx)?.collect::<Result<_, _>>()?,
                touched: self.touched.get(tx)?,
            })
        })
        .unwrap()
    }
}

fn check<const ATOM: usize>(transactions: &[(Vec<Operation>, End)]) {
    let program = Program::new();
    let nvm = SimNvm::<ATOM>::new(program.size);
    nvm.set_image(&vec![0xA5; program.size as usize]);
    UndoLog::format(&&nvm, program.log).unwrap();
    Heap::format(&nvm, program.heap).unwrap();
    program.vector.format(&nvm).unwrap();
    program.touched.format(&nvm, &[0; TOUCHED]).unwrap();
    let mut model = Model {
        elements: Vec::new(),
        touched: [0; TOUCHED],
    };

    let mut log = UndoLog::open(&nvm, program.log).unwrap();
    let mut heap = Heap::open(&nvm, program.heap).unwrap();
    for (operations, end) in transactions {
        let mut after = model.clone();
        if let End::LosesPower(stores) = end {
            nvm.cut_after(*stores);
        }
        let outcome = until_power_loss(|| {
            log.transaction(|tx| {
                for operation in operations {
                    match program.apply(tx, heap, &mut after, operation) {
                        // Refused, and nothing changed.
                        Err(Error::Alloc(AllocError::OutOfMemory { .. })) => {}
                        other => other?,
                    }
                }
                if matches!(end, End::Aborts) {
                    return Err(Error::Damaged { offset: 0 });
                }
                Ok(())
            })
        });
        nvm.cut_never();
        match outcome {
            Ok(Ok(())) => model = after,
            Ok(Err(_)) => {}
            Err(_) => {
                nvm.power_on();
                // The power also goes during the recovery.
                nvm.cut_after(operations.len() as u64);
                let _ = until_power_loss(|| UndoLog::open(&nvm, program.log));
                nvm.cut_never();
                nvm.power_on();
                log = UndoLog::open(&nvm, program.log).unwrap();
                heap = Heap::open(&nvm, program.heap).unwrap();
                let seen = program.see(&mut log);
                assert!(
                    seen == model || seen == after,
                    "{seen:?}: neither {model:?} nor {after:?}"
                );
                model = seen;
            }
        }
        assert_eq!(program.see(&mut log), model);
        let blocks = heap.statistics(&nvm).unwrap().blocks;
        let capacity = log.transaction(|tx| program.vector.capacity(tx)).unwrap();
        assert_eq!(blocks, u32::from(capacity > 0), "nothing leaks");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8000))]

    #[test]
    fn a_vector_is_what_the_committed_transactions_made_it(
        transactions in prop::collection::vec((prop::collection::vec(operation(), 0..14), end()), 1..12),
    ) {
        check::<1>(&transactions);
        check::<2>(&transactions);
        check::<4>(&transactions);
    }
}
