//! Every operation, cut at every store, and again at every store of the recovery; and mistakes in the real
//! code that this must catch.

use std::format;
use std::vec::Vec;

use nvm_core::sim::{Explorer, Report};
use nvm_core::{Class, Nvm, for_each_atom};

use crate::Recovered;
use crate::fault::{self, Fault};
use crate::world::{BYTES, COMMIT_AT, COMPACT, NOTHING, Op, SPREAD, State, World, applied, real};

/// How a batch is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// Published at once.
    Run,
    /// Staged, put in force by a transaction of the caller's.
    Staged,
    /// The same, and completed without being read back.
    StagedAndKept,
}

/// What the lists hold before each scenario: 2, 3, 4 in list 0, 5 in list 1, 1 and 6 in list 2; 0 in none.
const START: [Op; 6] = [
    Op::InsertSorted(0, 3, 20),
    Op::InsertSorted(0, 4, 30),
    Op::InsertSorted(0, 2, 10),
    Op::InsertSorted(1, 5, 20),
    Op::PushBack(1),
    Op::PushBack(6),
];

/// Operations that stand alone: to, from and within the front, the middle and the back of a list.
const SINGLE: [(&str, Op); 24] = [
    ("remove first", Op::Remove(2)),
    ("remove middle", Op::Remove(3)),
    ("remove last", Op::Remove(4)),
    ("remove only", Op::Remove(5)),
    ("push back", Op::PushBack(0)),
    ("push front", Op::PushFront(0)),
    ("insert first", Op::InsertSorted(0, 0, 5)),
    ("insert between", Op::InsertSorted(0, 0, 15)),
    ("insert behind its equal", Op::InsertSorted(0, 0, 20)),
    ("insert last", Op::InsertSorted(0, 0, 0x0102_0304)),
    ("move to back", Op::MoveBack(3)),
    ("move to front", Op::MoveFront(5)),
    ("move first to back within", Op::MoveBack(1)),
    ("move last to front within", Op::MoveFront(6)),
    ("move to where it is", Op::MoveBack(6)),
    ("move sorted first", Op::MoveSorted(1, 3, 5)),
    ("move sorted behind its equal", Op::MoveSorted(1, 3, 20)),
    (
        "move sorted, new key, last",
        Op::MoveSorted(1, 4, 0x0102_0304),
    ),
    (
        "move sorted from unsorted",
        Op::MoveSorted(0, 1, 0x0102_0304),
    ),
    ("move sorted within, down", Op::MoveSorted(0, 2, 25)),
    ("move sorted within, up", Op::MoveSorted(0, 4, 5)),
    (
        "move sorted within, behind its equal",
        Op::MoveSorted(0, 2, 20),
    ),
    ("move sorted within, stays", Op::MoveSorted(0, 3, 0x1D)),
    ("move sorted within, as it is", Op::MoveSorted(0, 3, 20)),
];

/// Batches: the same lists, adjacent nodes, the same node again and again.
const BATCHES: [(&str, &[Op]); 17] = [
    (
        "leave one list, come into another",
        &[Op::Remove(3), Op::PushBack(0)],
    ),
    (
        "leave a list, come to its end",
        &[Op::Remove(4), Op::InsertSorted(0, 0, 0x0102_0304)],
    ),
    (
        "leave one list, come to the end of a sorted one",
        &[Op::Remove(1), Op::InsertSorted(0, 0, 0x0102_0304)],
    ),
    (
        "leave one list, come to the front of a sorted one",
        &[Op::Remove(1), Op::InsertSorted(0, 0, 5)],
    ),
    (
        "move, and come into a third list",
        &[Op::MoveSorted(1, 3, 0x0102_0304), Op::PushBack(0)],
    ),
    ("wake a task", &[Op::Remove(5), Op::MoveBack(3)]),
    (
        "block a task",
        &[Op::InsertSorted(1, 0, 7), Op::MoveSorted(0, 1, 25)],
    ),
    (
        "remove adjacent nodes",
        &[Op::Remove(3), Op::Remove(2), Op::Remove(4)],
    ),
    (
        "empty a list and fill it",
        &[Op::Remove(5), Op::MoveSorted(1, 2, 3)],
    ),
    (
        "remove and insert again",
        &[Op::Remove(3), Op::InsertSorted(0, 3, 40)],
    ),
    ("remove and push", &[Op::Remove(1), Op::PushFront(1)]),
    (
        "insert and move on",
        &[Op::PushBack(0), Op::MoveSorted(0, 0, 15)],
    ),
    (
        "insert, remove, insert",
        &[Op::PushBack(0), Op::Remove(0), Op::InsertSorted(1, 0, 20)],
    ),
    (
        "insert beside one removed",
        &[Op::Remove(3), Op::InsertSorted(0, 0, 21)],
    ),
    (
        "two into one place",
        &[Op::InsertSorted(0, 0, 15), Op::MoveSorted(0, 5, 15)],
    ),
    (
        "move round and round",
        &[
            Op::MoveBack(1),
            Op::MoveBack(6),
            Op::MoveBack(1),
            Op::MoveFront(2),
        ],
    ),
    (
        "there and back",
        &[
            Op::MoveSorted(1, 3, 1),
            Op::MoveSorted(0, 3, 2),
            Op::MoveSorted(1, 3, 30),
        ],
    ),
];

