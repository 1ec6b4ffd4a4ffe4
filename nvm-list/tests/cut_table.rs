//! Prints, for each operation, what the state is after a power loss before each store and a recovery:
//! `cargo test -p nvm-list --test cut_table -- --nocapture`.
#![allow(clippy::unwrap_used)]

extern crate std;

mod world;

use nvm_core::sim::{SimNvm, until_power_loss};
use world::{BYTES, COMPACT, LOG_END, NODES, Op, State};

fn started() -> SimNvm<4> {
    let nvm = SimNvm::new(BYTES);
    COMPACT.format(&nvm);
    for op in [
        Op::InsertSorted(0, 1, 10),
        Op::InsertSorted(0, 2, 20),
        Op::InsertSorted(1, 3, 10),
    ] {
        COMPACT.log().run(&nvm, &[op.real(&COMPACT)]).unwrap();
    }
    nvm
}

/// Names what a store changes.
fn name(offset: u32, len: u32) -> String {
    for index in 0..world::LISTS {
        let at = COMPACT.list(index).head().get();
        if (at..at + 8).contains(&offset) {
            return format!(
                "{} of list {index}",
                ["next", "prev", "owner"][(offset - at) as usize / 2]
            );
        }
    }
    for index in 0..NODES {
        let at = COMPACT.node(index).offset().get();
        if (at..at + 12).contains(&offset) {
            let field = match (offset - at, len) {
                (0, _) => "key",
                (4, 4) => "next and prev",
                (4, _) => "next",
                (6, _) => "prev",
                _ => "owner",
            };
            return format!("{field} of node {index}");
        }
    }
    String::from(match (offset + len == LOG_END, len) {
        (true, 1) => "log: state",
        (true, _) => "log: end of the record, with the state",
        _ => "log: record",
    })
}

fn table(title: &str, op: Op) {
    println!(
        "\n{title}\n\n| power lost before the store of | state after recovery |\n| --- | --- |"
    );
    let operation = op.real(&COMPACT);
    let (start, nvm) = (started().image(), started());
    let before = COMPACT.state(&nvm).unwrap();
    nvm.start_trace();
    COMPACT.log().run(&nvm, &[operation]).unwrap();
    let trace = nvm.take_trace();
    let after = COMPACT.state(&nvm).unwrap();
    let mut in_force = false;
    for (cut, store) in trace.iter().enumerate() {
        nvm.set_image(&start);
        nvm.cut_after(cut as u64);
        until_power_loss(|| COMPACT.log().run(&nvm, &[operation])).unwrap_err();
        nvm.power_on();
        COMPACT.log().recover(&nvm, |_| false).unwrap();
        let state: State = COMPACT.state(&nvm).unwrap();
        assert!(state == before || state == after);
        // Once in force, always in force.
        assert!(!in_force || state == after);
        in_force = state == after;
        println!(
            "| {}. {} | {}: {} |",
            cut + 1,
            name(store.offset, store.len),
            if in_force { "after" } else { "before" },
            show(&state)
        );
    }
    assert!(in_force || before == after);
    println!("| (not lost) | after: {} |", show(&after));
}

fn show(state: &State) -> String {
    let lists = state.iter().map(|list| {
        let nodes: Vec<_> = list.iter().map(|(node, _)| node.to_string()).collect();
        format!("[{}]", nodes.join(" "))
    });
    lists.collect::<Vec<_>>().join(" ")
}

#[test]
fn each_cut_gives_the_state_before_or_after() {
    println!("Lists 0 and 1 are sorted, list 2 is not; before: [1 2] [3] []");
    table("remove node 1", Op::Remove(1));
    table("push_back of node 0 to list 2", Op::PushBack(0));
    table("push_front of node 0 to list 2", Op::PushFront(0));
    table(
        "insert_sorted of node 0 into list 0, key 15",
        Op::InsertSorted(0, 0, 15),
    );
    table("move_back of node 1 to list 2", Op::MoveBack(1));
    table("move_front of node 1 to list 2", Op::MoveFront(1));
    table(
        "move_sorted of node 1 into list 1, new key 20",
        Op::MoveSorted(1, 1, 20),
    );
    table(
        "move_sorted of node 1 within list 0, new key 30",
        Op::MoveSorted(0, 1, 30),
    );
    table(
        "move_sorted of node 1 within list 0, new key 15",
        Op::MoveSorted(0, 1, 15),
    );
}
