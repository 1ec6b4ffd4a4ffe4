//! What the explorer prints of a failure: the text, to the letter.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use nvm_core::sim::{Explorer, Report, SimNvm};
use nvm_core::{Area, Class, Layout, Nvm, Offset, field, persist};

persist! {
    struct Door { visits: u32, last: Visit }
    struct Visit { badge: u16, admitted: u16 }
}

struct Places {
    layout: Layout,
    backup: Area,
    door: Offset<Door>,
    key: Offset<[u8; 20]>,
    count: Offset<u32>,
}

fn places() -> Places {
    let mut layout = Layout::new("door", 1);
    Places {
        backup: layout.area("backup", 8),
        door: layout.object("door"),
        key: layout.object("key"),
        count: layout.object("count"),
        layout,
    }
}

const BEFORE: Door = Door {
    visits: 3,
    last: Visit {
        badge: 17,
        admitted: 1,
    },
};

fn set_up(nvm: &SimNvm<4>) {
    let Places {
        backup,
        door,
        key,
        count,
        ..
    } = places();
    nvm.write(Class::UndoLog, backup.offset(), &[0; 8]).unwrap();
    nvm.store(Class::Data, door, &BEFORE).unwrap();
    nvm.store(Class::Data, key, &[7; 20]).unwrap();
    nvm.store(Class::Data, count, &3).unwrap();
}

/// Changes the count, the door and a byte of the key, in place: wrong.
fn visit(nvm: &SimNvm<4>) {
    let Places {
        backup,
        door,
        key,
        count,
        ..
    } = places();
    nvm.write_u32(Class::UndoLog, backup.offset() + 4, 3)
        .unwrap();
    nvm.store(Class::Data, count, &4).unwrap();
    nvm.store(Class::Data, field!(door, Door.visits), &4)
        .unwrap();
    let after = Visit {
        badge: 21,
        admitted: 0,
    };
    nvm.store(Class::Data, field!(door, Door.last), &after)
        .unwrap();
    nvm.write_u8(Class::Data, key.get() + 9, 8).unwrap();
}

fn seen(nvm: &SimNvm<4>) -> (u32, u32) {
    let Places { door, count, .. } = places();
    (nvm.load(door).unwrap().visits, nvm.load(count).unwrap())
}

fn explorer(name: &str) -> Explorer<4> {
    Explorer::new(name, places().layout.size() + 4)
}

fn explored(explorer: &Explorer<4>) -> Report {
    explorer.explore_atomic(set_up, visit, |_| {}, seen)
}

#[test]
fn a_failure_tells_what_each_object_and_each_field_is() {
    let Places { layout, door, .. } = places();
    let report = explored(&explorer("a visit").layout(&layout).object("door", door));
    assert_eq!(
        report.to_string(),
        "\
a visit (ATOM 4): 5 stores, 6 cut points explored, 1 failed
  cut after 2 of 5 stores, before 4 B of data at 0x28, `door`; then: neither before nor after: (3, 4), before (3, 3), after (4, 4)
    `door.visits`: before 3, after the cut 3, expected 3 or 4: as before
    `door.last.badge`: before 17, after the cut 17, expected 17 or 21: as before
    `door.last.admitted`: before 1, after the cut 1, expected 1 or 0: as before
    `key + 8`: before 07 07 07 07, after the cut 07 07 07 07, expected 07 07 07 07 or 07 08 07 07: as before
    `count`: before 3, after the cut 4, expected 3 or 4: as after
    repeat with: Explorer::<4>::new(…).only(&[2])"
    );
}