fn started<const ATOM: usize>(world: &World, nvm: &nvm_core::sim::SimNvm<ATOM>) {
    world.format(nvm);
    for op in START {
        world.log().run(nvm, &[op.real(world)]).unwrap();
    }
}

fn committed(nvm: &impl Nvm) -> u8 {
    nvm.read_u8(COMMIT_AT).unwrap()
}

/// The tag of the scenarios' transaction.
const TAG: u16 = 0x07;

fn explore<const ATOM: usize>(world: &World, name: &str, ops: &[Op], how: How) -> Report {
    let before = applied(&State::from(NOTHING), &START).unwrap();
    let after = applied(&before, ops).unwrap();
    let operations = real(world, ops);
    let log = world.log();
    let uncut = core::cell::Cell::new(true);
    Explorer::<ATOM>::new(format!("{name}, {how:?}, {}", world.name), BYTES)
        .depth(2)
        .explore(
            |nvm| started(world, nvm),
            |nvm| match how {
                How::Run => log.run(nvm, &operations).unwrap(),
                How::Staged | How::StagedAndKept => {
                    let staged = log.stage(nvm, &operations, TAG).unwrap();
                    nvm.write_u8(Class::Data, COMMIT_AT, TAG as u8).unwrap();
                    if how == How::Staged {
                        log.complete(nvm).unwrap();
                    } else {
                        log.complete_staged(nvm, &operations, staged).unwrap();
                    }
                }
            },
            |nvm| {
                let recovered = log.recover(nvm, |tag| tag == u16::from(committed(nvm)));
                recovered.unwrap();
            },
            |nvm| {
                let found = world.state(nvm)?;
                let allowed = match how {
                    How::Run if uncut.replace(false) => found == after,
                    How::Run => found == before || found == after,
                    _ if committed(nvm) != 0 => found == after,
                    _ => found == before,
                };
                if !allowed {
                    return Err(format!("{found:?}; before {before:?}, after {after:?}"));
                }
                match log.recover(nvm, |_| true) {
                    Ok(Recovered::Nothing) => {}
                    other => return Err(format!("not retired: {other:?}")),
                }
                world.empty_all(nvm, &found)
            },
        )
}

#[test]
fn an_operation_happens_wholly_or_not_at_all_whatever_is_cut() {
    let mut cuts = 0;
    for_each_atom!(ATOM => {
        for world in [COMPACT, SPREAD] {
            for (name, op) in SINGLE {
                for how in [How::Run, How::Staged, How::StagedAndKept] {
                    cuts += explore::<ATOM>(&world, name, &[op], how).assert_clean().cuts();
                }
            }
        }
    });
    std::println!("{cuts} cuts of single operations");
}

#[test]
fn a_batch_happens_wholly_or_not_at_all_whatever_is_cut() {
    let mut cuts = 0;
    for_each_atom!(ATOM => {
        for world in [COMPACT, SPREAD] {
            for (name, ops) in BATCHES {
                for how in [How::Run, How::Staged, How::StagedAndKept] {
                    cuts += explore::<ATOM>(&world, name, ops, how).assert_clean().cuts();
                }
            }
        }
    });
    std::println!("{cuts} cuts of batches");
}

