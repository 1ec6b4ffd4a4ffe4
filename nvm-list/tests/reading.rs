//! Reading lists, and what is said of areas and images that are not as they should be.
#![allow(clippy::unwrap_used)]

extern crate std;

mod world;

use nvm_core::sim::SimNvm;
use nvm_core::{Area, Class, Nvm};
use nvm_list::{ListError, ListErrorKind, OpLog, check};
use world::{BYTES, COMPACT, LOG_END, Op};

fn started() -> SimNvm<4> {
    let nvm = SimNvm::new(BYTES);
    COMPACT.format(&nvm);
    for op in [Op::PushBack(1), Op::PushBack(4), Op::PushBack(2)] {
        COMPACT.log().run(&nvm, &[op.real(&COMPACT)]).unwrap();
    }
    nvm
}

#[test]
fn nodes_take_turns_without_a_store() {
    let nvm = started();
    let (list, mut node) = (COMPACT.list(2), COMPACT.node(1));
    assert_eq!(list.front(&nvm).unwrap(), Some(node));
    assert_eq!(list.back(&nvm).unwrap(), Some(COMPACT.node(2)));
    let before = nvm.counters();
    for expected in [4, 2, 1, 4] {
        node = list.next_in_turn(&nvm, node).unwrap().unwrap();
        assert_eq!(node, COMPACT.node(expected));
        assert_eq!(node.label(&nvm).unwrap(), expected as u16);
        assert_eq!(node.owner(&nvm).unwrap(), Some(list));
    }
    assert_eq!((nvm.counters() - before).bytes_written(), 0);
    assert_eq!(list.label(&nvm).unwrap(), 2);
    assert_eq!(COMPACT.list(0).next_in_turn(&nvm, node).unwrap(), None);
}

#[test]
fn the_logs_area_sets_the_size_of_batches() {
    let open = |len| OpLog::open(Area::new(32, len), Class::Data);
    assert_eq!(
        open(8).unwrap_err(),
        ListErrorKind::LogTooSmall { needed: 12, len: 8 }.error()
    );
    for operations in 1..=8 {
        let log = open(OpLog::bytes_for(operations)).unwrap();
        assert_eq!(log.capacity(), operations);
    }
    assert_eq!(open(4000).unwrap().capacity(), nvm_list::MAX_OPERATIONS);
}

#[test]
fn an_unformatted_log_is_an_error() {
    let nvm = started();
    nvm.write_u8(Class::Data, LOG_END - 1, 0xA5).unwrap();
    assert_eq!(
        COMPACT.log().recover(&nvm, |_| true),
        Err(ListErrorKind::CorruptLog { at: LOG_END - 1 }.error())
    );
}

#[test]
fn a_ring_that_leaves_out_its_head_is_an_error_and_no_endless_loop() {
    let nvm = started();
    let (list, back) = (COMPACT.list(2), COMPACT.node(2));
    // The last node leads to the first instead of to the head.
    let first_link = nvm.read_u16(list.head().get()).unwrap();
    let next_at = back.offset().get() + 4;
    nvm.write_u16(Class::Data, next_at, first_link).unwrap();
    let checked = check(&nvm, list, 7, false);
    assert!(matches!(
        checked.map_err(ListError::kind),
        Err(ListErrorKind::BrokenLink { .. })
    ));
    let walked = list.iter(&nvm).last().unwrap();
    let at = list.head().get();
    assert_eq!(walked, Err(ListErrorKind::TooLong { list: at }.error()));
    let before = nvm.counters();
    let removed = COMPACT.log().remove(&nvm, back);
    assert!(matches!(
        removed.map_err(ListError::kind),
        Err(ListErrorKind::BrokenLink { .. })
    ));
    assert_eq!((nvm.counters() - before).bytes_written(), 0);
}
