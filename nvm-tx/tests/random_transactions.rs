//! Random transactions with random power losses, chained, against a plain model.
#![allow(clippy::unwrap_used)] // a test's helpers may panic

use nvm_core::sim::{SimNvm, until_power_loss};
use nvm_core::{Area, Class, Nvm};
use nvm_tx::{Fault, FaultKind, Tx, UndoLog};
use proptest::prelude::*;

const OBJECTS: u32 = 96;
type Objects = [u8; OBJECTS as usize];

#[derive(Debug, Clone)]
enum Step {
    Write { offset: u32, len: u32, byte: u8 },
    Bits { offset: u32, mask: u8, bits: u8 },
    OnCommit { offset: u32, mask: u8, bits: u8 },
}

#[derive(Debug, Clone)]
struct Transaction {
    steps: Vec<Step>,
    mark: Option<u32>,
    aborts: bool,
    /// The power goes after so many stores of the transaction, then of each recovery.
    cuts: Vec<u64>,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..OBJECTS, 1..=20u32, any::<u8>())
            .prop_map(|(offset, len, byte)| Step::Write { offset, len: len.min(OBJECTS - offset), byte }),
        1 => (0..OBJECTS, any::<u8>(), any::<u8>())
            .prop_map(|(offset, mask, bits)| Step::Bits { offset, mask, bits }),
        1 => (0..OBJECTS, any::<u8>(), any::<u8>())
            .prop_map(|(offset, mask, bits)| Step::OnCommit { offset, mask, bits }),
    ]
}

fn transaction() -> impl Strategy<Value = Transaction> {
    (
        prop::collection::vec(step(), 0..24),
        prop::option::of(0..nvm_tx::MARK_MAX),
        prop::bool::weighted(0.2),
        prop::collection::vec(0..60u64, 0..4),
    )
        .prop_map(|(steps, mark, aborts, cuts)| Transaction {
            steps,
            mark,
            aborts,
            cuts,
        })
}

fn run<N: Nvm>(tx: &mut Tx<'_, N>, steps: &[Step]) -> Result<(), Fault> {
    for step in steps {
        match *step {
            Step::Write { offset, len, byte } => {
                tx.write(offset, &[byte; 20][..len as usize])?;
            }
            Step::Bits { offset, mask, bits } => tx.set_bits(Class::Data, offset, mask, bits)?,
            Step::OnCommit { offset, mask, bits } => {
                tx.set_bits_on_commit(Class::Data, offset, mask, bits)?;
            }
        }
    }
    Ok(())
}

/// What the objects are after a transaction that commits.
fn modelled(before: Objects, steps: &[Step]) -> Objects {
    let mut after = before;
    let set = |objects: &mut Objects, offset: u32, mask: u8, bits: u8| {
        let byte = &mut objects[offset as usize];
        *byte = (*byte & !mask) | (bits & mask);
    };
    for step in steps {
        match *step {
            Step::Write { offset, len, byte } => {
                after[offset as usize..(offset + len) as usize].fill(byte);
            }
            Step::Bits { offset, mask, bits } => set(&mut after, offset, mask, bits),
            Step::OnCommit { .. } => {}
        }
    }
    for step in steps {
        if let Step::OnCommit { offset, mask, bits } = *step {
            set(&mut after, offset, mask, bits);
        }
    }
    after
}

fn objects<N: Nvm>(nvm: &N) -> Objects {
    let mut objects = [0; OBJECTS as usize];
    nvm.read(0, &mut objects).unwrap();
    objects
}

fn survives<const ATOM: usize>(log_bytes: u32, fill: u8, transactions: &[Transaction]) {
    let area = Area::new(OBJECTS, log_bytes);
    let nvm = SimNvm::<ATOM>::new(OBJECTS + log_bytes);
    nvm.set_image(&vec![fill; (OBJECTS + log_bytes) as usize]);
    UndoLog::format(&&nvm, area).unwrap();
    let mut model = objects(&nvm);
    let mut mark = 0;
    for transaction in transactions {
        let after = modelled(model, &transaction.steps);
        let mut log = UndoLog::open(&nvm, area).unwrap();
        let mut cuts = transaction.cuts.iter();
        if let Some(cut) = cuts.next() {
            nvm.cut_after(*cut);
        }
        let ended = until_power_loss(|| {
            let mut tx = log.begin()?;
            run(&mut tx, &transaction.steps)?;
            match (transaction.aborts, transaction.mark) {
                (true, None) => tx.roll_back().map(|()| false),
                (true, Some(mark)) => tx.roll_back_with(mark).map(|()| false),
                (false, None) => tx.commit().map(|()| true),
                (false, Some(mark)) => tx.commit_with(mark).map(|()| true),
            }
        });
        // Whether it must have happened; `None` where the cut decides.
        let committed = match ended {
            Ok(Ok(committed)) => Some(committed),
            Ok(Err(fault)) => {
                assert!(matches!(fault.kind(), FaultKind::LogFull { .. }), "{fault}");
                Some(false)
            }
            Err(_) => None,
        };
        let failed = matches!(ended, Ok(Err(_)));
        loop {
            nvm.cut_never();
            nvm.power_on();
            if let Some(cut) = cuts.next() {
                nvm.cut_after(cut / 4);
            }
            if until_power_loss(|| UndoLog::open(&nvm, area).map(drop)).is_ok() {
                break;
            }
        }
        nvm.cut_never();
        let found = objects(&nvm);
        let log = UndoLog::open(&nvm, area).unwrap();
        let new_mark = transaction.mark.unwrap_or(mark);
        match committed {
            Some(true) => assert_eq!((found, log.mark()), (after, new_mark)),
            Some(false) if failed => assert_eq!((found, log.mark()), (model, mark)),
            Some(false) => assert_eq!((found, log.mark()), (model, new_mark)),
            None if transaction.aborts => {
                assert_eq!(found, model);
                assert!(log.mark() == mark || log.mark() == new_mark);
            }
            None => assert!(
                (found, log.mark()) == (model, mark) || (found, log.mark()) == (after, new_mark),
                "neither before nor after"
            ),
        }
        (model, mark) = (found, log.mark());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn transactions_are_all_or_nothing_after_any_chain_of_power_losses(
        log_bytes in 20u32..400,
        fill in any::<u8>(),
        transactions in prop::collection::vec(transaction(), 1..20),
    ) {
        survives::<1>(log_bytes, fill, &transactions);
        survives::<2>(log_bytes, fill, &transactions);
        survives::<4>(log_bytes, fill, &transactions);
    }
}

/// More transactions than there are sequence numbers, over and over, with a cut in each of many.
#[test]
fn sequence_numbers_may_come_round_under_power_losses() {
    let steps = |seed: u32| {
        (0..=seed % 5)
            .map(|i| Step::Write {
                offset: (seed * 7 + i * 13) % 80,
                len: 1 + (seed + i) % 16,
                byte: seed as u8,
            })
            .collect::<Vec<_>>()
    };
    let transactions: Vec<_> = (0..3000u32)
        .map(|seed| Transaction {
            steps: steps(seed),
            mark: Some(seed),
            aborts: seed % 11 == 0,
            cuts: if seed % 3 == 0 {
                vec![u64::from(seed % 37), 5]
            } else {
                vec![]
            },
        })
        .collect();
    survives::<1>(200, 0xA5, &transactions);
    survives::<4>(200, 1, &transactions);
}
