//! Bytes stored in NVM by each operation, log, links and retirement included:
//! `cargo test -p nvm-list --test costs -- --nocapture`.
#![allow(clippy::unwrap_used)]

extern crate std;

mod world;

use nvm_core::sim::SimNvm;
use world::{BYTES, COMPACT, Op, real};

fn started() -> SimNvm<4> {
    let nvm = SimNvm::new(BYTES);
    COMPACT.format(&nvm);
    for op in [
        Op::InsertSorted(0, 3, 20),
        Op::InsertSorted(0, 4, 30),
        Op::InsertSorted(0, 2, 10),
        Op::InsertSorted(1, 5, 20),
        Op::PushBack(1),
        Op::PushBack(6),
    ] {
        COMPACT.log().run(&nvm, &[op.real(&COMPACT)]).unwrap();
    }
    nvm
}

/// Bytes and stores of operations that are run.
fn cost(name: &str, ops: &[Op]) -> u64 {
    let nvm = started();
    let before = nvm.counters();
    COMPACT.log().run(&nvm, &real(&COMPACT, ops)).unwrap();
    let cost = nvm.counters() - before;
    println!("| {name} | {} | {} |", cost.bytes_written(), cost.stores());
    cost.bytes_written()
}

/// Bytes of a staged batch: what staging stores, and what completing does.
fn staged_cost(name: &str, ops: &[Op]) -> (u64, u64) {
    let nvm = started();
    let before = nvm.counters();
    COMPACT.log().stage(&nvm, &real(&COMPACT, ops), 1).unwrap();
    let staged = nvm.counters();
    COMPACT.log().complete(&nvm).unwrap();
    let stage = (staged - before).bytes_written();
    let complete = (nvm.counters() - staged).bytes_written();
    println!("| {name}, staged | {stage} + {complete} | |");
    let kept = started();
    let staged = COMPACT.log().stage(&kept, &real(&COMPACT, ops), 1).unwrap();
    COMPACT
        .log()
        .complete_staged(&kept, &real(&COMPACT, ops), staged)
        .unwrap();
    assert_eq!(nvm.image(), kept.image());
    let count = |nvm: &SimNvm<4>| (nvm.counters().bytes_written(), nvm.counters().stores());
    assert_eq!(count(&nvm), count(&kept));
    (stage, complete)
}

#[test]
fn each_operation_stores_few_bytes() {
    println!("| operation | bytes | stores (ATOM 4) |\n| --- | --- | --- |");
    assert!(cost("remove", &[Op::Remove(3)]) <= 10);
    assert!(cost("push_back, push_front", &[Op::PushBack(0)]) <= 14);
    assert!(cost("insert_sorted", &[Op::InsertSorted(0, 0, 15)]) <= 18);
    assert!(cost("move_back, move_front", &[Op::MoveBack(3)]) <= 21);
    assert!(cost("move_back within a list", &[Op::MoveBack(1)]) <= 20);
    assert_eq!(cost("move_back of the last node", &[Op::MoveBack(6)]), 0);
    assert!(cost("move_sorted, same key", &[Op::MoveSorted(1, 3, 20)]) <= 21);
    assert!(cost("move_sorted, new key", &[Op::MoveSorted(1, 3, 25)]) <= 29);
    assert!(cost("move_sorted within a list", &[Op::MoveSorted(0, 3, 35)]) <= 28);
    assert!(cost("move_sorted, order stays", &[Op::MoveSorted(0, 3, 25)]) <= 14);
    assert!(
        cost(
            "batch: remove + move_back",
            &[Op::Remove(5), Op::MoveBack(3)]
        ) <= 32
    );
    let block = [Op::InsertSorted(1, 0, 7), Op::MoveSorted(0, 1, 25)];
    assert!(cost("batch: insert_sorted + move_sorted", &block) <= 48);
    assert_eq!(
        staged_cost(
            "batch: remove + move_back",
            &[Op::Remove(5), Op::MoveBack(3)]
        ),
        (11, 23)
    );
    assert_eq!(
        staged_cost("batch: insert_sorted + move_sorted", &block),
        (23, 27)
    );
}

#[test]
fn a_node_that_has_its_key_is_inserted_for_less() {
    let nvm = started();
    let (log, node) = (COMPACT.log(), COMPACT.node(3));
    log.remove(&nvm, node).unwrap();
    let before = nvm.counters();
    log.insert_sorted(&nvm, COMPACT.list(1), node, 20).unwrap();
    assert_eq!((nvm.counters() - before).bytes_written(), 14);
}

#[test]
fn a_recovery_that_finds_nothing_reads_one_byte() {
    let nvm = started();
    let before = nvm.counters();
    COMPACT.log().recover(&nvm, |_| false).unwrap();
    let cost = nvm.counters() - before;
    assert_eq!((cost.bytes_read, cost.bytes_written()), (1, 0));
}