/// A batch is staged where another one was: committed and completed, or staged only. Which of the two is
/// told by `first_committed`. `rest_tag` is what is committed until the second batch is.
fn successive<const ATOM: usize>(
    name: &str,
    world: &World,
    tags: (u16, u16),
    rest_tag: u16,
    first_committed: bool,
) -> Report {
    let first = [Op::Remove(5), Op::Remove(2)];
    let second = [Op::MoveBack(3), Op::Remove(1)];
    let mut before = applied(&State::from(NOTHING), &START).unwrap();
    if first_committed {
        before = applied(&before, &first).unwrap();
    }
    let after = applied(&before, &second).unwrap();
    let log = world.log();
    Explorer::<ATOM>::new(format!("{name}, {}", world.name), BYTES)
        .depth(2)
        .explore(
            |nvm| {
                started(world, nvm);
                log.stage(nvm, &real(world, &first), tags.0).unwrap();
                if first_committed {
                    log.complete(nvm).unwrap();
                }
            },
            |nvm| {
                log.stage(nvm, &real(world, &second), tags.1).unwrap();
                nvm.write_u8(Class::Data, COMMIT_AT, 1).unwrap();
                log.complete(nvm).unwrap();
            },
            |nvm| {
                let now = if committed(nvm) == 1 {
                    tags.1
                } else {
                    rest_tag
                };
                log.recover(nvm, |tag| tag == now).unwrap();
            },
            |nvm| {
                let found = world.state(nvm)?;
                let expected = if committed(nvm) == 1 { &after } else { &before };
                if found == *expected {
                    world.empty_all(nvm, &found)
                } else {
                    Err(format!("{found:?} is not {expected:?}"))
                }
            },
        )
}

/// The tags' torn mixture is one that is committed: the old batch must be gone before the first byte of the
/// new one is stored.
fn replaced<const ATOM: usize>() -> Report {
    successive::<ATOM>(
        "replace a staged batch",
        &SPREAD,
        (0x0201, 0x0102),
        0x0202,
        false,
    )
}

/// The old batch's tag is still committed while the new one is staged.
fn followed<const ATOM: usize>() -> Report {
    successive::<ATOM>("follow a completed batch", &SPREAD, (1, 2), 1, true)
}

#[test]
fn a_batch_is_staged_over_another_without_a_mixture() {
    for_each_atom!(ATOM => {
        replaced::<ATOM>().assert_clean();
        followed::<ATOM>().assert_clean();
    });
}

#[test]
fn a_discarded_batch_leaves_nothing() {
    let nvm = nvm_core::sim::SimNvm::<4>::new(BYTES);
    started(&SPREAD, &nvm);
    let before = SPREAD.state(&nvm).unwrap();
    let log = SPREAD.log();
    let operations = real(&SPREAD, &[Op::InsertSorted(0, 0, 15), Op::Remove(5)]);
    log.stage(&nvm, &operations, TAG).unwrap();
    assert_eq!(
        log.run(&nvm, &operations),
        Err(crate::ListErrorKind::Busy.error())
    );
    log.discard(&nvm).unwrap();
    log.complete(&nvm).unwrap();
    assert_eq!(log.recover(&nvm, |_| true), Ok(Recovered::Nothing));
    assert_eq!(SPREAD.state(&nvm).unwrap(), before);
    log.run(&nvm, &operations).unwrap();
}

/// Shows that a mistake is caught by one of the scenarios above.
fn caught<const ATOM: usize>(mistake: Fault, name: &str, how: How) {
    let singles = SINGLE
        .iter()
        .map(|(name, op)| (*name, core::slice::from_ref(op)));
    let ops = singles
        .chain(BATCHES)
        .find_map(|(found, ops)| (found == name).then_some(ops))
        .unwrap();
    fault::with(mistake, || explore::<ATOM>(&SPREAD, name, ops, how)).assert_caught();
}

#[test]
fn mistakes_in_the_protocol_are_caught() {
    // Stores in another order.
    caught::<4>(Fault::PublishFirst, "move sorted, new key, last", How::Run);
    caught::<1>(Fault::PublishFirst, "remove middle", How::Run);
    fault::with(Fault::PublishFirst, followed::<4>).assert_caught();
    caught::<4>(Fault::RetireFirst, "remove middle", How::Run);
    caught::<4>(Fault::RetireFirst, "push back", How::Run);
    caught::<1>(Fault::OwnerBeforeLinks, "move to back", How::Run);
    caught::<4>(Fault::OwnerBeforeLinks, "move to back", How::Run);
    caught::<4>(Fault::KeyTooEarly, "move sorted within, up", How::Run);
    // Stores left out.
    caught::<4>(Fault::NoUnlinkedMark, "move to back", How::Run);
    caught::<1>(Fault::NoPreparedMark, "move first to back within", How::Run);
    caught::<4>(Fault::NoBackLink, "push back", How::Run);
    caught::<1>(Fault::NoProgress, "remove and insert again", How::Run);
    caught::<1>(Fault::NoProgress, "insert, remove, insert", How::Staged);
    fault::with(Fault::NoInvalidation, replaced::<1>).assert_caught();
    // In the short way of most batches.
    for (name, _) in BATCHES.iter().take(3) {
        caught::<4>(Fault::RetireFirst, name, How::StagedAndKept);
    }
    caught::<4>(Fault::NoBackLink, BATCHES[0].0, How::StagedAndKept);
}