#[test]
fn an_area_is_summed_up_and_a_byte_without_a_name_is_a_byte() {
    let Places {
        layout,
        backup,
        count,
        ..
    } = places();
    let nowhere = layout.size();
    let report = explorer("elsewhere").layout(&layout).explore(
        set_up,
        |nvm| {
            nvm.store(Class::Data, count, &9).unwrap();
            nvm.write_u16(Class::UndoLog, backup.offset() + 6, 0x0202)
                .unwrap();
            nvm.write_u8(Class::Data, nowhere + 1, 1).unwrap();
        },
        |_| {},
        |nvm| match nvm.read_u8(nowhere + 1).unwrap() {
            1 => Ok(()),
            other => Err(format!("it is {other}")),
        },
    );
    let told = report.to_string();
    let first = told.split("\n  cut").nth(1).unwrap();
    assert_eq!(
        first,
        " after 0 of 3 stores, before 4 B of data at 0x44, `count`; then: it is 165
    `count`: before 3, after the cut 3, without a cut 9
    `backup`: 2 bytes are not as without a cut, the first at 0x0026: 0x02 -> 0x00
    0x0049: 0x01 -> 0xa5
    repeat with: Explorer::<4>::new(…).only(&[0])"
    );
}

#[test]
fn without_names_the_bytes_are_told() {
    let told = explored(&explorer("a visit")).to_string();
    assert_eq!(
        told,
        "\
a visit (ATOM 4): 5 stores, 6 cut points explored, 1 failed
  cut after 2 of 5 stores, before 4 B of data at 0x28; then: neither before nor after: (3, 4), before (3, 3), after (4, 4)
    0x0028: 0x04 -> 0x03
    0x002c: 0x15 -> 0x11
    0x002e: 0x00 -> 0x01
    0x0039: 0x08 -> 0x07
    repeat with: Explorer::<4>::new(…).only(&[2])"
    );
}

#[test]
fn what_had_ended_is_expected_as_after_only() {
    let Places { layout, count, .. } = places();
    let report = explorer("not durable").layout(&layout).explore_atomic(
        set_up,
        |nvm| nvm.store(Class::Data, count, &4).unwrap(),
        |nvm| nvm.store(Class::Data, count, &3).unwrap(),
        |nvm| nvm.load(count).unwrap(),
    );
    assert_eq!(
        report.to_string(),
        "\
not durable (ATOM 4): 1 stores, 2 cut points explored, 1 failed
  cut after the last store, then: the operation had ended and is not durable: 3 instead of 4
    `count`: before 3, after the cut 3, expected 4: as before
    repeat with: Explorer::<4>::new(…).only(&[1])"
    );
}

#[test]
fn a_chain_tells_each_of_its_cuts_and_an_object_that_is_neither() {
    let Places {
        layout,
        backup,
        count,
        ..
    } = places();
    let (begun, other) = (backup.offset(), backup.offset() + 4);
    let report = explorer("careless")
        .layout(&layout)
        .depth(2)
        .explore_atomic(
            set_up,
            |nvm| {
                nvm.write_u32(Class::UndoLog, begun, 1).unwrap();
                nvm.store(Class::Data, count, &50).unwrap();
                nvm.store(Class::Data, count, &4).unwrap();
                nvm.write_u32(Class::UndoLog, begun, 0).unwrap();
            },
            // Says that it is done before it is.
            |nvm| {
                if nvm.read_u32(begun).unwrap() == 1 {
                    nvm.write_u32(Class::UndoLog, other, 1).unwrap();
                    nvm.write_u32(Class::UndoLog, begun, 0).unwrap();
                    nvm.store(Class::Data, count, &3).unwrap();
                }
            },
            |nvm| nvm.load(count).unwrap(),
        );
    let told = report.to_string();
    let first = told.split("\n  cut").nth(1).unwrap();
    assert_eq!(
        first,
        " after 2 of 4 stores, before 4 B of data at 0x44, `count`; cut again after 2 stores, before 4 B of data at 0x44, `count`; then: neither before nor after: 50, before 3, after 4
    `count`: before 3, after the cut 50, expected 3 or 4: neither
    `backup`: 1 byte is not as without a cut, the first at 0x0024: 0x00 -> 0x01
    repeat with: Explorer::<4>::new(…).only(&[2, 2])"
    );
}
