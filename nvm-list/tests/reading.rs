//! Reading lists, and what is said of areas and images that are not as they should be.
#![allow(clippy::unwrap_used)]

extern crate std;

mod world;

use nvm_core::sim::SimNvm;
use nvm_core::{Area, Class, Count, Nvm};
use nvm_list::{At, ListError, ListFault, OpLog, check};
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
        node = list.next_in_turn(&nvm, node).unwrap();
        assert_eq!(node, COMPACT.node(expected));
        assert_eq!(node.label(&nvm).unwrap(), expected as u16);
        assert_eq!(node.owner(&nvm).unwrap(), Some(list));
    }
    assert_eq!((nvm.counters() - before).bytes_written(), 0);
    assert_eq!(list.label(&nvm).unwrap(), 2);
    let stranger = COMPACT.list(0).next_in_turn(&nvm, node).unwrap_err();
    assert_eq!(
        stranger,
        ListError::List(ListFault::WrongOwner {
            node,
            list: COMPACT.list(0)
        })
    );
}

#[test]
fn the_logs_area_sets_the_size_of_batches() {
    let open = |len| OpLog::open(Area::new(32, len), Class::Data);
    assert_eq!(
        open(8).unwrap_err(),
        ListError::List(ListFault::LogTooSmall {
            needed: Count::new(12),
            len: Count::new(8)
        })
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
        Err(ListError::List(ListFault::CorruptLog {
            found: 0xA5,
            at: At::new(LOG_END - 1)
        }))
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
        checked,
        Err(ListError::List(ListFault::BrokenLink { .. }))
    ));
    let limit = Count::new(BYTES / 12);
    let walked = list.iter(&nvm).last().unwrap();
    assert_eq!(walked, Err(ListFault::TooLong { list, limit }.into()));
    let before = nvm.counters();
    let removed = COMPACT.log().remove(&nvm, back);
    assert!(matches!(
        removed,
        Err(ListError::List(ListFault::BrokenLink { .. }))
    ));
    assert_eq!((nvm.counters() - before).bytes_written(), 0);
}