/// What a log stores before a batch is in force, and what is stored when it is carried out.
fn stages_like(nvm: &nvm_core::sim::SimNvm<4>, operations: &[crate::Operation]) -> [Vec<u8>; 2] {
    let log = SPREAD.log();
    let staged = log.stage(nvm, operations, TAG).unwrap();
    let before = nvm.image();
    log.complete_staged(nvm, operations, staged).unwrap();
    [before, nvm.image()]
}

/// The batch of most system calls has a way of its own: for what it stores, and in how many stores, that makes no difference.
#[test]
fn the_short_way_stores_what_the_general_way_does() {
    let batches = [
        [Op::Remove(3), Op::PushBack(0)],
        [Op::Remove(1), Op::InsertSorted(0, 0, 0x0102_0304)],
        [Op::Remove(1), Op::InsertSorted(0, 0, 30)],
        [Op::Remove(4), Op::InsertSorted(1, 0, 0)],
        [Op::Remove(4), Op::InsertSorted(1, 0, 20)],
    ];
    for ops in batches {
        let run = |way: &dyn Fn(&nvm_core::sim::SimNvm<4>) -> [Vec<u8>; 2]| {
            let nvm = nvm_core::sim::SimNvm::<4>::new(BYTES);
            started(&SPREAD, &nvm);
            let before = nvm.counters();
            let images = way(&nvm);
            let cost = nvm.counters() - before;
            (images, cost.bytes_written(), cost.stores())
        };
        let operations = real(&SPREAD, &ops);
        let short = run(&|nvm| stages_like(nvm, &operations));
        let general = run(&|nvm| fault::with(Fault::NoShortWay, || stages_like(nvm, &operations)));
        assert_eq!(short, general, "{ops:?}");
    }
}

#[test]
fn the_errors_come_before_any_store() {
    use crate::{List, ListError, ListErrorKind, NodeRef, Operation};
    use nvm_core::Offset;
    let nvm = nvm_core::sim::SimNvm::<4>::new(BYTES);
    let world = COMPACT;
    started(&world, &nvm);
    let log = world.log();
    let node = |index| world.node(index).offset().get();
    let head = |index| world.list(index).head().get();
    let nowhere = List::at(Offset::new(1024)).unwrap();
    let a_head = NodeRef::at(Offset::new(head(0) - 4)).unwrap();
    let removals: Vec<_> = (0..7)
        .map(|_| Operation::Remove {
            node: world.node(1),
        })
        .collect();
    let cases: [(&[Operation], ListError); 8] = [
        (
            &[Op::Remove(0).real(&world)],
            ListErrorKind::NotLinked { node: node(0) }.error(),
        ),
        (
            &[Op::MoveBack(0).real(&world)],
            ListErrorKind::NotLinked { node: node(0) }.error(),
        ),
        (
            &[Op::PushBack(5).real(&world)],
            ListErrorKind::AlreadyLinked { node: node(5) }.error(),
        ),
        (
            &[Op::Remove(5).real(&world), Op::Remove(5).real(&world)],
            ListErrorKind::NotLinked { node: node(5) }.error(),
        ),
        (
            &[
                Op::PushBack(0).real(&world),
                Op::InsertSorted(0, 0, 1).real(&world),
            ],
            ListErrorKind::AlreadyLinked { node: node(0) }.error(),
        ),
        (
            &[Operation::PushBack {
                list: nowhere,
                node: world.node(0),
            }],
            ListErrorKind::NotAList { list: 1024 }.error(),
        ),
        (
            &[Operation::Remove { node: a_head }],
            ListErrorKind::NotANode { node: head(0) - 4 }.error(),
        ),
        (
            &removals,
            ListErrorKind::TooManyOperations {
                operations: 7,
                capacity: 5,
            }
            .error(),
        ),
    ];
    let counters = nvm.counters();
    for (operations, error) in cases {
        assert_eq!(log.run(&nvm, operations), Err(error));
        assert_eq!(log.stage(&nvm, operations, 1), Err(error));
        assert!(std::string::ToString::to_string(&error).len() > 20);
    }
    assert_eq!((nvm.counters() - counters).bytes_written(), 0);
}
