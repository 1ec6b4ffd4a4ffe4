//! Random operations with random power losses, against a plain model; and damaged images.
#![allow(clippy::unwrap_used)]

extern crate std;

mod world;

use nvm_core::sim::{SimNvm, until_power_loss};
use nvm_core::{Class, Nvm};
use nvm_list::{Recovered, check};
use proptest::prelude::*;
use world::{BYTES, COMMIT_AT, COMPACT, FIFO, LISTS, NODES, NOTHING, Op, SPREAD, State, World};

fn any_op() -> impl Strategy<Value = Op> {
    // Keys that are often equal, and that differ in each of their bytes.
    let key = prop_oneof![0..4u32, Just(0x0101), Just(0x0102_0304), any::<u32>()];
    (0..9u8, 0..FIFO, 0..NODES, key).prop_map(|(kind, list, node, key)| match kind {
        0 => Op::Remove(node),
        1 => Op::PushBack(node),
        2 => Op::PushFront(node),
        3 | 4 => Op::InsertSorted(list, node, key),
        5 => Op::MoveBack(node),
        6 => Op::MoveFront(node),
        _ => Op::MoveSorted(list, node, key),
    })
}

/// A batch, whether it is staged, and before which store (if it comes to it) the power goes: of the
/// operation, and of the recoveries.
#[derive(Debug, Clone)]
struct Step {
    ops: Vec<Op>,
    staged: bool,
    cuts: Vec<u64>,
}

fn any_step() -> impl Strategy<Value = Step> {
    (
        prop::collection::vec(any_op(), 1..=4),
        any::<bool>(),
        prop::collection::vec(0..40u64, 0..3),
    )
        .prop_map(|(ops, staged, cuts)| Step { ops, staged, cuts })
}

fn play<const ATOM: usize>(world: &World, steps: &[Step]) -> Result<(), TestCaseError> {
    let nvm = SimNvm::<ATOM>::new(BYTES);
    nvm.set_image(&vec![0xA5; BYTES as usize]);
    world.format(&nvm);
    let log = world.log();
    let mut state = State::from(NOTHING);
    for (number, step) in steps.iter().enumerate() {
        let tag = (number + 1) as u8;
        // As many of the operations as are possible one after the other.
        let possible = (1..=step.ops.len())
            .take_while(|len| world::applied(&state, &step.ops[..*len]).is_some())
            .last();
        let ops = &step.ops[..possible.unwrap_or(1)];
        let operations = world::real(world, ops);
        let Some(after) = world::applied(&state, ops) else {
            let before = nvm.counters();
            prop_assert!(log.run(&nvm, &operations).is_err());
            prop_assert!(log.stage(&nvm, &operations, 1).is_err());
            prop_assert_eq!((nvm.counters() - before).bytes_written(), 0);
            continue;
        };
        let mut cuts = step.cuts.iter();
        if let Some(cut) = cuts.next() {
            nvm.cut_after(*cut);
        }
        let ended = until_power_loss(|| {
            if step.staged {
                let staged = log.stage(&nvm, &operations, u16::from(tag)).unwrap();
                nvm.write_u8(Class::Data, COMMIT_AT, tag).unwrap();
                if tag.is_multiple_of(2) {
                    log.complete(&nvm).unwrap();
                } else {
                    log.complete_staged(&nvm, &operations, staged).unwrap();
                }
            } else {
                log.run(&nvm, &operations).unwrap();
            }
        });
        nvm.cut_never();
        if ended.is_err() {
            loop {
                nvm.power_on();
                if let Some(cut) = cuts.next() {
                    nvm.cut_after(*cut);
                }
                let recovered = until_power_loss(|| {
                    let committed = nvm.read_u8(COMMIT_AT).unwrap();
                    log.recover(&nvm, |tag| tag == u16::from(committed))
                        .unwrap()
                });
                nvm.cut_never();
                if recovered.is_ok() {
                    break;
                }
            }
        }
        prop_assert_eq!(log.recover(&nvm, |_| true), Ok(Recovered::Nothing));
        let found = world.state(&nvm).map_err(TestCaseError::fail)?;
        let in_force = match (ended.is_ok(), step.staged) {
            (true, _) => true,
            (false, true) => nvm.read_u8(COMMIT_AT).unwrap() == tag,
            (false, false) => found == after,
        };
        prop_assert_eq!(&found, if in_force { &after } else { &state });
        state = found;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_operations_and_power_losses_follow_the_model(
        steps in prop::collection::vec(any_step(), 1..60),
        spread in any::<bool>(),
    ) {
        let world = if spread { SPREAD } else { COMPACT };
        play::<1>(&world, &steps)?;
        play::<2>(&world, &steps)?;
        play::<4>(&world, &steps)?;
    }

    #[test]
    fn a_damaged_image_gives_errors_and_nothing_worse(
        steps in prop::collection::vec(any_op(), 1..30),
        then in prop::collection::vec(any_op(), 1..10),
        damage in prop::collection::vec((32..204u32, any::<u8>()), 1..6),
    ) {
        let nvm = SimNvm::<4>::new(BYTES);
        COMPACT.format(&nvm);
        let log = COMPACT.log();
        for op in steps {
            let _ = log.run(&nvm, &[op.real(&COMPACT)]);
        }
        for (offset, byte) in damage {
            nvm.write_u8(Class::Data, offset, byte).unwrap();
        }
        let _ = log.recover(&nvm, |tag| tag & 1 == 0);
        for index in 0..LISTS {
            let list = COMPACT.list(index);
            let _ = check(&nvm, list, NODES as u32, index != FIFO);
            prop_assert!(list.iter(&nvm).count() <= BYTES as usize / 12 + 1);
            let _ = log.pop_front(&nvm, list);
        }
        for op in then {
            let _ = log.run(&nvm, &[op.real(&COMPACT)]);
            let _ = log.stage(&nvm, &[op.real(&COMPACT)], 2);
            let _ = log.complete(&nvm);
        }
    }
}
